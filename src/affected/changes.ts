import type { Repository } from './git.ts';

/** A file that is another one now, or is new, or is gone; by its path from the repository's root. */
export interface Change {
  readonly path: string;
  readonly gone: boolean;
  /** A submodule or a symlink, before or after: what lies below that path, or behind it, is changed with it. */
  readonly pointer: boolean;
  /** Not known to git: left by a step or a program as likely as written by somebody. */
  readonly untracked: boolean;
}

/**
 * All that differs between the two commits, and what the working tree has beside the commit that is checked out, for
 * that is what is applied. A rename is a file that is gone and one that is new. Undefined where git does not tell.
 */
export async function changesOf(
  repository: Repository,
  { base, end }: { readonly base: string; readonly end: string },
): Promise<Change[] | undefined> {
  const how = [
    '--raw',
    '-z',
    '--no-renames',
    '--no-relative',
    '--no-abbrev',
    '--no-ext-diff',
    '--no-textconv',
  ];
  const [between, working, untracked] = await Promise.all([
    repository.ask('diff-tree', '-r', ...how, '--ignore-submodules=none', base, end, '--'),
    // What a run leaves in the working tree of a submodule is no other submodule.
    repository.ask('diff', ...how, '--ignore-submodules=dirty', 'HEAD', '--'),
    repository.ask('ls-files', '-z', '--others', '--exclude-standard', '--'),
  ]);
  if (between === undefined || working === undefined || untracked === undefined) return undefined;
  const found = [
    ...parse(between),
    ...parse(working),
    ...names(untracked)
      .filter((path) => !leftByEngine.test(path))
      .map((path) => ({ path, gone: false, pointer: false, untracked: true })),
  ];
  return [...new Map(found.map((change) => [change.path, change])).values()];
}

/** What the engine and Terragrunt leave beside a unit, where nobody told git to ignore it. */
const leftByEngine = /\.tfstate(?:\.[^/]*)?$|(?:^|\/)(?:\.terraform|\.terragrunt-cache|\.phoenix)/;

/** `--raw -z`: `:MODE MODE OBJECT OBJECT STATUS` and the path, each ended by a NUL. */
function parse(text: string): Change[] {
  const fields = names(text);
  const changes: Change[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [before = '', after = '', , , status = ''] = (fields[index] ?? '').slice(1).split(' ');
    const pointer = [before, after].some((mode) => mode === '160000' || mode === '120000');
    changes.push({ path: fields[index + 1] ?? '', gone: status === 'D', pointer, untracked: false });
  }
  return changes;
}

export function names(text: string): string[] {
  return text.split('\0').filter((name) => name !== '');
}
