import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { symlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { capture } from '../../src/command.ts';
import { endMarked, signalExactly } from '../../src/process/end.ts';
import { orphansAreReaped, runsAsBareInit } from '../../src/process/init.ts';
import { takePicture } from '../../src/process/picture.ts';
import { socketsOf } from '../../src/process/sockets.ts';
import { readStat } from '../../src/process/stat.ts';
import { commandLine, members, processesMarked, zombiesIn } from '../../src/process/tree.ts';
import { cpuNanoseconds, ioBytes } from '../../src/process/usage.ts';
import { createSampler } from '../../src/process/vitals.ts';
import { waitsOf } from '../../src/process/waits.ts';
import { identify } from '../../src/process-identity.ts';
import { temporaryFolder } from '../support/folder.ts';

const variable = 'PHOENIX_TEST_LAYER';

/** A shell that leads a group and bears a marker of its own; whatever bears it is killed at the end. */
async function shell(script: string, ...args: string[]) {
  const marker = { name: variable, value: randomUUID() };
  const child = spawn('/bin/sh', ['-c', script, 'sh', ...args], {
    detached: true,
    env: { PATH: process.env['PATH'], [variable]: marker.value },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const gone = once(child, 'exit');
  await once(child, 'spawn');
  return {
    marker,
    pid: child.pid ?? 0,
    child,
    gone,
    [Symbol.asyncDispose]: async () => {
      await endMarked(marker, { graceMs: 0 });
      for (const { pid } of members(child.pid ?? 0)) {
        if (pid !== process.pid) process.kill(pid, 'SIGKILL');
      }
    },
  };
}

async function said(child: ChildProcess): Promise<string> {
  const [bytes] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return bytes.toString().trim();
}

async function eventually<T>(look: () => T | Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 10_000; ; await sleep(20)) {
    const value = await look();
    if (holds(value) || Date.now() > deadline) return value;
  }
}

const names = (found: readonly { readonly name: string }[]) => found.map(({ name }) => name).toSorted();
const marked = ({ name, value }: { name: string; value: string }) => processesMarked(name, value);

describe('the processes of a layer', () => {
  test('are found by their marker, exactly: a value that only begins alike is another layer', async () => {
    await using here = await shell('sleep 60 & wait');
    expect(
      names(
        await eventually(
          () => marked(here.marker),
          (found) => found.length === 2,
        ),
      ),
    ).toEqual(['sh', 'sleep']);
    expect(await processesMarked(variable, here.marker.value.slice(0, -1))).toEqual([]);
    expect(await processesMarked(variable.slice(1), here.marker.value)).toEqual([]);
    const [first] = await marked(here.marker);
    expect(await identify(here.pid)).toMatchObject({ pid: first?.pid, startTime: first?.startTime });
  });

  test('are found by group and parent where they have no environment, and where they left the group', async () => {
    await using here = await shell('env -i sleep 60 & setsid env -i sleep 61 & wait');
    const found = await eventually(
      () => members(here.pid),
      (all) => all.filter(({ name }) => name === 'sleep').length === 2,
    );
    expect(names(found)).toEqual(['sh', 'sleep', 'sleep']);
    expect(names(await marked(here.marker))).toEqual(['sh']);
    const sampled = await createSampler(here.pid, here.marker)();
    expect(names(sampled)).toEqual(['sh', 'sleep', 'sleep']);
  });

  test('have arguments that are bounded, and vanish without an error', async () => {
    await using here = await shell('sleep 60', 'x'.repeat(100_000));
    expect(commandLine(here.pid).join(' ').length).toBeLessThanOrEqual(4096);
    here.child.kill('SIGKILL');
    await here.gone;
    expect(commandLine(here.pid)).toEqual([]);
    expect(cpuNanoseconds(here.pid)).toBeUndefined();
    expect(ioBytes(here.pid)).toBeUndefined();
    expect(waitsOf(here.pid)).toEqual([]);
    expect(socketsOf(here.pid)).toEqual([]);
  });

  test('are told to be zombies, with the parent that does not reap them', async () => {
    // The sleeping program takes the shell's place, and knows nothing of the child that it got with it.
    await using here = await shell('true & exec sleep 60');
    const found = await eventually(
      () => zombiesIn(members(here.pid)),
      (zombies) => zombies.length === 1 && zombies[0]?.parent.name === 'sleep',
    );
    expect(found).toEqual([
      { pid: expect.any(Number), name: expect.any(String), parent: { pid: here.pid, name: 'sleep' } },
    ]);
    expect((await takePicture(here.pid, here.marker)).zombies).toEqual(found);
    expect(names(await createSampler(here.pid, here.marker)())).toEqual(['sleep']);
  });

  test('have used the processor time and moved the bytes that they did', async () => {
    await using busy = await shell('while :; do :; done');
    await using copying = await shell('head -c 1000000 /dev/zero > /dev/null; sleep 60');
    const before = cpuNanoseconds(busy.pid) ?? 0;
    await eventually(
      () => cpuNanoseconds(busy.pid) ?? 0,
      (now) => now - before > 100_000_000,
    );
    expect((cpuNanoseconds(busy.pid) ?? 0) - before).toBeGreaterThan(100_000_000);
    expect(cpuNanoseconds(copying.pid)).toBeLessThan(100_000_000);
    // The shell's own bytes: what it waited for is added to it.
    await eventually(() => members(copying.pid).some(({ name }) => name === 'sleep'), Boolean);
    expect(ioBytes(copying.pid)).toBeGreaterThan(1_000_000);
  });
});

describe('what a process waits for', () => {
  test('is its call, and who holds the other end of a pipe', async () => {
    await using here = await shell('sleep 60 | cat');
    const waits = async () => {
      const { processes } = await takePicture(here.pid, here.marker);
      return processes.map(({ name, waitsFor }) => `${name}: ${waitsFor.join()}`.replace(/\(\d+\)/, '(PID)'));
    };
    // For a moment each of the two is still the shell that it was forked from.
    const settled = ['cat: read of a pipe shared with sleep (PID)', 'sh: wait4', 'sleep: clock_nanosleep'];
    const found = await eventually(waits, (lines) => lines.toSorted().join('\n') === settled.join('\n'));
    expect(found.toSorted()).toEqual(settled);
  });

  test('is the far end of its connection, which never answers', async () => {
    await using silent = await silentServer();
    const client =
      "require('net').connect(process.argv[1], '127.0.0.1').on('connect', () => console.log('up'))";
    await using here = await shell('exec "$1" -e "$2" "$3"', process.execPath, client, String(silent.port));
    expect(await said(here.child)).toBe('up');
    const { processes } = await takePicture(here.pid, here.marker);
    expect(processes[0]?.sockets).toContainEqual({
      inode: expect.any(String),
      kind: 'tcp',
      local: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      remote: `127.0.0.1:${silent.port}`,
      state: 'ESTABLISHED',
    });
  });

  test('tells the program and its subcommand, and no argument that may be a secret', async () => {
    await using folder = await temporaryFolder({ apply: 'setTimeout(() => {}, 60_000);' });
    await symlink(process.execPath, join(folder.dir, 'tofu'));
    const script = 'sleep 61 & cd "$1" && exec "$1/tofu" apply -var=password=hunter2';
    await using here = await shell(script, folder.dir);
    const { processes } = await eventually(
      () => takePicture(here.pid, here.marker),
      (picture) => names(picture.processes).join() === 'sleep,tofu apply',
    );
    expect(names(processes)).toEqual(['sleep', 'tofu apply']);
    expect(JSON.stringify(processes)).not.toContain('hunter2');
  });
});

async function silentServer() {
  const held = new Set<Socket>();
  const server: Server = createServer((socket) => held.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: async () => {
      for (const socket of held) socket.destroy();
      server.close();
    },
  };
}

describe('ending what a layer left', () => {
  test('reaches a grandchild that keeps the output open after its parent is gone', async () => {
    await using here = await shell('sleep 60 & exit 0');
    await here.gone;
    const [left] = await eventually(
      () => marked(here.marker),
      (found) => found[0]?.name === 'sleep',
    );
    expect(left).toMatchObject({ name: 'sleep', pgrp: here.pid });
    const closed = once(here.child, 'close');
    here.child.stdout?.resume();
    expect(await endMarked(here.marker, { graceMs: 5_000 })).toEqual([
      { pid: left?.pid, name: 'sleep', killed: false },
    ]);
    await closed;
  });

  test('reaches a daemon that forked twice and left group, session and parent', async () => {
    await using here = await shell('setsid sh -c "sleep 60 & exit 0" & wait; exit 0');
    await here.gone;
    const [left] = await eventually(
      () => marked(here.marker),
      (found) => found[0]?.name === 'sleep',
    );
    expect(left?.name).toBe('sleep');
    expect(left?.pgrp).not.toBe(here.pid);
    expect(left?.session).not.toBe(here.pid);
    expect(names(await endMarked(here.marker, { graceMs: 5_000 }))).toEqual(['sleep']);
    expect(await marked(here.marker)).toEqual([]);
  });

  test('reaches a child that closed its output', async () => {
    await using here = await shell('exec sleep 60 >&- 2>&-');
    here.child.stdout?.resume();
    await once(here.child.stdout as NodeJS.ReadableStream, 'close');
    expect(names(await endMarked(here.marker, { graceMs: 5_000 }))).toEqual(['sleep']);
  });

  test('kills what does not go when asked, after the grace and not before', async () => {
    await using here = await shell('trap "" TERM; echo up; while :; do sleep 0.05; done');
    expect(await said(here.child)).toBe('up');
    const began = Date.now();
    const ended = await endMarked(here.marker, { graceMs: 400 });
    expect(Date.now() - began).toBeGreaterThanOrEqual(400);
    expect(Date.now() - began).toBeLessThan(4_000);
    expect(ended).toContainEqual({ pid: here.pid, name: 'sh', killed: true });
    expect(await marked(here.marker)).toEqual([]);
  });

  test('asks each process once: a second request would make an engine drop what it holds', async () => {
    await using here = await shell('trap "echo asked" TERM; echo up; while :; do sleep 0.02; done');
    expect(await said(here.child)).toBe('up');
    let heard = '';
    here.child.stdout?.on('data', (bytes: Buffer) => {
      heard += bytes.toString();
    });
    await endMarked(here.marker, { graceMs: 500 });
    expect(heard.match(/asked/g)).toHaveLength(1);
  });

  test('never signals a process that only has the pid', async () => {
    await using here = await shell('exec sleep 60');
    const record = await eventually(
      () => readStat(here.pid),
      (found) => found?.name === 'sleep',
    );
    expect(signalExactly({ pid: here.pid, startTime: '1' }, 'SIGKILL')).toBe(false);
    await sleep(50);
    expect(readStat(here.pid)?.state).toBe('S');
    expect(signalExactly({ pid: here.pid, startTime: record?.startTime ?? '' }, 'SIGKILL')).toBe(true);
    await here.gone;
    expect(signalExactly({ pid: here.pid, startTime: record?.startTime ?? '' }, 'SIGKILL')).toBe(false);
  });
});

describe('the init of this place', () => {
  const script = (name: string) =>
    `import(${JSON.stringify(join(import.meta.dirname, '../../src/process/init.ts'))}).then(async (init) => {` +
    `console.log(JSON.stringify({ bare: init.runsAsBareInit(), reaped: await init.orphansAreReaped(${name}) })); });`;

  test('is another process where Phoenix is started as usual', () => {
    expect(runsAsBareInit()).toBe(false);
  });

  test('is Phoenix itself, and reaps no orphan, in a pid namespace of its own', async ({ skip }) => {
    const unshare = ['--pid', '--fork', '--mount-proc'];
    const permitted = await capture('unshare', [...unshare, 'true']).catch(() => ({ code: 1 }));
    if (permitted.code !== 0) skip('making a pid namespace is not permitted here');
    const { stdout } = await capture('unshare', [
      ...unshare,
      process.execPath,
      '--no-warnings',
      '-e',
      script('300'),
    ]);
    expect(JSON.parse(stdout)).toEqual({ bare: true, reaped: false });
  });

  test('reaps where there is a real one, and not where PID 1 only sleeps', async ({ skip }) => {
    const unshare = ['--pid', '--fork', '--mount-proc', '/bin/sh', '-c'];
    const permitted = await capture('unshare', [...unshare, 'true']).catch(() => ({ code: 1 }));
    if (permitted.code !== 0) skip('making a pid namespace is not permitted here');
    // As the runner starts a job's container: PID 1 is a program that waits for nothing.
    const sleeping = `"$0" --no-warnings -e "$1" & exec sleep 4`;
    const asleep = await capture('unshare', [...unshare, sleeping, process.execPath, script('300')]);
    expect(JSON.parse(asleep.stdout)).toEqual({ bare: false, reaped: false });
    // A shell that waits reaps whatever is given to it.
    const waiting = `"$0" --no-warnings -e "$1" & wait; :`;
    const awake = await capture('unshare', [...unshare, waiting, process.execPath, script('5000')]);
    expect(JSON.parse(awake.stdout)).toEqual({ bare: false, reaped: true });
  });

  test('is asked without leaving anything behind', async ({ skip }) => {
    const reaped = await orphansAreReaped();
    if (reaped === false) skip('the init of this machine reaps nothing');
    expect(reaped).toBe(true);
    expect(members(process.pid).filter(({ name, ppid }) => name === 'sh' && ppid === process.pid)).toEqual(
      [],
    );
  });
});

test('a sample of a layer among all processes of this machine takes a few milliseconds at most', async () => {
  await using here = await shell('for i in 1 2 3 4 5; do sleep 60 & done; wait');
  const sample = createSampler(here.pid, here.marker);
  for (let warm = 0; warm < 20; warm += 1) await sample();
  const times: number[] = [];
  for (let round = 0; round < 100; round += 1) {
    const began = performance.now();
    expect(await sample()).toHaveLength(6);
    times.push(performance.now() - began);
  }
  const median = times.toSorted((left, right) => left - right)[50] ?? 0;
  if (process.env['PHOENIX_TEST_FIGURES'] !== undefined)
    process.stderr.write(`a sample: ${median.toFixed(2)} ms\n`);
  expect(median).toBeLessThan(2);
});
