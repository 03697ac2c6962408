import { messageOf, PhoenixError } from '../errors.ts';

export interface Advertised {
  readonly branch: string;
  /** The commit that the branch stands at. */
  readonly sha: string;
}

/**
 * Reads what a repository advertises to `git fetch` (smart HTTP, protocol v0) with the claimed token: the proof that
 * the token really reads it, and the revision that Flux is then held to.
 */
export async function readAdvertisedHead(
  {
    repository,
    branch,
    username,
    token,
  }: { repository: string; branch: string; username: string; token: string },
  { fetch, signal }: { fetch: typeof globalThis.fetch; signal: AbortSignal },
): Promise<Advertised> {
  const base = repository.replace(/\/$/, '');
  const url = `${base}/info/refs?service=git-upload-pack`;
  const authorization = `Basic ${Buffer.from(`${username}:${token}`).toString('base64')}`;
  const refuse = (why: string, next: string) =>
    new PhoenixError({
      code: 'PHX-CLAIM-REPOSITORY',
      class: 'cluster',
      what: `The claimed token cannot read ${repository}.`,
      why,
      next,
    });
  let response: Response;
  try {
    response = await fetch(url, { headers: { authorization, 'user-agent': 'git/2 (phoenix)' }, signal });
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error);
    throw refuse(
      `The server did not answer: ${cause}.`,
      'Check `claim.repository` and the way from the runner to it.',
    );
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw refuse(
      `The server answered ${response.status} ${response.statusText}.`,
      'Give the token read access to the contents of this repository (and only that), or renew it if it has expired.',
    );
  }
  const text = await response.text();
  const sha = new RegExp(`([0-9a-f]{40,64}) refs/heads/${escapeRegExp(branch)}(?=[\\s\\0])`).exec(text)?.[1];
  if (!text.includes('# service=git-upload-pack') || sha === undefined) {
    throw refuse(
      text.includes('# service=git-upload-pack')
        ? `It has no branch ${branch}.`
        : 'What answered is not a git server.',
      'Check `claim.repository` and `gitops.branch` in the castle file.',
    );
  }
  return { branch, sha };
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
