import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

/**
 * Writes the tables of inputs and outputs: in README.md from action.yml, in docs/workflows from the reusable workflows.
 * With `--check` it only says where they differ.
 */
interface Described {
  readonly description: string;
  readonly default?: unknown;
  readonly required?: boolean;
}
interface Interface {
  readonly inputs?: Readonly<Record<string, Described>>;
  readonly outputs?: Readonly<Record<string, Described>>;
}

const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |`;

function tablesOf({ inputs = {}, outputs = {} }: Interface): Record<string, readonly string[]> {
  const given = Object.entries(inputs).map(([name, { description, default: value = '', required }]) =>
    row(
      `\`${name}\``,
      description,
      value === '' ? (required ? 'must be given' : '') : `\`${String(value)}\``,
    ),
  );
  const taken = Object.entries(outputs).map(([name, { description }]) => row(`\`${name}\``, description));
  return {
    Inputs: [row('Input', 'Description', 'Default'), row('---', '---', '---'), ...given],
    Outputs: taken.length === 0 ? ['None.'] : [row('Output', 'Description'), row('---', '---'), ...taken],
  };
}

async function renew(file: string, from: string, tables: Record<string, readonly string[]>): Promise<void> {
  const before = await readFile(file, 'utf8');
  const after = Object.entries(tables).reduce(
    (text, [title, lines]) =>
      text.replace(
        new RegExp(`(##+ ${title}\\n\\n)[\\s\\S]*?(\\n\\n#|\\n*$(?![\\s\\S]))`),
        (_, head, tail) => `${head}${lines.join('\n')}${tail}`,
      ),
    before,
  );
  if (after === before) return;
  if (process.argv.includes('--check')) {
    process.stderr.write(`${file} does not say what ${from} says: run node scripts/readme.ts\n`);
    process.exitCode = 1;
  } else await writeFile(file, after);
}

const read = async (file: string): Promise<unknown> => parse(await readFile(file, 'utf8'));
const action = (await read('action.yml')) as {
  inputs: Record<string, Described>;
  outputs: Record<string, Described>;
};
await renew('README.md', 'action.yml', tablesOf(action));
for (const page of await readdir('docs/workflows')) {
  const file = join('.github/workflows', page.replace(/md$/, 'yml'));
  const { on } = (await read(file)) as { on: { workflow_call: Interface } };
  await renew(join('docs/workflows', page), file, tablesOf(on.workflow_call));
}
