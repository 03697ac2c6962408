import { mkdir, open, readdir, readFile, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { isKeptFromSwap, isMounted, mounts } from '../../src/vault/mount.ts';
import { watchRoom } from '../../src/vault/room.ts';
import { canKeepFromSwap } from '../../src/vault/root.ts';
import { abandonedVaults, sweepVaults } from '../../src/vault/sweep.ts';
import { openOwnVault, type Vault } from '../../src/vault/vault.ts';
import { wipe } from '../../src/vault/wipe.ts';
import { rejection } from '../support/folder.ts';
import { canMount, mountedIn, ramRoot, startScript } from '../support/ram.ts';

const mib = 1024 * 1024;
/** These mount for real, which takes root. */
const mounting = test.skipIf(!canMount);

async function opened(root: string, id: string, bytes = 16 * mib): Promise<Vault> {
  const vault = await openOwnVault(root, id, { bytes });
  if (vault === undefined) throw new Error('the tmpfs was refused');
  return vault;
}

/** A process that opens a vault of its own and stays, as a run does. */
const stays = (root: string, id: string) => `
  import { openOwnVault } from 'VAULT/vault.ts';
  const vault = await openOwnVault(${JSON.stringify(root)}, ${JSON.stringify(id)}, { bytes: 16 << 20 });
  await vault.write(vault.dir, 'secret', 'value-of-a-dead-run');
  console.log(vault.dir);
  setInterval(() => {}, 1000);
`;

describe('a vault of its own', () => {
  mounting('is a tmpfs that nothing is run from, of the size asked for, and kept from swap', async () => {
    await using root = await ramRoot();
    await using vault = await opened(root.dir, 'one');
    expect(mountedIn(root.dir)).toEqual([vault.dir]);
    const own = (await readFile('/proc/self/mountinfo', 'utf8'))
      .split('\n')
      .find((line) => line.includes(` ${vault.dir} `));
    expect(own).toMatch(/ rw,nosuid,nodev,noexec[, ].* - tmpfs /);
    expect(mounts().at(-1)?.options).toContain('mode=700');
    expect(isKeptFromSwap(vault.dir)).toBe(canKeepFromSwap());
    const { blocks, bsize } = await statfs(vault.dir);
    expect(blocks * bsize).toBe(16 * mib);
  });

  mounting('overwrites what it held, is unmounted and gone at the end, and again is no harm', async () => {
    await using root = await ramRoot();
    const vault = await opened(root.dir, 'one');
    const file = await vault.write(await vault.partition('platform'), 'secret', 'a-value-to-forget');
    // As a snapshot of the memory would: through the file, past its name.
    await using handle = await open(file);
    expect(await wipe(vault.dir)).toBe('lazy');
    expect((await handle.readFile()).toString()).toBe('\0'.repeat('a-value-to-forget'.length));
    expect(isMounted(vault.dir)).toBe(false);
    expect(await readdir(root.dir)).toEqual([]);
    expect(await wipe(vault.dir)).toBe('gone');
  });

  mounting('that a process still has open is taken out of sight, and that is told', async () => {
    await using root = await ramRoot();
    const told: string[] = [];
    const vault = await openOwnVault(root.dir, 'one', { bytes: 16 * mib, onWiped: (how) => told.push(how) });
    const file = (await vault?.write(vault.dir, 'log', 'a line')) ?? '';
    {
      await using _ = await open(file);
      await vault?.[Symbol.asyncDispose]();
    }
    expect(told).toEqual(['lazy']);
    expect(mountedIn(root.dir)).toEqual([]);
    expect(await readdir(root.dir)).toEqual([]);
  });

  mounting('leaves alone what somebody mounted into it', async () => {
    await using root = await ramRoot();
    await mkdir(join(root.dir, 'other'));
    await writeFile(join(root.dir, 'other', 'mine'), 'not of the vault');
    const vault = await opened(root.dir, 'one');
    await mkdir(join(vault.dir, 'into'));
    await using mounted = startScript(`
      import { spawnSync } from 'node:child_process';
      const done = spawnSync('mount', ['--bind', ${JSON.stringify(join(root.dir, 'other'))}, ${JSON.stringify(join(vault.dir, 'into'))}]);
      console.log(done.status);
    `);
    expect(await mounted.line).toBe('0');
    expect(await readdir(join(vault.dir, 'into'))).toEqual(['mine']);
    await vault[Symbol.asyncDispose]();
    expect(await readFile(join(root.dir, 'other', 'mine'), 'utf8')).toBe('not of the vault');
  });

  mounting(
    'of 1 MB says that it is full, where a write finds no room, and before that to whoever watches',
    async () => {
      await using root = await ramRoot();
      await using vault = await opened(root.dir, 'one', mib);
      const full = Promise.withResolvers<PhoenixError>();
      using _ = watchRoom(vault.dir, full.resolve);
      const error = await rejection(vault.write(vault.dir, 'large', Buffer.alloc(2 * mib)));
      expect(error).toBeInstanceOf(PhoenixError);
      expect(error).toMatchObject({ code: 'PHX-VAULT-FULL', class: 'vault', why: 'Its tmpfs is full.' });
      expect(await full.promise).toMatchObject({
        code: 'PHX-VAULT-FULL',
        what: `The vault ${vault.dir} is full.`,
      });
      await vault[Symbol.asyncDispose]();
      expect(await readdir(root.dir)).toEqual([]);
    },
  );

  mounting('is not had by a root that may not mount, and nothing is left of the attempt', async () => {
    await using root = await ramRoot();
    const script = `
      import { openOwnVault } from 'VAULT/vault.ts';
      import { mayMount, placesFor } from 'VAULT/root.ts';
      const vault = await openOwnVault(${JSON.stringify(root.dir)}, 'one', { bytes: 16 << 20 });
      console.log(JSON.stringify([vault === undefined, mayMount(), await placesFor({}, 0)]));
    `;
    const less = ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin'];
    await using contained = startScript(script, less);
    expect(JSON.parse(await contained.line)).toEqual([true, false, [{ root: '/dev/shm', own: false }]]);
    expect(await readdir(root.dir)).toEqual([]);
  });
});

describe('the sweep of vaults of their own', () => {
  mounting('leaves one whose run lives, and wipes and unmounts it once its run was killed', async () => {
    await using root = await ramRoot();
    await using run = startScript(stays(root.dir, 'killed'));
    const dir = await run.line;
    await using another = await opened(root.dir, 'another');
    expect(await sweepVaults([root.dir])).toEqual([]);
    expect(await readFile(join(dir, 'secret'), 'utf8')).toBe('value-of-a-dead-run');
    await run.kill();
    expect(mountedIn(dir)).toEqual([dir]);
    const told: string[] = [];
    expect(await sweepVaults([root.dir], (swept, how) => told.push(`${swept} ${how}`))).toEqual([dir]);
    expect(told).toEqual([`${dir} gone`]);
    expect(mountedIn(root.dir)).toEqual([another.dir]);
    expect(await readdir(root.dir)).toEqual(['phoenix-vault-another']);
  });

  mounting('from another mount namespace, where a live vault looks empty, leaves it', async () => {
    await using root = await ramRoot();
    const apart = ['unshare', '--mount', '--propagation', 'private'];
    await using run = startScript(stays(root.dir, 'elsewhere'), apart);
    const dir = await run.line;
    expect(await readdir(dir)).toEqual(['owner.json']);
    expect(await sweepVaults([root.dir])).toEqual([]);
    expect((await stat(dir)).isDirectory()).toBe(true);
    await run.kill();
    expect(await sweepVaults([root.dir])).toEqual([dir]);
  });

  mounting('leaves the vault of a dead run whose engine is still at work with it', async () => {
    await using root = await ramRoot();
    await using run = startScript(stays(root.dir, 'adopted'));
    const dir = await run.line;
    await using engine = startScript("console.log('at work'); setInterval(() => {}, 1000);", [
      'env',
      'PHOENIX_RUN=adopted',
    ]);
    await engine.line;
    await run.kill();
    expect(await abandonedVaults([root.dir])).toEqual([dir]);
    expect(await sweepVaults([root.dir])).toEqual([]);
    await engine.kill();
    expect(await sweepVaults([root.dir])).toEqual([dir]);
  });
});
