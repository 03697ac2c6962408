import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture } from '../../src/command.ts';
import { startGit } from '../../src/rehearsal/stand-ins/git.ts';
import { gitEnvironment, makeCastleRepository } from '../../src/rehearsal/stand-ins/git-repository.ts';
import { expectCode } from '../support/codes.ts';

const token = 'github-token-value-1234567890';
let dir = '';
let bare = '';
let commit = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'phoenix-test-git-'));
  const from = join(dir, 'gitops');
  await mkdir(join(from, 'clusters/box'), { recursive: true });
  await writeFile(join(from, '.gitignore'), '*.log\n');
  await writeFile(join(from, 'kept.log'), 'also what is ignored');
  await writeFile(join(from, 'clusters/box/kustomization.yaml'), 'resources: []\n');
  // More than one packet, so that the pack is streamed.
  await writeFile(
    join(from, 'large.bin'),
    Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251)),
  );
  bare = join(dir, 'castle.git');
  commit = await makeCastleRepository({ from, bare, prefix: '/castle/gitops/' });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const git = (...args: string[]) => capture('git', args, { env: gitEnvironment() });
const withToken = (url: string, password = token) => url.replace('http://', `http://anybody:${password}@`);

describe('the repository of the castle', () => {
  test('holds the whole folder under its prefix, and the same folder gives the same commit', async () => {
    const { stdout } = await git('--git-dir', bare, 'ls-tree', '-r', '--name-only', 'main');
    expect(stdout.trim().split('\n')).toEqual([
      'castle/gitops/.gitignore',
      'castle/gitops/clusters/box/kustomization.yaml',
      'castle/gitops/kept.log',
      'castle/gitops/large.bin',
    ]);
    const again = await makeCastleRepository({
      from: join(dir, 'gitops'),
      bare: join(dir, 'again.git'),
      prefix: 'castle/gitops',
    });
    expect(again).toBe(commit);
    const rooted = await makeCastleRepository({ from: join(dir, 'gitops'), bare: join(dir, 'rooted.git') });
    expect(rooted).not.toBe(commit);
  });

  test('says what failed where it cannot be made', async () => {
    await expect(
      makeCastleRepository({ from: join(dir, 'none'), bare: join(dir, 'kept/x.git') }),
    ).rejects.toThrow();
  });
});

describe('the git remote', () => {
  test('lists and clones for who brings the token, and says so in its log', async () => {
    await using remote = await startGit({ bare, token });
    expect(remote.repository).toBe(`${remote.url}/castle.git`);
    const listed = await git('ls-remote', withToken(remote.repository), 'refs/heads/main');
    expect(listed.stdout).toBe(`${commit}\trefs/heads/main\n`);
    const clone = join(dir, 'clone');
    const cloned = await git('clone', '--quiet', '--depth', '1', withToken(remote.repository), clone);
    expectCode(cloned, 0);
    expect(await readFile(join(clone, 'castle/gitops/large.bin'))).toEqual(
      await readFile(join(dir, 'gitops/large.bin')),
    );
    const notes = remote.requests.map(({ note }) => note);
    expect(notes.filter((note) => note === 'upload-pack with the token').length).toBeGreaterThanOrEqual(3);
    expect(JSON.stringify(remote.requests)).not.toContain(token);
  });

  test.each([
    ['no token', (url: string) => url],
    ['wrong token', (url: string) => withToken(url, 'another')],
  ])('refuses who has %s', async (note, address) => {
    await using remote = await startGit({ bare, token });
    const { code, stdout } = await git('ls-remote', address(remote.repository));
    expect(code).not.toBe(0);
    expect(stdout).toBe('');
    expect(remote.requests.at(-1)).toMatchObject({ status: 401, note });
  });

  test('takes no push, and serves nothing beside its repository', async () => {
    await using remote = await startGit({ bare, token });
    const pushed = await git('--git-dir', bare, 'push', withToken(remote.repository), 'main:other');
    expect(pushed.code).not.toBe(0);
    expect((await git('ls-remote', withToken(`${remote.url}/again.git`))).code).not.toBe(0);
    expect(
      (await git('--git-dir', bare, 'rev-parse', '--verify', '--quiet', 'refs/heads/other')).code,
    ).not.toBe(0);
  });

  test.each(['401', '403', '404', '500', 'drop'])(
    'with the fault %s fails a client that has the token',
    async (kind) => {
      await using remote = await startGit({ bare, token, faults: [`git:${kind}`] });
      expect((await git('ls-remote', withToken(remote.repository))).code).not.toBe(0);
      expect(remote.requests.length).toBeGreaterThan(0);
    },
  );
});
