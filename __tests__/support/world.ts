import { randomUUID } from 'node:crypto';
import { chmod, cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Ended, type Running, startPhoenix } from './cli.ts';
import { killQuietly, processesOf } from './processes.ts';
import { tool } from './tools.ts';

const repository = join(import.meta.dirname, '../..');

/** A place of its own for one run of the CLI: folder, home, temporary folder and vault, so that what it leaves shows. */
export interface World extends AsyncDisposable {
  readonly dir: string;
  /** PHOENIX_VAULT of its runs. */
  readonly vault: string;
  /** A folder in RAM beside the vault, for a castle whose secrets are files. */
  readonly secrets: string;
  /** In every path that its runs are given. */
  readonly mark: string;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  writeSecrets(values: Readonly<Record<string, string>>): Promise<void>;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Running>;
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** What outlived the runs: processes, vaults, temporary files, records of boxes and runs. Empty as it should be. */
  leftovers(): Promise<string[]>;
}

/** The tool cache that real runs share: the runner's, else the user's. */
export const toolCache =
  process.env['RUNNER_TOOL_CACHE'] ||
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'phoenix', 'tools');

export async function makeWorld(files: Readonly<Record<string, string>> = {}): Promise<World> {
  const mark = `phoenix-test-${randomUUID().slice(0, 8)}`;
  const dir = join(tmpdir(), mark);
  const vault = join('/dev/shm', mark);
  const secrets = join('/dev/shm', `${mark}-secrets`);
  for (const folder of [dir, join(dir, 'home'), join(dir, 'tmp'), vault, secrets])
    await mkdir(folder, { mode: 0o700 });
  // What a castle file names must lie in its repository.
  await mkdir(join(dir, '.git'));
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: join(dir, 'home'),
    TMPDIR: join(dir, 'tmp'),
    RUNNER_TOOL_CACHE: toolCache,
    PHOENIX_VAULT: vault,
  };
  const world: World = {
    dir,
    vault,
    secrets,
    mark,
    async write(named) {
      for (const [name, text] of Object.entries(named)) {
        await mkdir(dirname(join(dir, name)), { recursive: true });
        await writeFile(join(dir, name), text);
      }
    },
    async writeSecrets(values) {
      for (const [name, value] of Object.entries(values))
        await writeFile(join(secrets, name), value, { mode: 0o600 });
    },
    start: (args, more = {}) => startPhoenix(args, { cwd: dir, env: { ...env, ...more } }),
    run: async (args, more) => (await world.start(args, more)).ended,
    leftovers: async () => [
      ...(await processesOf(mark)).map(({ pid, command }) => `process ${pid}: ${command}`),
      ...(await listed(vault)),
      ...(await listed(join(dir, 'tmp'))),
      ...(await recordsBelow(dir)),
    ],
    async [Symbol.asyncDispose]() {
      for (const { pid } of await processesOf(mark)) killQuietly(pid);
      for (const folder of [dir, vault, secrets]) await rm(folder, { recursive: true, force: true });
    },
  };
  await world.write(files);
  return world;
}

/** The castle of the box, copied into the world; gives the arguments of `phoenix rehearse` for it. */
export async function copyBoxCastle({ dir }: World, seed: number): Promise<string[]> {
  const made = /(^|\/)(\.phoenix|\.terragrunt-cache|\.terraform)$/;
  await cp(join(repository, 'castle'), join(dir, 'castle'), {
    recursive: true,
    filter: (source) => !made.test(source),
  });
  return ['rehearse', '--castle', join(dir, 'castle/live/box/phoenix.yaml'), '--seed', String(seed)];
}

/** Sees to it that the tools are in the shared cache, so that no test pays for their installation. */
export async function warmTools(names: readonly Parameters<typeof tool>[0][]): Promise<void> {
  for (const name of names) await tool(name);
}

/** An executable script in the world's own folder of programs; gives that folder, for the front of a PATH. */
export async function writeProgram({ dir }: World, name: string, text: string): Promise<string> {
  const bin = join(dir, 'programs');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, name), text);
  await chmod(join(bin, name), 0o755);
  return bin;
}

/** What is in the folders that Phoenix keeps its records in: `boxes` and `runs` below a `.phoenix`. */
async function recordsBelow(dir: string): Promise<string[]> {
  const paths = await readdir(dir, { recursive: true });
  const records = paths.filter((path) => /(^|\/)\.phoenix\/(.+\/)?(boxes|runs)\/[^/]+$/.test(path));
  return records.map((path) => join(dir, path));
}

async function listed(folder: string): Promise<string[]> {
  return (await readdir(folder)).map((name) => join(folder, name));
}
