import type { Database } from './database.ts';
import { type Handler, send } from './web.ts';

interface Table {
  readonly schema: string;
  readonly name: string;
}

/** What the console's own role may see, as one page: nothing is fetched from elsewhere, and nothing can be changed. */
export function consolePage(database: Database): Handler {
  return async (_, response) => {
    const databases = await database.query<{ name: string; size: string }>(
      `select datname as name, case when has_database_privilege(datname, 'connect')
         then pg_size_pretty(pg_database_size(datname)) else '' end as size
       from pg_database where not datistemplate order by datname`,
    );
    const tables = await database.query<Table>(
      `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
         and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
       order by 1, 2 limit 100`,
    );
    const counted: { name: string; rows: string }[] = [];
    for (const table of tables) {
      const name = `${quoted(table.schema)}.${quoted(table.name)}`;
      const [count] = await database.query<{ rows: string }>(`select count(*) as rows from ${name}`);
      counted.push({ name: `${table.schema}.${table.name}`, rows: count?.rows ?? '' });
    }
    const has = counted.some(({ name }) => name === 'public.memories');
    const memories = has
      ? await database.query<{ id: string; at: Date; text: string; tags: string[] }>(
          'select id, at, text, tags from public.memories order by at desc, id desc limit 50',
        )
      : [];
    const [who] = await database.query<{ role: string; version: string }>(
      `select current_user as role, current_setting('server_version') as version`,
    );
    send(response, 200, page({ databases, counted, memories, who }), 'text/html');
  };
}

interface Seen {
  readonly databases: readonly { name: string; size: string }[];
  readonly counted: readonly { name: string; rows: string }[];
  readonly memories: readonly { id: string; at: Date; text: string; tags: readonly string[] }[];
  readonly who: { role: string; version: string } | undefined;
}

function page({ databases, counted, memories, who }: Seen): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mnemosyne's console</title>
<style>
:root { color-scheme: light dark; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 0.25rem 0.5rem; border-bottom: 1px solid #8886; text-align: left; vertical-align: top; }
td { overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>Mnemosyne's console</h1>
<p>PostgreSQL ${text(who?.version ?? '')}, as the role ${text(who?.role ?? '')}.</p>
<h2>Databases</h2>
${table(
  ['Name', 'Size'],
  databases.map(({ name, size }) => [name, size]),
)}
<h2>Tables</h2>
${table(
  ['Name', 'Rows'],
  counted.map(({ name, rows }) => [name, rows]),
)}
<h2>Memories</h2>
${table(
  ['Id', 'At', 'Text', 'Tags'],
  memories.map(({ id, at, text, tags }) => [id, at.toISOString(), text, tags.join(', ')]),
)}
</body>
</html>
`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((name) => `<th scope="col">${text(name)}</th>`).join('');
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${text(cell)}</td>`).join('')}</tr>`);
  return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody>\n</table>`;
}

function text(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
