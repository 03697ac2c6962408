import { type ChildResult, runChild } from '../child.ts';
import { PhoenixError } from '../errors.ts';
import { shownPath } from '../paths.ts';

/** A repository that is only read, by git itself: what it holds and how it came to be. */
export interface Repository {
  /** Its working tree, absolute, without a symlink in it. */
  readonly root: string;
  /** Runs git and gives what it printed; undefined where it exits with another code than 0. */
  ask(...args: readonly string[]): Promise<string | undefined>;
}

/** More than the names of a million files; what is cut would be a change that nobody sees. */
const mostCharacters = 256 << 20;

/**
 * Nothing is written, and no monitor that the clone's settings name is started. Paths go to git only behind
 * `--` and literally, and come back by `-z`: whatever a file is called, it is never read as an option or a pattern.
 */
const fixed = [
  '--no-pager',
  '--no-optional-locks',
  '--literal-pathspecs',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'diff.renames=false',
];

interface Git {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** The repository that `dir` lies in. Throws PHX-AFFECTED-GIT where there is none, or no git. */
export async function openRepository(dir: string, git: Git): Promise<Repository> {
  const found = await run(dir, ['rev-parse', '--show-toplevel'], git);
  const root = found.stdout.replace(/\n$/, '');
  if (found.code !== 0 || root === '') throw noRepository(dir, found);
  return {
    root,
    async ask(...args) {
      const { code, stdout, trouble } = await run(root, args, git);
      if (trouble !== undefined) throw broken(args, trouble);
      if (stdout.length >= mostCharacters) throw broken(args, 'its answer is too long');
      return code === 0 ? stdout : undefined;
    },
  };
}

/** The commit that `revision` names; undefined where this clone has none. Whatever it is, git takes it for no option. */
export async function commitOf({ ask }: Repository, revision: string): Promise<string | undefined> {
  const answer = await ask('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`);
  const commit = answer?.trim() ?? '';
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit) ? commit : undefined;
}

export async function mergeBase({ ask }: Repository, a: string, b: string): Promise<string | undefined> {
  return (await ask('merge-base', a, b))?.split('\n')[0] || undefined;
}

export async function isShallow({ ask }: Repository): Promise<boolean> {
  return (await ask('rev-parse', '--is-shallow-repository'))?.trim() === 'true';
}

/** Git is told nothing by the environment but where programs and its user's settings are: no GIT_DIR leads it away. */
function run(cwd: string, args: readonly string[], { env, signal }: Git): Promise<ChildResult> {
  const passed = ['PATH', 'HOME', 'XDG_CONFIG_HOME', 'SSH_AUTH_SOCK', 'TMPDIR'].flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return runChild('git', [...fixed, ...args], {
    cwd,
    env: { ...Object.fromEntries(passed), LC_ALL: 'C.UTF-8', GIT_TERMINAL_PROMPT: '0' },
    signal,
    timeoutMs: 120_000,
    keep: mostCharacters,
  });
}

function noRepository(dir: string, { stderr, trouble }: ChildResult): PhoenixError {
  return new PhoenixError({
    code: 'PHX-AFFECTED-GIT',
    class: 'input',
    what: 'What a range of commits touches cannot be told, for git does not answer.',
    why: `In ${shownPath(dir)}: ${trouble ?? (stderr.trim() || 'no repository')}.`,
    next: 'Run inside a git clone of the castle, with git on the PATH; or leave --affected out.',
  });
}

function broken(args: readonly string[], trouble: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-AFFECTED-GIT',
    class: 'input',
    what: 'What a range of commits touches cannot be told, for git does not answer.',
    why: `\`git ${args[0] ?? ''}\`: ${trouble}.`,
    next: 'Run `git fsck` in the clone, or leave --affected out.',
  });
}
