import { readFile, writeFile } from 'node:fs/promises';
import { parse } from 'yaml';

/** Writes the tables of inputs and outputs in README.md from action.yml; with `--check` only says where they differ. */
const action = parse(await readFile('action.yml', 'utf8')) as {
  inputs: Record<string, { description: string; default: string }>;
  outputs: Record<string, { description: string }>;
};
const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const inputs = Object.entries(action.inputs).map(([name, { description, default: value }]) =>
  row(`\`${name}\``, description, value === '' ? '' : `\`${value}\``),
);
const outputs = Object.entries(action.outputs).map(([name, { description }]) =>
  row(`\`${name}\``, description),
);
const tables = {
  Inputs: [row('Input', 'Description', 'Default'), row('---', '---', '---'), ...inputs],
  Outputs: [row('Output', 'Description'), row('---', '---'), ...outputs],
};
const before = await readFile('README.md', 'utf8');
const after = Object.entries(tables).reduce(
  (text, [title, lines]) =>
    text.replace(
      new RegExp(`(### ${title}\\n\\n)[\\s\\S]*?(\\n\\n#)`),
      (_, head, tail) => `${head}${lines.join('\n')}${tail}`,
    ),
  before,
);
if (after !== before) {
  if (process.argv.includes('--check')) {
    process.stderr.write('README.md does not say what action.yml says: run node scripts/readme.ts\n');
    process.exitCode = 1;
  } else await writeFile('README.md', after);
}
