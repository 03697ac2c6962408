import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/log.ts';
import { identify } from '../../src/process-identity.ts';
import { openBox } from '../../src/rehearsal/box.ts';
import { sweepBoxes } from '../../src/rehearsal/records.ts';
import { boxTools, eventually, openTestBox, ramFolder, self } from '../support/box.ts';

const opener = join(import.meta.dirname, '../support/box-opener.ts');

const isGone = async (path: string) =>
  access(path).then(
    () => false,
    () => true,
  );
const noneLives = async (pids: readonly number[]) =>
  (await Promise.all(pids.map(identify))).every((identity) => identity === undefined);

describe('the end of a box', () => {
  let dir: string;
  let stateDir: string;

  beforeEach(async () => {
    dir = await ramFolder();
    stateDir = await mkdtemp(join(tmpdir(), 'phoenix-box-'));
  });
  afterEach(async () => {
    await sweepBoxes(stateDir);
    await rm(dir, { recursive: true, force: true });
    await rm(stateDir, { recursive: true, force: true });
  });

  /** A process that opened a box with a machine, its host, and what the host runs. */
  async function opened() {
    const child = spawn(process.execPath, [opener, dir, stateDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const processes = JSON.parse(line) as { name: string; pid: number }[];
    const [record = ''] = await readdir(join(stateDir, 'boxes'));
    const { host } = JSON.parse(await readFile(join(stateDir, 'boxes', record), 'utf8'));
    return { child, host: host.pid as number, pids: processes.map(({ pid }) => pid) };
  }

  it('comes with the kill of whoever opened it: no process, no RAM directory, no record', async () => {
    const { child, host, pids } = await opened();
    expect(pids).toHaveLength(2);
    child.kill('SIGKILL');
    await eventually('every process has ended', 30, () => noneLives([host, ...pids]));
    expect(await isGone(dir)).toBe(true);
    expect(await readdir(join(stateDir, 'boxes'))).toEqual([]);
  });

  it('comes with the next run where host and opener were both killed', async () => {
    const { child, host, pids } = await opened();
    child.kill('SIGSTOP');
    process.kill(host, 'SIGKILL');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await eventually('the host has ended', 30, () => noneLives([host]));
    expect(await noneLives(pids)).toBe(false);
    const swept = await sweepBoxes(stateDir);
    expect(swept).toEqual({ boxes: 1, processes: ['etcd', 'kube-apiserver'] });
    expect(await noneLives(pids)).toBe(true);
    expect(await isGone(dir)).toBe(true);
    expect(await sweepBoxes(stateDir)).toEqual({ boxes: 0, processes: [] });
  });

  it('comes with a polite signal to the host as well', async () => {
    const { child, host, pids } = await opened();
    process.kill(host, 'SIGTERM');
    await eventually('every process has ended', 30, () => noneLives([host, ...pids]));
    await eventually('the RAM directory is gone', 30, () => isGone(dir));
    child.kill('SIGKILL');
  });

  it('is told where the host alone was killed, and what it had started is ended at once', async () => {
    await using world = await openTestBox();
    await world.machine();
    const pids = (await world.box.processes()).map(({ pid }) => pid);
    const [record = ''] = await readdir(join(world.stateDir, 'boxes'));
    const { host } = JSON.parse(await readFile(join(world.stateDir, 'boxes', record), 'utf8'));
    process.kill(host.pid, 'SIGKILL');
    await eventually('the death of the host is told', 30, async () => world.deaths.length > 0);
    expect(world.deaths).toEqual([{ name: 'box-host', how: 'signal SIGKILL' }]);
    expect(await noneLives(pids)).toBe(true);
    expect(await isGone(world.dir)).toBe(true);
  });

  it('leaves a box alone whose host lives, when another run sweeps', async () => {
    await using world = await openTestBox();
    await world.machine();
    expect(await sweepBoxes(world.stateDir)).toEqual({ boxes: 0, processes: [] });
    expect(await world.box.processes()).toHaveLength(2);
    expect(world.deaths).toEqual([]);
  });

  it('comes with an abort in the middle of its opening', async () => {
    const stop = new AbortController();
    const options = { dir, stateDir, tools: await boxTools(), standIns: [], self, log: silentLog };
    const opening = openBox({ ...options, signal: stop.signal });
    stop.abort(new Error('cancelled'));
    await expect(opening).rejects.toThrow();
    await eventually('the host left nothing', 30, async () => (await sweepBoxes(stateDir)).boxes === 0);
    expect(await readdir(join(stateDir, 'boxes')).catch(() => [])).toEqual([]);
  });

  it('comes with a stand-in that cannot start, which is named', async () => {
    const standIns = [{ name: 'git', config: { kind: 'git', config: { token: 'x' } } }];
    const options = { dir, stateDir, tools: await boxTools(), self, log: silentLog };
    const opening = openBox({ ...options, standIns, signal: new AbortController().signal });
    await expect(opening).rejects.toMatchObject({
      code: 'PHX-BOX-STAND-IN',
      what: expect.stringContaining('git'),
    });
    expect(await isGone(dir)).toBe(true);
    expect(await readdir(join(stateDir, 'boxes'))).toEqual([]);
  });
});
