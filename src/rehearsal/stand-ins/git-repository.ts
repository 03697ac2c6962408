import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capture } from '../../command.ts';
import { PhoenixError } from '../../errors.ts';

/** The environment of every git of the box: no configuration of the machine or the user, no prompt. */
export function gitEnvironment(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
  };
}

export interface CastleRepository {
  /** The folder whose whole content is committed, ignored files too. */
  readonly from: string;
  /** The bare repository to create; must not exist. */
  readonly bare: string;
  /** Where the content stands in the repository, e.g. `castle/gitops`; the root by default. */
  readonly prefix?: string;
  readonly branch?: string;
  readonly git?: string;
}

const author = { name: 'Phoenix box', email: 'box@phoenix.invalid', date: '2026-01-01T00:00:00Z' };

/** A bare repository with one commit; the same content gives the same SHA, which is returned. */
export async function makeCastleRepository({
  from,
  bare,
  prefix = '',
  branch = 'main',
  git = 'git',
}: CastleRepository): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'phoenix-index-'));
  const run = async (index: string, ...args: readonly string[]) => {
    const env = {
      ...gitEnvironment(),
      GIT_DIR: bare,
      GIT_WORK_TREE: from,
      GIT_INDEX_FILE: join(scratch, index),
      GIT_AUTHOR_NAME: author.name,
      GIT_AUTHOR_EMAIL: author.email,
      GIT_AUTHOR_DATE: author.date,
      GIT_COMMITTER_NAME: author.name,
      GIT_COMMITTER_EMAIL: author.email,
      GIT_COMMITTER_DATE: author.date,
    };
    const { code, stdout, stderr } = await capture(git, args, { env, cwd: from });
    if (code !== 0) throw failed(args, stderr);
    return stdout.trim();
  };
  try {
    const made = await capture(git, ['init', '--quiet', '--bare', `--initial-branch=${branch}`, bare], {
      env: gitEnvironment(),
    });
    if (made.code !== 0) throw failed(['init', bare], made.stderr);
    await run('content', 'add', '--all', '--force', '.');
    let tree = await run('content', 'write-tree');
    const folder = prefix.replaceAll(/^\/+|\/+$/g, '');
    if (folder !== '') {
      await run('prefixed', 'read-tree', `--prefix=${folder}/`, tree);
      tree = await run('prefixed', 'write-tree');
    }
    const commit = await run('content', 'commit-tree', '-m', 'The castle of the box', tree);
    await run('content', 'update-ref', `refs/heads/${branch}`, commit);
    return commit;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function failed(args: readonly string[], stderr: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-BOX-GIT',
    class: 'internal',
    what: `The box could not make its git repository: git ${args[0]} failed.`,
    why: stderr.trim().split('\n').at(-1) || 'It said nothing.',
    next: 'Check that git (2.30 or newer) is installed and that the temporary folder can be written.',
  });
}
