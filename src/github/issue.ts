import { asking, type GitHub, statusOf } from './api.ts';

const label = 'phoenix-drill';
const permission = 'issues: write';
/** As GitHub checks a body. */
const mostCharacters = 65_536;

/** What is told of a castle's drill: a failure, or that it is good (again). `key` tells one run's word from another's. */
export type Told =
  | { readonly kind: 'failed'; readonly key: string; readonly body: string }
  | { readonly kind: 'good'; readonly key: string; readonly body: string };

interface Issue {
  readonly number: number;
  readonly body: string;
}

/** Begins the body of a castle's issue; by it, and not by its title, the issue is found again. */
const markerOf = (castle: string) => `<!-- phoenix:drill ${castle} -->`;
const countOf = (body: string) => Number(/^<!-- phoenix:failed (\d{1,6}) /m.exec(body)?.[1] ?? 0);
const keyOf = (body: string) => /^<!-- phoenix:failed \d{1,6} (\S+) -->$/m.exec(body)?.[1];

/**
 * Keeps the one issue of a castle's drills: opened by the first failure, brought up to date by the next ones, closed with
 * the figures of a good one. Where several are open (two jobs at once), the lowest number stays. Safe to call again with
 * the same `key`. Throws PHX-GITHUB-API.
 */
export async function keepIssue(github: GitHub, castle: string, told: Told): Promise<void> {
  await asking(`keep the issue of the drills of ${castle}`, permission, async () => {
    const [first, ...others] = await openIssues(github, castle);
    if (told.kind === 'good') {
      for (const issue of [first, ...others].filter((each) => each !== undefined)) {
        await commentOnce(github, issue.number, told);
        await close(github, issue.number, 'completed');
      }
      return;
    }
    if (first === undefined) return openOne(github, castle, told);
    await closeDuplicates(github, first.number, others);
    await renew(github, castle, first, told);
  });
}

async function openOne(github: GitHub, castle: string, told: Told): Promise<void> {
  const { octokit, owner, repo } = github;
  const made = await octokit.rest.issues.create({
    owner,
    repo,
    title: `The drill of ${castle} fails`,
    body: bodyOf(castle, 1, told),
    labels: [label],
  });
  // Another job may have opened one since we looked: both see both, and agree on the lowest.
  const [first, ...others] = await openIssues(github, castle);
  if (first === undefined || first.number >= made.data.number) return;
  await closeDuplicates(github, first.number, others);
  await renew(github, castle, first, told);
}

async function renew(github: GitHub, castle: string, issue: Issue, told: Told): Promise<void> {
  const { octokit, owner, repo } = github;
  const again = keyOf(issue.body) === told.key;
  const count = Math.max(1, countOf(issue.body) + (again ? 0 : 1));
  const body = bodyOf(castle, count, told);
  if (body !== issue.body)
    await octokit.rest.issues.update({ owner, repo, issue_number: issue.number, body, labels: [label] });
  // Nobody is told of a body that changes.
  if (count > 1)
    await commentOnce(github, issue.number, {
      ...told,
      body: `It failed again: ${count} times so far. The newest diagnosis stands above.`,
    });
}

async function openIssues({ octokit, owner, repo }: GitHub, castle: string): Promise<Issue[]> {
  const ask = { owner, repo, state: 'open', per_page: 100 } as const;
  const { issues } = octokit.rest;
  const marked = (all: readonly { number: number; body?: string | null; pull_request?: unknown }[]) =>
    all
      .filter(
        ({ body, pull_request }) => pull_request === undefined && body?.startsWith(markerOf(castle)) === true,
      )
      .map(({ number, body }) => ({ number, body: body ?? '' }))
      .toSorted((a, b) => a.number - b.number);
  const labelled = marked(await octokit.paginate(issues.listForRepo, { ...ask, labels: label }));
  // Somebody may have taken the label off.
  return labelled.length > 0 ? labelled : marked((await issues.listForRepo(ask)).data);
}

async function closeDuplicates(github: GitHub, kept: number, others: readonly Issue[]): Promise<void> {
  for (const { number } of others) {
    await commentOnce(github, number, {
      kind: 'good',
      key: `duplicate-${kept}`,
      body: `Duplicate of #${kept}.`,
    });
    await close(github, number, 'not_planned');
  }
}

async function close(
  { octokit, owner, repo }: GitHub,
  number: number,
  reason: 'completed' | 'not_planned',
): Promise<void> {
  await octokit.rest.issues.update({
    owner,
    repo,
    issue_number: number,
    state: 'closed',
    state_reason: reason,
  });
}

/** Says it once for a `key`, also where GitHub lost the answer to the first try. */
async function commentOnce(
  { octokit, owner, repo }: GitHub,
  number: number,
  { key, body }: Told,
): Promise<void> {
  const { issues } = octokit.rest;
  const at = { owner, repo, issue_number: number };
  const mark = `<!-- phoenix:drill ${key} -->`;
  const there = await octokit.paginate(issues.listComments, { ...at, per_page: 100 });
  if (there.some((comment) => comment.body?.startsWith(mark) === true)) return;
  await issues
    .createComment({ ...at, body: `${mark}\n${body}`.slice(0, mostCharacters) })
    .catch((thrown: unknown) => {
      // It was deleted or locked meanwhile: what it is about stands in the body, and in the report.
      if (statusOf(thrown) !== 404) throw thrown;
    });
}

function bodyOf(castle: string, count: number, { key, body }: Told): string {
  const failures = count === 1 ? '' : `Failed ${count} times since this issue was opened.\n\n`;
  return `${markerOf(castle)}\n<!-- phoenix:failed ${count} ${key} -->\n${failures}${body}`.slice(
    0,
    mostCharacters,
  );
}
