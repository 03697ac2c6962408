import { execFileSync } from 'node:child_process';
import { chmod, link, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configOf, writeArchive } from '../../src/rehearsal/images/archive.ts';
import { folderEntries } from '../../src/rehearsal/images/folder.ts';
import { basics } from '../../src/rehearsal/images/layout.ts';
import { keyOf, smallLayer } from '../../src/rehearsal/images/recipe.ts';
import { type Entry, writeTar } from '../../src/rehearsal/images/tar.ts';

const signal = new AbortController().signal;
const longName = `${'long/'.repeat(25)}${'n'.repeat(120)}`;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'phoenix-archive-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function listed(tar: string): string[] {
  return execFileSync('tar', ['--numeric-owner', '-tvf', tar], {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
  })
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' '));
}

async function plantedFolder(name: string): Promise<string> {
  const folder = join(dir, name);
  await mkdir(join(folder, 'long/'.repeat(25)), { recursive: true });
  await writeFile(join(folder, longName), 'far down');
  await writeFile(join(folder, 'b'), 'twice');
  await link(join(folder, 'b'), join(folder, 'c'));
  await symlink('b', join(folder, 'a'));
  await writeFile(join(folder, 'su'), 'of root');
  await chmod(join(folder, 'su'), 0o4755);
  await chmod(join(folder, 'b'), 0o640);
  return folder;
}

describe('a layer from a folder', () => {
  it('is read back by tar as it lay on disk, owned by root and without a time of day', async () => {
    const file = join(dir, 'layer.tar');
    await writeTar(file, folderEntries(await plantedFolder('planted')), signal);
    const lines = listed(file);
    expect(lines).toContain('lrwxrwxrwx 0/0 0 1970-01-01 00:00 a -> b');
    expect(lines).toContain('-rw-r----- 0/0 5 1970-01-01 00:00 b');
    expect(lines).toContain('hrw-r--r-- 0/0 0 1970-01-01 00:00 c link to b');
    expect(lines).toContain('-rwsr-xr-x 0/0 7 1970-01-01 00:00 su');
    expect(lines).toContain(`-rw-r--r-- 0/0 8 1970-01-01 00:00 ${longName}`);
    const out = join(dir, 'out');
    await mkdir(out);
    execFileSync('tar', ['-xf', file, '-C', out]);
    expect(await readFile(join(out, longName), 'utf8')).toBe('far down');
    expect(await readFile(join(out, 'c'), 'utf8')).toBe('twice');
  });

  it('is the same byte for byte from the same files, whenever they were written', async () => {
    const [one, other] = await Promise.all([plantedFolder('one'), plantedFolder('other')]);
    await utimes(join(other, 'b'), 1, 1);
    const first = await writeTar(join(dir, 'one.tar'), folderEntries(one), signal);
    const second = await writeTar(join(dir, 'other.tar'), folderEntries(other), signal);
    expect(second).toEqual(first);
    const sum = execFileSync('sha256sum', [join(dir, 'one.tar')], { encoding: 'utf8' });
    expect(sum.startsWith(`${first.digest} `)).toBe(true);
  });

  it('gives a file the owner and the rights that it is told', async () => {
    const file = join(dir, 'owned.tar');
    const entries: Entry[] = [{ path: 'var/lib/db', type: 'directory', mode: 0o750, uid: 26, gid: 26 }];
    await writeTar(file, entries, signal);
    expect(listed(file)).toEqual(['drwxr-x--- 26/26 0 1970-01-01 00:00 var/lib/db/']);
  });

  it('leaves nothing at its name when one of its files cannot be read', async () => {
    const file = join(dir, 'never.tar');
    const entries: Entry[] = [
      { path: 'x', type: 'file', mode: 0o644, size: 3, body: { file: join(dir, 'no-such-file') } },
    ];
    await expect(writeTar(file, entries, signal)).rejects.toThrow('ENOENT');
    await expect(readFile(file)).rejects.toThrow('ENOENT');
    expect(execFileSync('ls', [dir], { encoding: 'utf8' })).not.toContain('partial');
  });

  it('ends with the reason of the abort when it is aborted in the middle', async () => {
    const aborting = new AbortController();
    async function* endless() {
      for (;;) yield Buffer.alloc(1024);
    }
    const entries: Entry[] = [{ path: 'x', type: 'file', mode: 0o644, size: 2 ** 40, body: endless() }];
    const written = writeTar(join(dir, 'aborted.tar'), entries, aborting.signal);
    setImmediate(() => aborting.abort(new Error('enough')));
    await expect(written).rejects.toThrow();
  });
});

describe('an image', () => {
  it('is an OCI layout whose blobs are what their names say', async () => {
    const layerFile = join(dir, 'small.tar');
    const layer = {
      file: layerFile,
      ...(await writeTar(layerFile, basics([{ name: 'db', id: 26 }]), signal)),
    };
    const file = join(dir, 'image.tar');
    await writeArchive(file, 'phoenix.box/db:1', { entrypoint: ['/db'], user: '26:26' }, [layer], signal);
    const out = join(dir, 'image');
    await mkdir(out);
    execFileSync('tar', ['-xf', file, '-C', out]);
    const index = JSON.parse(await readFile(join(out, 'index.json'), 'utf8'));
    expect(index.manifests[0].annotations['io.containerd.image.name']).toBe('phoenix.box/db:1');
    const blobs = execFileSync('sh', ['-c', 'cd blobs/sha256 && sha256sum *'], {
      cwd: out,
      encoding: 'utf8',
    });
    const pairs = blobs
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/));
    expect(pairs).toHaveLength(3);
    expect(pairs.filter(([sum, name]) => sum !== name)).toEqual([]);
    const manifest = index.manifests[0].digest.replace('sha256:', '');
    expect(pairs.flat()).toContain(manifest);
    const { config } = JSON.parse(await readFile(join(out, 'blobs/sha256', manifest), 'utf8'));
    const image = JSON.parse(await readFile(join(out, 'blobs', config.digest.replace(':', '/')), 'utf8'));
    expect(image.rootfs.diff_ids).toEqual([`sha256:${layer.digest}`]);
    expect(image.config.User).toBe('26:26');
  });

  it('has a PATH unless it is given another one', () => {
    const usual = configOf({ entrypoint: ['/x'], user: '1:1', env: { A: 'b' } }, []).config.Env;
    expect(usual).toEqual(['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'A=b']);
    expect(configOf({ entrypoint: ['/x'], user: '1:1', env: { PATH: '/a' } }, []).config.Env).toEqual([
      'PATH=/a',
    ]);
  });

  it('counts as another one when a word in one of its small files changes', () => {
    const entries = (user: string) => basics([{ name: user, id: 7 }]);
    expect(smallLayer(entries('a')).key).toBe(smallLayer(entries('a')).key);
    expect(smallLayer(entries('a')).key).not.toBe(smallLayer(entries('b')).key);
    expect(keyOf('a', 'b')).not.toBe(keyOf('ab'));
  });
});
