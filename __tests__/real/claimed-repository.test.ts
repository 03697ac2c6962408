import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAdvertisedHead } from '../../src/cluster/repository.ts';
import { PhoenixError } from '../../src/errors.ts';
import { startGit } from '../../src/rehearsal/stand-ins/git.ts';
import { makeCastleRepository } from '../../src/rehearsal/stand-ins/git-repository.ts';
import { rejection, temporaryFolder } from '../support/folder.ts';

const token = 'token-of-the-test-0123456789';

async function remote(dir: string) {
  const from = join(dir, 'content');
  await mkdir(from);
  await writeFile(join(from, 'file'), 'content');
  const bare = join(dir, 'castle.git');
  const sha = await makeCastleRepository({ from, bare });
  return { sha, git: await startGit({ bare, token }) };
}

const ask = (repository: string, password: string, branch = 'main') =>
  readAdvertisedHead(
    { repository, branch, username: 'git', token: password },
    { fetch: globalThis.fetch, signal: AbortSignal.timeout(10_000) },
  );

async function refusal(work: Promise<unknown>): Promise<PhoenixError> {
  const thrown = await rejection(work);
  expect(thrown).toBeInstanceOf(PhoenixError);
  return thrown as PhoenixError;
}

describe('the proof of the claimed token', () => {
  it("is the branch's commit, as git itself advertises it", async () => {
    await using folder = await temporaryFolder();
    const { sha, git } = await remote(folder.dir);
    await using _ = git;
    expect(await ask(git.repository, token)).toEqual({ branch: 'main', sha });
  });

  it('is refused with the status, and never shows the token', async () => {
    await using folder = await temporaryFolder();
    const { git } = await remote(folder.dir);
    await using _ = git;
    const wrong = 'another-token-9876543210';
    const error = await refusal(ask(git.repository, wrong));
    expect(error.code).toBe('PHX-CLAIM-REPOSITORY');
    expect(error.why).toContain('401');
    expect(JSON.stringify([error.what, error.why, error.next])).not.toContain(wrong);
  });

  it('names a branch that is not there, and a server that is none', async () => {
    await using folder = await temporaryFolder();
    const { git } = await remote(folder.dir);
    expect((await refusal(ask(git.repository, token, 'mai'))).why).toContain('no branch mai');
    await git.close();
    expect((await refusal(ask(git.repository, token))).why).toContain('did not answer');
  });
});
