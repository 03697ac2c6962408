import { linesOf } from '../drill/entries.ts';
import { reportName } from '../drill/folder.ts';
import { historyLine } from '../report/history-entry.ts';
import type { Report } from '../report/schema.ts';
import { asking, type GitHub, statusOf } from './api.ts';

const permission = 'contents: write';

interface File {
  readonly path: string;
  readonly content: string;
}

/**
 * Adds the report to the castle's history: its line to `CASTLE/history.jsonl` and the whole to `CASTLE/reports/`, with
 * what `beside` makes of all lines (its paths count from `CASTLE/`), in one commit on a branch of their own, which is
 * made where there is none. Two runs at once both get in. Returns the lines of the castle's runs, this one among them.
 */
export async function keepHistory(
  github: GitHub,
  branch: string,
  report: Report,
  beside: (lines: string) => readonly File[] = () => [],
): Promise<string> {
  const { castle } = report;
  const message = `${castle}: ${report.verdict} in ${report.wallSeconds.toFixed(1)} s`;
  let kept = '';
  await asking(`keep the report on the branch ${branch}`, permission, () =>
    commit(github, branch, message, async (read) => {
      const before = linesOf((await read(listOf(castle))) ?? '');
      const line = historyLine(report);
      // A job that is run again brings the same report once more.
      const known = before.includes(line);
      kept = linesOf((known ? before : [...before, line]).join('\n'))
        .map((each) => `${each}\n`)
        .join('');
      if (known) return [];
      return [
        { path: listOf(castle), content: kept },
        {
          path: `${castle}/reports/${reportName(report)}`,
          content: `${JSON.stringify(report, undefined, 2)}\n`,
        },
        ...beside(kept).map(({ path, content }) => ({ path: `${castle}/${path}`, content })),
      ];
    }),
  );
  return kept;
}

/** The lines of the castle's history; empty where there are none yet. Throws PHX-GITHUB-API. */
export async function readHistory(github: GitHub, branch: string, castle: string): Promise<string> {
  return asking(`read the history on the branch ${branch}`, 'contents: read', async () => {
    const head = await headOf(github, branch);
    return head === undefined ? '' : ((await contentOf(github, head, listOf(castle))) ?? '');
  });
}

/** Writes these files of the castle, where they are not so already. Throws PHX-GITHUB-API. */
export async function keepFiles(
  github: GitHub,
  branch: string,
  castle: string,
  files: readonly File[],
): Promise<void> {
  await asking(`write to the branch ${branch}`, permission, () =>
    commit(github, branch, `${castle}: badge`, async (read) => {
      const all = files.map(({ path, content }) => ({ path: `${castle}/${path}`, content }));
      const before = await Promise.all(all.map(({ path }) => read(path)));
      return all.filter(({ content }, index) => before[index] !== content);
    }),
  );
}

const listOf = (castle: string) => `${castle}/history.jsonl`;

async function headOf({ octokit, owner, repo }: GitHub, branch: string): Promise<string | undefined> {
  return (await orUndefined(octokit.rest.git.getRef({ owner, repo, ref: `heads/${branch}` })))?.data.object
    .sha;
}

async function contentOf({ octokit, owner, repo }: GitHub, ref: string, path: string) {
  const raw = { mediaType: { format: 'raw' } };
  const found = await orUndefined(octokit.rest.repos.getContent({ owner, repo, path, ref, ...raw }));
  return found === undefined ? undefined : textOf(found.data);
}

/** One commit on the branch with the files that `make` gives, which reads what is there; none, no commit. */
async function commit(
  github: GitHub,
  branch: string,
  message: string,
  make: (read: (path: string) => Promise<string | undefined>) => Promise<readonly File[]>,
): Promise<void> {
  const { octokit, owner, repo } = github;
  const { git } = octokit.rest;
  const at = { owner, repo };
  const ref = `heads/${branch}`;
  const parent = await headOf(github, branch);
  const files = await make(async (path) =>
    parent === undefined ? undefined : contentOf(github, parent, path),
  );
  if (files.length === 0) return;
  const tree = await git.createTree({
    ...at,
    ...(parent === undefined ? {} : { base_tree: parent }),
    tree: files.map((file) => ({ ...file, mode: '100644' as const, type: 'blob' as const })),
  });
  const made = await git.createCommit({
    ...at,
    message,
    tree: tree.data.sha,
    parents: parent === undefined ? [] : [parent],
  });
  const { sha } = made.data;
  try {
    if (parent === undefined) await git.createRef({ ...at, ref: `refs/${ref}`, sha });
    else await git.updateRef({ ...at, ref, sha, force: false });
  } catch (thrown) {
    // Another run moved the branch meanwhile: GitHub says 422, and what is to be committed stands on the wrong parent.
    if (statusOf(thrown) === 422)
      throw Object.assign(new Error('the branch was moved meanwhile'), { status: 409 });
    throw thrown;
  }
}

/** In the raw format the answer is the file itself, which the library's types do not know: text, or its bytes. */
function textOf(data: unknown): string {
  return data instanceof ArrayBuffer ? Buffer.from(data).toString('utf8') : String(data);
}

async function orUndefined<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (thrown) {
    if (statusOf(thrown) === 404) return undefined;
    throw thrown;
  }
}
