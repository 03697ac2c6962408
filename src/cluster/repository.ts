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
  const lines = packetLines(await response.text());
  const references = lines.map((line) => /^([0-9a-f]{40,64}) (\S+)$/.exec(line));
  const sha = references.find((reference) => reference?.[2] === `refs/heads/${branch}`)?.[1];
  const isGit = lines[0]?.startsWith('# service=git-upload-pack') ?? false;
  if (!isGit || sha === undefined) {
    throw refuse(
      isGit ? `It has no branch ${branch}.` : 'What answered is not a git server.',
      'Check `claim.repository` and `gitops.branch` in the castle file.',
    );
  }
  return { branch, sha };
}

/** Git's pkt-lines: four hex digits of length, themselves counted, then the text; `0000` only separates. */
function packetLines(text: string): string[] {
  const lines: string[] = [];
  for (let at = 0; at + 4 <= text.length; ) {
    const length = Number.parseInt(text.slice(at, at + 4), 16);
    if (Number.isNaN(length)) break;
    if (length > 4)
      lines.push(
        text
          .slice(at + 4, at + length)
          .split('\0')[0]
          ?.trimEnd() ?? '',
      );
    at += Math.max(4, length);
  }
  return lines;
}
