import { asking, type GitHub, statusOf } from './api.ts';

interface Comment {
  readonly id: number;
  readonly body: string;
}

const permission = 'pull-requests: write';

/**
 * Keeps `bodies` as the comments on a pull request that begin with `marker`: updates those that are there, adds what is
 * missing, deletes what is too much. Only a bot's own are touched; one that a person wrote, or copied, stays. Where GitHub
 * is busy, all of it is done again from what is then there, so that nothing is written twice. Throws PHX-GITHUB-API.
 */
export async function keepComments(
  github: GitHub,
  pull: number,
  marker: string,
  bodies: readonly string[],
): Promise<void> {
  await asking(`write the plan on pull request ${pull}`, permission, () =>
    reconcile(github, pull, marker, bodies),
  );
}

async function reconcile(
  github: GitHub,
  pull: number,
  marker: string,
  bodies: readonly string[],
): Promise<void> {
  const { owner, repo, octokit } = github;
  const { issues } = octokit.rest;
  const there = await ownComments(github, pull, marker);
  for (const [index, body] of bodies.entries()) {
    const known = there[index];
    if (known?.body === body) continue;
    // Somebody may have deleted it meanwhile.
    const updated =
      known !== undefined &&
      (await orGone(issues.updateComment({ owner, repo, comment_id: known.id, body })));
    if (!updated) await issues.createComment({ owner, repo, issue_number: pull, body });
  }
  for (const { id } of there.slice(bodies.length))
    await orGone(issues.deleteComment({ owner, repo, comment_id: id }));
}

/** In the order they were written. */
async function ownComments(
  { octokit, owner, repo }: GitHub,
  pull: number,
  marker: string,
): Promise<Comment[]> {
  const all = await octokit.paginate(octokit.rest.issues.listComments, {
    owner,
    repo,
    issue_number: pull,
    per_page: 100,
  });
  return all
    .filter(({ body, user }) => user?.type === 'Bot' && body?.startsWith(marker) === true)
    .map(({ id, body = '' }) => ({ id, body }))
    .toSorted((a, b) => a.id - b.id);
}

/** Whether it was still there. */
async function orGone(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (thrown) {
    if (statusOf(thrown) === 404) return false;
    throw thrown;
  }
}
