import { spawn } from 'node:child_process';
import { access, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identify, isAlive, type ProcessIdentity } from '../../src/process-identity.ts';
import {
  type BoxRecord,
  markBoxDirectory,
  removeBoxDirectory,
  sweepBoxes,
  writeRecord,
} from '../../src/rehearsal/records.ts';
import { temporaryFolder } from '../support/folder.ts';

const dead: ProcessIdentity = { pid: 1, startTime: 'never', bootId: 'none' };

describe('the sweep of boxes', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let dir: string;
  let bystander: ReturnType<typeof spawn>;
  let identity: ProcessIdentity;

  beforeEach(async () => {
    folder = await temporaryFolder();
    dir = join(folder.dir, 'ram');
    await mkdir(dir);
    bystander = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { detached: true });
    const found = await identify(bystander.pid ?? 0);
    if (found === undefined) throw new Error('it did not start');
    identity = found;
  });
  afterEach(async () => {
    bystander.kill('SIGKILL');
    await folder[Symbol.asyncDispose]();
  });

  const record = (parts: Partial<BoxRecord>): BoxRecord => ({
    id: 'b',
    dir,
    host: dead,
    processes: [],
    ...parts,
  });
  const isThere = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    );

  it('ends a recorded process and removes the RAM directory of a dead host', async () => {
    await markBoxDirectory(dir, 'b');
    await writeRecord(folder.dir, record({ processes: [{ ...identity, name: 'etcd' }] }));
    expect(await sweepBoxes(folder.dir)).toEqual({ boxes: 1, processes: ['etcd'] });
    expect(await isAlive(identity)).toBe(false);
    expect(await isThere(dir)).toBe(false);
  });

  it.each([
    ['start time', { startTime: '1' }],
    ['boot', { bootId: 'another' }],
  ])('spares a process that only took over the pid: its %s differs', async (_, difference) => {
    await writeRecord(folder.dir, record({ processes: [{ ...identity, ...difference, name: 'etcd' }] }));
    expect((await sweepBoxes(folder.dir)).processes).toEqual([]);
    expect(await isAlive(identity)).toBe(true);
  });

  it('touches nothing of a box whose host lives', async () => {
    await markBoxDirectory(dir, 'b');
    await writeRecord(folder.dir, record({ host: identity, processes: [{ ...identity, name: 'etcd' }] }));
    expect(await sweepBoxes(folder.dir)).toEqual({ boxes: 0, processes: [] });
    expect(await isAlive(identity)).toBe(true);
    expect(await isThere(dir)).toBe(true);
  });

  it('removes no directory that does not say it belongs to the box, and follows no link', async () => {
    await removeBoxDirectory(dir, 'b');
    expect(await isThere(dir)).toBe(true);
    await markBoxDirectory(dir, 'another');
    await removeBoxDirectory(dir, 'b');
    expect(await isThere(dir)).toBe(true);
    const link = join(folder.dir, 'link');
    await symlink(dir, link);
    await removeBoxDirectory(link, 'another');
    expect(await isThere(dir)).toBe(true);
  });

  it('passes over what is no record of its own', async () => {
    await mkdir(join(folder.dir, 'boxes'));
    await writeFile(join(folder.dir, 'boxes', 'x.json'), '{"host": 1');
    expect(await sweepBoxes(folder.dir)).toEqual({ boxes: 0, processes: [] });
    expect(await sweepBoxes(join(folder.dir, 'nowhere'))).toEqual({ boxes: 0, processes: [] });
  });
});
