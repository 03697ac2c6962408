import { z } from 'zod';
import type { Witness, WitnessTable } from '../keepsake/record.ts';
import type { Database } from '../witness/database.ts';
import { chainHead, chainRows } from './chain.ts';
import { countTable, hashTable, plainTexts, quoted } from './digest.ts';
import { failing, type Judged, passed, skipped } from './rungs.ts';

/** What a database has of its former life. */
export interface Recovered {
  readonly a: boolean;
  readonly b: boolean;
  /** ISO 8601: the newest row of the witness' table, null where it has none. */
  readonly newest: string | null;
  readonly tables: readonly {
    readonly was: WitnessTable;
    /** null where the table is not there. */
    readonly is: { readonly rows: number; readonly latest: string | null } | null;
  }[];
}

const there = z.object({ there: z.boolean() });
const found = z.object({ a: z.boolean(), b: z.boolean(), newest: z.date().nullable() });

/** Inside one transaction that looks at one moment. */
export async function inSnapshot<T>(database: Pick<Database, 'ask'>, work: () => Promise<T>): Promise<T> {
  await database.ask('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    for (const text of plainTexts) await database.ask(text);
    return await work();
  } finally {
    await database.ask('ROLLBACK').catch(() => {});
  }
}

export async function recoveredOf(database: Pick<Database, 'ask'>, witness: Witness): Promise<Recovered> {
  const exists = async (name: string) =>
    there.parse((await database.ask('SELECT to_regclass($1) IS NOT NULL AS there', [name]))[0]).there;
  const name = quoted(witness.table.split('.'));
  const { a, b } = witness.rows ?? { a: null, b: { nonce: witness.nonce } };
  const rows = (await exists(name))
    ? found.parse(
        (
          await database.ask(
            `SELECT count(*) FILTER (WHERE nonce = $1) > 0 AS a, count(*) FILTER (WHERE nonce = $2) > 0 AS b, max(at) AS newest FROM ${name}`,
            [a?.nonce ?? '', b.nonce],
          )
        )[0],
      )
    : { a: false, b: false, newest: null };
  const tables: Recovered['tables'][number][] = [];
  for (const was of witness.tables ?? []) {
    const parts = was.name.split('.');
    const time = was.time === null ? {} : { time: was.time };
    const is = (await exists(quoted(parts)))
      ? await countTable((sql) => database.ask(sql), { name: parts, ...time })
      : null;
    tables.push({ was, is });
  }
  return { a: rows.a, b: rows.b, newest: rows.newest?.toISOString() ?? null, tables };
}

/**
 * The seconds of the former life that are lost: 0 where row B is back, for it was archived; else from the newest row that is
 * back (of the witness, or of a table with a time) to row B. null where nothing tells.
 */
export function lostSeconds(witness: Witness, { b, newest, tables }: Recovered): number | null {
  if (b) return 0;
  const end = Date.parse(witness.at);
  const moments = [newest, ...tables.map(({ is }) => is?.latest ?? null)]
    .filter((moment) => moment !== null)
    .map((moment) => Date.parse(moment))
    .filter((moment) => moment <= end);
  return moments.length === 0 ? null : Math.max(0, end - Math.max(...moments)) / 1000;
}

/** V3: whether both rows of the witness are back, and no table has fewer or older rows than it had. */
export function judgeRows(witness: Witness, recovered: Recovered): Judged {
  const hasA = witness.rows?.a != null;
  const missing = [
    ...(hasA && !recovered.a ? ['row A of the witness, which was in the backup'] : []),
    ...(recovered.b ? [] : ['row B of the witness, which was archived in the WAL alone']),
    ...recovered.tables.flatMap(({ was, is }) => missingOf(was, is)),
  ];
  const counts = recovered.tables.map(({ was, is }) => `${was.name} ${is?.rows ?? 'none'} of ${was.rows}`);
  const rowA = hasA
    ? `A ${recovered.a ? 'found' : 'MISSING'}`
    : 'A never written (no destroy.witness.backup)';
  const seen = [rowA, `B ${recovered.b ? 'found' : 'MISSING'}`, ...counts].join(', ');
  if (missing.length === 0) return passed(seen);
  const lost = lostSeconds(witness, recovered);
  const span =
    lost === null
      ? 'How much is lost cannot be told'
      : `Lost are ${Math.round(lost * 10) / 10} s before the destroy`;
  return failing('PHX-DB-RPO', {
    seen,
    why: `Missing: ${missing.join('; ')}. ${span}.`,
    next: 'Stop what writes into it, and restore again to the end of the WAL (pgBackRest without --type=immediate or a target); see that the archive has every segment up to the one of the witness.',
    passes: false,
  });
}

function missingOf(was: WitnessTable, is: Recovered['tables'][number]['is']): string[] {
  if (is === null) return [`the table ${was.name}`];
  if (is.rows < was.rows) return [`${was.rows - is.rows} of ${was.rows} rows of ${was.name}`];
  // Both in UTC with microseconds, so they compare as text.
  if (was.latest !== null && (is.latest === null || is.latest < was.latest))
    return [`the newest rows of ${was.name}: up to ${is.latest ?? 'none'}, and they went to ${was.latest}`];
  return [];
}

/** V4: whether what is back says the same as before, row by row. Rows that came after the witness are left out. */
export async function lookAtContent(
  database: Pick<Database, 'ask'>,
  witness: Witness,
  { tables }: Recovered,
): Promise<Judged> {
  const { chain, nonce } = witness;
  if (chain === undefined) return skipped('the witness is of an older form, without hashes');
  const name = quoted(witness.table.split('.'));
  const links = await chainRows((sql, values) => database.ask(sql, values), name, nonce);
  const other: string[] = [];
  if (chainHead(links) !== chain.head)
    other.push(`the chain of the witness' own table (${links.length} rows, and it had ${chain.rows})`);
  for (const { was, is } of tables) {
    const parts = was.name.split('.');
    const first = is !== null && is.rows > was.rows ? was.rows : undefined;
    const hash = await hashTable((sql) => database.ask(sql), { name: parts, orderBy: was.orderBy }, first);
    if (hash !== was.hash) other.push(`${was.name}: ${was.rows} rows, and at least one says something else`);
  }
  const looked = `chain of ${chain.rows}, ${tables.length} tables by their hashes`;
  if (other.length === 0) return passed(`${looked}: as they were`);
  return failing('PHX-DB-CONTENT', {
    seen: `${looked}: ${other.length} differ`,
    why: `As many rows are back, and not the same: ${other.join('; ')}.`,
    next: 'Stop what writes into it. Either something changed these rows after the restore, or the backup is not what was written: compare with an older backup.',
    passes: false,
  });
}
