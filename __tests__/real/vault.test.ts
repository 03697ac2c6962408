import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { identify, type ProcessIdentity } from '../../src/process-identity.ts';
import { abandonedVaults, sweepVaults } from '../../src/vault/sweep.ts';
import { openVault } from '../../src/vault/vault.ts';
import { rejection, temporaryFolder } from '../support/folder.ts';

/** A process that stands for a runner's worker. */
async function sleeper() {
  const child = spawn('sleep', ['600']);
  await once(child, 'spawn');
  const end = async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL'))
      await once(child, 'exit');
  };
  return { pid: child.pid ?? 0, end, [Symbol.asyncDispose]: end };
}

/** A folder of its own on the machine's real tmpfs. */
async function ramRoot() {
  const dir = join('/dev/shm', `phoenix-test-${randomUUID().slice(0, 8)}`);
  await mkdir(dir, { mode: 0o700 });
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

async function refusal(promise: Promise<unknown>): Promise<PhoenixError> {
  const error = await rejection(promise);
  if (error instanceof PhoenixError) return error;
  throw error;
}

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe('a vault', () => {
  test('is its owner’s alone, a folder for each layer, and gone when the run ends', async () => {
    await using root = await ramRoot();
    {
      await using vault = await openVault(root.dir, 'one');
      const partition = await vault.partition('apps/web');
      const file = await vault.write(partition, 'secret', 'a value');
      expect(await readFile(file, 'utf8')).toBe('a value');
      expect(await modeOf(vault.dir)).toBe(0o700);
      expect(await modeOf(partition)).toBe(0o700);
      expect(await modeOf(file)).toBe(0o600);
      expect(await vault.partition('apps/web')).toBe(partition);
      expect(await vault.partition('apps')).not.toBe(partition);
    }
    expect(await readdir(root.dir)).toEqual([]);
  });

  test('writes no file over another, nor through a link that somebody put there', async () => {
    await using root = await ramRoot();
    await using vault = await openVault(root.dir, 'one');
    await vault.write(vault.dir, 'secret', 'a value');
    expect((await refusal(vault.write(vault.dir, 'secret', 'another'))).code).toBe('PHX-VAULT-WRITE');
    await symlink(join(root.dir, 'elsewhere'), join(vault.dir, 'link'));
    expect((await refusal(vault.write(vault.dir, 'link', 'a value'))).code).toBe('PHX-VAULT-WRITE');
    expect(await readdir(root.dir)).toEqual(['phoenix-vault-one']);
  });

  test('is not opened where something lies already', async () => {
    await using root = await ramRoot();
    await mkdir(join(root.dir, 'phoenix-vault-one'));
    expect((await refusal(openVault(root.dir, 'one'))).code).toBe('PHX-VAULT-EXISTS');
  });

  test('is not opened on a disk, through a link, or where there is nothing', async () => {
    await using root = await ramRoot();
    // The repository itself: where tests run, it may not lie in RAM.
    expect((await refusal(openVault(import.meta.dirname, 'one'))).code).toBe('PHX-VAULT-NOT-RAM');
    await symlink('/dev/shm', join(root.dir, 'link'));
    expect((await refusal(openVault(join(root.dir, 'link'), 'one'))).code).toBe('PHX-VAULT-ROOT');
    expect((await refusal(openVault(join(root.dir, 'nothing'), 'one'))).code).toBe('PHX-VAULT-ROOT');
  });
});

describe('the sweep', () => {
  const dead = { pid: 2 ** 22 + 1, startTime: '1', bootId: 'another boot' };

  test('wipes the vaults of dead runs, and leaves those of live ones and what is none of Phoenix’s', async () => {
    await using root = await ramRoot();
    await using live = await openVault(root.dir, 'live');
    const old = join(root.dir, 'phoenix-vault-dead');
    await mkdir(join(old, 'layers'), { recursive: true });
    await writeFile(join(old, 'owner.json'), JSON.stringify(dead));
    await mkdir(join(root.dir, 'somebody-elses'));
    expect(await sweepVaults([root.dir])).toEqual([old]);
    expect((await readdir(root.dir)).toSorted()).toEqual(['phoenix-vault-live', 'somebody-elses']);
    expect(live.dir).toBe(join(root.dir, 'phoenix-vault-live'));
  });

  test('spares the vault of a killed run as long as its job lives, which has a post step to come, for a day at most', async () => {
    await using root = await ramRoot();
    await using job = await sleeper();
    const left = join(root.dir, 'phoenix-vault-killed');
    await mkdir(left);
    const write = async (identity: ProcessIdentity | undefined) =>
      writeFile(join(left, 'owner.json'), JSON.stringify({ ...dead, job: identity }));
    await write(await identify(job.pid));
    expect(await sweepVaults([root.dir])).toEqual([]);
    expect(await abandonedVaults([root.dir])).toEqual([]);
    await job.end();
    expect(await sweepVaults([root.dir])).toEqual([left]);
  });

  test('leaves a vault that is so young that its owner is not written yet, and links', async () => {
    await using root = await ramRoot();
    await using other = await temporaryFolder({ 'owner.json': JSON.stringify(dead) });
    await mkdir(join(root.dir, 'phoenix-vault-young'));
    await utimes(join(root.dir, 'phoenix-vault-young'), 0, 0);
    await symlink(other.dir, join(root.dir, 'phoenix-vault-link'));
    expect(await sweepVaults([root.dir])).toEqual([]);
    expect(await readdir(other.dir)).toEqual(['owner.json']);
  });
});
