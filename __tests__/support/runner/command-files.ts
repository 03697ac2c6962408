import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The runner's name of each command file, by what its variable is called after `GITHUB_`. */
const prefixes = {
  OUTPUT: 'set_output',
  STATE: 'save_state',
  ENV: 'set_env',
  PATH: 'add_path',
  STEP_SUMMARY: 'step_summary',
} as const;

export type CommandFile = keyof typeof prefixes;

/** The command files of one step: fresh for each, and read after it, whatever became of its process. */
export interface CommandFiles {
  /** `GITHUB_OUTPUT` … → file. */
  readonly env: Readonly<Record<string, string>>;
  text(file: CommandFile): Promise<string>;
  /** Name → value. */
  values(file: CommandFile): Promise<ReadonlyMap<string, string>>;
}

/** Makes them below RUNNER_TEMP, as the runner does. */
export async function makeCommandFiles(temp: string): Promise<CommandFiles> {
  const folder = join(temp, '_runner_file_commands');
  await mkdir(folder, { recursive: true });
  const id = randomUUID();
  const fileOf = (name: CommandFile) => join(folder, `${prefixes[name]}_${id}`);
  const names = Object.keys(prefixes) as CommandFile[];
  for (const name of names) await writeFile(fileOf(name), '');
  const text = (name: CommandFile) => readFile(fileOf(name), 'utf8').catch(() => '');
  return {
    env: Object.fromEntries(names.map((name) => [`GITHUB_${name}`, fileOf(name)])),
    text,
    values: async (name) => parseCommandFile(await text(name)),
  };
}

/** `NAME<<DELIMITER`, the value's lines, `DELIMITER`, which is what @actions/core writes; or `NAME=VALUE` on one line. */
export function parseCommandFile(text: string): Map<string, string> {
  const values = new Map<string, string>();
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const [, name, delimiter] = /^([^<=]+)<<(.+)$/.exec(line) ?? [];
    if (name === undefined || delimiter === undefined) {
      const [, short, value] = /^([^=]+)=(.*)$/.exec(line) ?? [];
      if (short !== undefined && value !== undefined) values.set(short, value);
      continue;
    }
    const end = lines.indexOf(delimiter, index + 1);
    // A step killed in the middle of its write leaves a value without an end, which the runner refuses.
    if (end < 0) break;
    values.set(name, lines.slice(index + 1, end).join('\n'));
    index = end;
  }
  return values;
}
