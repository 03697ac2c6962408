import type { Report } from '../report/schema.ts';
import { asking, type GitHub, statusOf } from './api.ts';

const permission = 'contents: write';

/** The line of one run in a castle's history: what a trend is drawn from. */
export function historyLine({
  run,
  castle,
  mode,
  verdict,
  started,
  wallSeconds,
  unattributedSeconds,
  criticalPathSeconds,
  milestones,
  leaks,
  layers,
  error,
}: Report): string {
  return JSON.stringify({
    run,
    castle,
    mode,
    verdict,
    started,
    wallSeconds,
    unattributedSeconds,
    criticalPathSeconds,
    milestones: Object.fromEntries(milestones.map(({ name, seconds, met }) => [name, { seconds, met }])),
    leaks: leaks.found.length,
    retries: layers.reduce((sum, { retries }) => sum + retries, 0),
    layers: Object.fromEntries(layers.map(({ name, seconds }) => [name, seconds])),
    error: error?.code ?? null,
  });
}

/**
 * Adds the report to the castle's history: its line to `CASTLE/history.jsonl` and the whole to `CASTLE/reports/`, in one
 * commit on a branch of their own, which is made where there is none. Two runs at once both get in. Returns the lines
 * of the castle's runs, this one among them.
 */
export async function keepHistory(github: GitHub, branch: string, report: Report): Promise<string> {
  return asking(`keep the report on the branch ${branch}`, permission, () => commit(github, branch, report));
}

async function commit({ octokit, owner, repo }: GitHub, branch: string, report: Report): Promise<string> {
  const { git, repos } = octokit.rest;
  const at = { owner, repo };
  const ref = `heads/${branch}`;
  const head = await orUndefined(git.getRef({ ...at, ref }));
  const parent = head?.data.object.sha;
  const list = `${report.castle}/history.jsonl`;
  const before =
    parent === undefined
      ? undefined
      : await orUndefined(repos.getContent({ ...at, path: list, ref: parent, mediaType: { format: 'raw' } }));
  const lines = before === undefined ? '' : textOf(before.data);
  // A job that is run again brings the same report once more.
  if (lines.includes(`${historyLine(report)}\n`)) return lines;
  const name = `${report.started.replaceAll(/[^0-9TZ]/g, '')}-${report.run}.json`;
  const files = [
    { path: list, content: `${lines}${historyLine(report)}\n` },
    { path: `${report.castle}/reports/${name}`, content: `${JSON.stringify(report, undefined, 2)}\n` },
  ];
  const tree = await git.createTree({
    ...at,
    ...(parent === undefined ? {} : { base_tree: parent }),
    tree: files.map((file) => ({ ...file, mode: '100644' as const, type: 'blob' as const })),
  });
  const made = await git.createCommit({
    ...at,
    message: `${report.castle}: ${report.verdict} in ${report.wallSeconds.toFixed(1)} s`,
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
  return `${lines}${historyLine(report)}\n`;
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
