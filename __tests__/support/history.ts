import { execFile } from 'node:child_process';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findAffected } from '../../src/affected/affected.ts';
import { loadCastle } from '../../src/castle/load.ts';
import { silentLog } from '../../src/log.ts';
import type { Terragrunt } from '../../src/plan/ask.ts';
import { discover } from '../../src/plan/discover.ts';
import { buildGraph } from '../../src/plan/graph.ts';
import { nodesOf } from '../../src/rebirth/graph.ts';
import { temporaryFolder } from './folder.ts';
import { tool } from './tools.ts';

const run = promisify(execFile);

/** A real git repository with a castle in it. */
export interface History extends AsyncDisposable {
  readonly dir: string;
  git(...args: string[]): Promise<string>;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  remove(...paths: string[]): Promise<void>;
  link(path: string, target: string): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  /** Commits all there is; gives the commit. */
  commit(why: string): Promise<string>;
}

export async function makeHistory(files: Readonly<Record<string, string>>): Promise<History> {
  const folder = await temporaryFolder();
  const history = historyIn(folder.dir);
  await history.git('init', '-q', '-b', 'main');
  await history.write(files);
  return { ...history, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] };
}

export function historyIn(dir: string): Omit<History, typeof Symbol.asyncDispose> {
  const settings = ['user.name=P', 'user.email=p@example.org', 'protocol.file.allow=always', 'gc.auto=0'];
  const git = async (...args: string[]) => {
    const { stdout } = await run('git', [...settings.flatMap((each) => ['-c', each]), ...args], { cwd: dir });
    return stdout.trim();
  };
  return {
    dir,
    git,
    async write(files) {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(dir, name)), { recursive: true });
        await writeFile(join(dir, name), text);
      }
    },
    async remove(...paths) {
      for (const path of paths) await rm(join(dir, path), { recursive: true });
    },
    link: (path, target) => symlink(target, join(dir, path)),
    chmod: (path, mode) => chmod(join(dir, path), mode),
    async commit(why) {
      await git('add', '--all');
      await git('commit', '-q', '--allow-empty', '-m', why);
      return git('rev-parse', 'HEAD');
    },
  };
}

export async function terragruntHere(): Promise<Terragrunt> {
  const [terragrunt, tofu] = await Promise.all([tool('terragrunt'), tool('tofu')]);
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  return { terragrunt, tofu, env, signal: AbortSignal.timeout(100_000) };
}

/** What Phoenix finds in the repository, compared with `base` or as the event in `env` says. */
export async function affectedIn(
  dir: string,
  { base = '', env = {} }: { readonly base?: string; readonly env?: Readonly<Record<string, string>> },
) {
  const terragrunt = await terragruntHere();
  const castle = await loadCastle(join(dir, 'phoenix.yaml'));
  const layers = await discover({ ...terragrunt, liveDir: castle.liveDir, log: silentLog });
  const graph = buildGraph(nodesOf(layers, castle.claim));
  return findAffected({ castle, layers, graph, terragrunt, base, env: { ...terragrunt.env, ...env } });
}

/** The units that Terragrunt's own git filter selects, with all that depend on them; those that are gone too. */
export async function selectedByTerragrunt(dir: string, base: string): Promise<string[]> {
  const { terragrunt, tofu, env } = await terragruntHere();
  const filter = ['find', '--json', '--filter', `...[${base}...HEAD]`];
  const quiet = ['--no-color', '--non-interactive', '--no-tips'];
  const { stdout } = await run(terragrunt, [...filter, ...quiet], {
    cwd: join(dir, 'live'),
    env: { ...env, TG_TF_PATH: tofu },
  });
  const found = JSON.parse(stdout) as readonly { readonly path: string }[];
  // It looks at the whole repository, other castles included.
  return found.flatMap(({ path }) => /^live\/(.+)$/.exec(path)?.[1] ?? []);
}
