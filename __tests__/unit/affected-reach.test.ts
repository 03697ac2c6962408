import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createReach } from '../../src/affected/reach.ts';
import { isInside } from '../../src/paths.ts';
import { temporaryFolder } from '../support/folder.ts';

const repository = join(import.meta.dirname, '../..');
const live = 'castle/live/box';
const behind = {
  secrets: [],
  platform: ['secrets'],
  engine: ['platform', 'secrets'],
  networking: ['engine', 'platform', 'secrets'],
  storage: ['engine', 'platform', 'secrets'],
  gitops: ['engine', 'platform', 'secrets'],
} as const;

describe('what the layers of the box are made from', () => {
  const reachOf = createReach(repository, new Set());
  const reaches = Object.entries(behind).map(([name, before]) => {
    const start = { folder: `${live}/${name}`, reading: [`${live}/root.hcl`] };
    return [name, reachOf({ ...start, behind: before.map((other) => `${live}/${other}`) })] as const;
  });
  const readers = (path: string) =>
    reaches
      .filter(([, { files, folders }]) => files.has(path) || [...folders].some((one) => isInside(one, path)))
      .map(([name]) => name);

  test.each<[string, readonly string[]]>([
    ['modules/kubectl/kubectl.sh', ['engine', 'networking', 'storage', 'gitops']],
    ['modules/gate/conditions.mjs', ['engine', 'networking', 'storage', 'gitops']],
    ['modules/manifest/source.mjs', ['engine', 'networking', 'storage', 'gitops']],
    ['modules/networking/pool.yaml', ['networking']],
    ['modules/gitops/sync.yaml', ['gitops']],
    ['modules/box-platform/host.mjs', ['platform']],
    ['modules/secrets/main.tf', ['secrets']],
    ['live/box/root.hcl', Object.keys(behind)],
    ['gitops/apps/static/kustomization.yaml', []],
  ])('castle/%s is read by %j', (path, expected) => {
    expect(readers(`castle/${path}`)).toEqual(expected);
  });
});

test('links that lead in a circle, to themselves or nowhere are followed to an end', async () => {
  await using folder = await temporaryFolder({
    'live/a/main.tf': 'x = file("../loop/b/c")\ny = file("../here")\n',
    'live/b/c': 'x',
  });
  await symlink('.', join(folder.dir, 'live/loop'));
  await symlink('..', join(folder.dir, 'live/a/up'));
  await symlink('here', join(folder.dir, 'live/here'));
  await symlink('nowhere', join(folder.dir, 'live/a/lost'));
  const { files } = createReach(folder.dir, new Set())({ folder: 'live/a', reading: [], behind: [] });
  expect(files).toContain('live/b/c');
});
