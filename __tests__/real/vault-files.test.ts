import { spawnSync } from 'node:child_process';
import { chmod, chown, link, mkdir, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { readSecretFile } from '../../src/vault/files.ts';
import { assertRam } from '../../src/vault/ram.ts';
import { placesFor, sweptRoots } from '../../src/vault/root.ts';
import { sweepVaults } from '../../src/vault/sweep.ts';
import { openVault } from '../../src/vault/vault.ts';
import { rejection } from '../support/folder.ts';
import { ramRoot } from '../support/ram.ts';

const nobody = 65_534;
/** These give files to another user, which takes root. */
const asRoot = test.skipIf(process.getuid?.() !== 0);

async function refusal(promise: Promise<unknown>): Promise<PhoenixError> {
  const error = await rejection(promise);
  if (error instanceof PhoenixError) return error;
  throw error;
}

/** A secret's file in a folder in RAM, both as they should be. */
async function secretFile() {
  const root = await ramRoot();
  const file = join(root.dir, 'secret');
  await writeFile(file, 'the value', { mode: 0o600 });
  return { ...root, file };
}

describe('the file of a secret', () => {
  test('is read as it is, with its byte order mark, and undefined where there is none', async () => {
    await using place = await secretFile();
    expect(await readSecretFile(place.file)).toBe('the value');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a secret may hold what HCL would interpolate.
    const odd = '\ufeff"quotes\'\r\n\t\0ü€😀 ${x} \n';
    await writeFile(place.file, odd);
    expect(await readSecretFile(place.file)).toBe(odd);
    expect(await readSecretFile(join(place.dir, 'none'))).toBeUndefined();
  });

  test.each([
    ['others may read', 0o640, 'Others on this machine may read it (mode 640).'],
    ['others may write', 0o602, 'Others on this machine may write it (mode 602).'],
  ])('that %s is refused', async (_, mode, why) => {
    await using place = await secretFile();
    await chmod(place.file, mode);
    const error = await refusal(readSecretFile(place.file));
    expect(error).toMatchObject({ code: 'PHX-SECRET-UNREADABLE', why });
    expect(error.what).toBe(`The secret file ${place.file} could not be read.`);
  });

  test('that others may only read is read where a warning will do, and one that they may write is not', async () => {
    await using place = await secretFile();
    const told: string[] = [];
    const onWide = (file: string) => told.push(file);
    await chmod(place.file, 0o644);
    expect(await readSecretFile(place.file, { onWide })).toBe('the value');
    expect(told).toEqual([place.file]);
    await chmod(place.file, 0o622);
    expect((await refusal(readSecretFile(place.file, { onWide }))).why).toContain('may write it');
  });

  test('that is a link, a folder or a pipe that never ends is refused', async () => {
    await using place = await secretFile();
    await symlink(place.file, join(place.dir, 'link'));
    await mkdir(join(place.dir, 'folder'));
    spawnSync('mkfifo', ['-m', '600', join(place.dir, 'pipe')]);
    const whys = await Promise.all(
      ['link', 'folder', 'pipe'].map(
        async (name) => (await refusal(readSecretFile(join(place.dir, name)))).why,
      ),
    );
    expect(whys).toEqual([
      'It is a symbolic link, which somebody else may control.',
      'It is no ordinary file.',
      'It is no ordinary file.',
    ]);
  });

  test('of bytes that are no UTF-8 is refused, since they would silently become others', async () => {
    await using place = await secretFile();
    await writeFile(place.file, Buffer.from([0x61, 0xff, 0xfe]));
    expect((await refusal(readSecretFile(place.file))).why).toContain('It is not UTF-8 text.');
  });

  test('in a folder that others may write into is refused, for they could put another there', async () => {
    await using place = await secretFile();
    await chmod(place.dir, 0o777);
    expect((await refusal(readSecretFile(place.file))).why).toContain('Others may write into its folder');
    await chmod(place.dir, 0o1777);
    expect(await readSecretFile(place.file)).toBe('the value');
  });

  asRoot('of another user, or in the folder of one, is refused', async () => {
    await using place = await secretFile();
    await chown(place.file, nobody, nobody);
    expect((await refusal(readSecretFile(place.file))).why).toContain(
      'It belongs to another user (uid 65534)',
    );
    await chown(place.file, 0, 0);
    await chown(place.dir, nobody, nobody);
    expect((await refusal(readSecretFile(place.file))).why).toContain('Its folder belongs to another user');
  });
});

describe('the root of a vault', () => {
  test('that others may write into is refused with the command that closes it', async () => {
    await using root = await ramRoot();
    await chmod(root.dir, 0o770);
    expect(await refusal(openVault(root.dir, 'one'))).toMatchObject({
      code: 'PHX-VAULT-ROOT',
      what: `Other users may write into the vault's root ${root.dir}.`,
      next: `Close it: chmod 700 ${root.dir}`,
    });
    expect(await readdir(root.dir)).toEqual([]);
  });

  asRoot('of another user is refused', async () => {
    await using root = await ramRoot();
    await chown(root.dir, nobody, nobody);
    expect((await refusal(assertRam(root.dir))).what).toBe(
      `The vault's root ${root.dir} belongs to another user.`,
    );
  });

  test('without the room that is asked for is refused before anything is made', async () => {
    await using root = await ramRoot();
    const error = await refusal(openVault(root.dir, 'one', { leastBytes: 2 ** 50 }));
    expect(error.code).toBe('PHX-VAULT-FULL');
    expect(error.next).toContain('--shm-size');
    expect(await readdir(root.dir)).toEqual([]);
  });

  test('is what PHOENIX_VAULT says and no other; else the runtime folder only where it is ours alone', async () => {
    await using root = await ramRoot();
    expect(await placesFor({ PHOENIX_VAULT: root.dir, XDG_RUNTIME_DIR: '/tmp' }, 0)).toEqual([
      { root: root.dir, own: false },
    ]);
    const folders = async () =>
      (await placesFor({ XDG_RUNTIME_DIR: root.dir }, 0))
        .filter(({ own }) => !own)
        .map((place) => place.root);
    expect(await folders()).toEqual([root.dir, '/dev/shm']);
    await chmod(root.dir, 0o750);
    expect(await folders()).toEqual(['/dev/shm']);
    expect(await sweptRoots({ XDG_RUNTIME_DIR: root.dir, PHOENIX_VAULT: '/not/there' })).toEqual([
      root.dir,
      '/dev/shm',
    ]);
  });
});

describe('two runs at once', () => {
  test('have a vault each, and the end or the sweep of one leaves the other’s', async () => {
    await using root = await ramRoot();
    await using one = await openVault(root.dir, 'one');
    {
      await using two = await openVault(root.dir, 'two');
      await two.write(two.dir, 'secret', 'of two');
      await one.write(one.dir, 'secret', 'of one');
      expect(await sweepVaults([root.dir])).toEqual([]);
    }
    expect(await readdir(root.dir)).toEqual(['phoenix-vault-one']);
    expect(await readFile(join(one.dir, 'secret'), 'utf8')).toBe('of one');
  });
});

describe('the wipe', () => {
  test('overwrites what is the vault’s alone, and leaves a file whole that has another name elsewhere', async () => {
    await using root = await ramRoot();
    const vault = await openVault(root.dir, 'one');
    await writeFile(join(root.dir, 'mine'), 'not of the vault');
    await link(join(root.dir, 'mine'), join(vault.dir, 'second-name'));
    await symlink(join(root.dir, 'mine'), join(vault.dir, 'link'));
    await using handle = await open(await vault.write(vault.dir, 'secret', 'a-value-to-forget'));
    await vault[Symbol.asyncDispose]();
    expect((await handle.readFile()).every((byte) => byte === 0)).toBe(true);
    expect(await readFile(join(root.dir, 'mine'), 'utf8')).toBe('not of the vault');
    expect(await readdir(root.dir)).toEqual(['mine']);
  });

  asRoot('of a vault of another user is left to that user', async () => {
    await using root = await ramRoot();
    const theirs = join(root.dir, 'phoenix-vault-theirs');
    await mkdir(theirs);
    const dead = { pid: 2 ** 22 + 1, startTime: '1', bootId: 'another boot' };
    await writeFile(join(theirs, 'owner.json'), JSON.stringify(dead));
    await chown(theirs, nobody, nobody);
    expect(await sweepVaults([root.dir])).toEqual([]);
    await chown(theirs, 0, 0);
    expect(await sweepVaults([root.dir])).toEqual([theirs]);
  });
});
