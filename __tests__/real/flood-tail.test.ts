import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, open, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { capture } from '../../src/command.ts';
import { tailFile } from '../../src/layer/tail.ts';
import { temporaryFolder } from '../support/folder.ts';

const mib = 1024 * 1024;

/** A process of its own, so that what is measured is the tail's memory and not the test runner's. */
const reader = `
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, stat } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { tailFile } from ${JSON.stringify(join(import.meta.dirname, '../../src/layer/tail.ts'))};
const [file, script, limit, busy] = process.argv.slice(1);
const work = () => { for (const end = performance.now() + Number(busy); performance.now() < end; ); };
const delay = monitorEventLoopDelay({ resolution: 5 });
const output = await open(file, 'ax');
let lines = 0, last = '', bytes = 0, rss = 0, size = 0, turns = 0;
const tail = await tailFile(file, (line) => { lines += 1; bytes += line.length + 1; last = line; work(); }, { rotateAtBytes: Number(limit) });
const before = process.memoryUsage.rss();
const look = setInterval(async () => {
  turns += 1;
  rss = Math.max(rss, process.memoryUsage.rss());
  size = Math.max(size, (await stat(file)).size);
}, 10);
const started = performance.now();
const child = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', output.fd, 'ignore'] });
delay.enable();
await once(child, 'exit');
const wrote = performance.now() - started;
await tail.stop();
clearInterval(look);
delay.disable();
console.log(JSON.stringify({ lines, last: last.slice(0, 80), bytes, loss: tail.loss, grown: rss - before, rss, size, wrote,
  seconds: (performance.now() - started) / 1000, turns, stuckMs: delay.percentile(99) / 1e6 }));
`;

interface Measured {
  readonly lines: number;
  readonly last: string;
  readonly bytes: number;
  readonly loss: { readonly lostBytes: number; readonly turns: number };
  readonly grown: number;
  readonly rss: number;
  readonly size: number;
  readonly seconds: number;
  /** How often a timer of 10 ms came to its turn. */
  readonly turns: number;
  /** How late a timer was, but for the latest in a hundred: the machine may be busy with others. */
  readonly stuckMs: number;
}

async function flood(file: string, script: string, limit: number, busyMs = 0): Promise<Measured> {
  const { stdout } = await capture(process.execPath, [
    '--input-type=module',
    '--no-warnings',
    '-e',
    reader,
    file,
    script,
    String(limit),
    String(busyMs),
  ]);
  const measured = JSON.parse(stdout) as Measured;
  if (process.env['PHOENIX_TEST_FIGURES'] !== undefined) process.stderr.write(`${stdout}\n`);
  return measured;
}

test('a child that writes 1 GB as fast as it can fills neither memory nor the vault, and its last line is read', async () => {
  await using folder = await temporaryFolder();
  const line = 'x'.repeat(199);
  const script = `yes ${line} | head -c ${1024 * mib}; echo; echo the end`;
  const limit = 32 * mib;
  const measured = await flood(join(folder.dir, 'out'), script, limit);
  expect(measured.last).toBe('the end');
  expect(measured.loss.turns).toBeGreaterThan(0);
  expect(measured.grown).toBeLessThan(128 * mib);
  expect(measured.size).toBeLessThan(8 * limit);
  // Nothing is missing that is not told, but for the rest of a line that was cut and what is written as it is emptied.
  const missing = 1024 * mib + 9 - measured.bytes - measured.loss.lostBytes;
  expect(missing).toBeLessThan(measured.loss.turns * 8 * mib);
  expect(measured.stuckMs).toBeLessThan(250);
});

test('a flood without a single newline is one line, cut', async () => {
  await using folder = await temporaryFolder();
  const measured = await flood(
    join(folder.dir, 'out'),
    `head -c ${256 * mib} /dev/zero | tr '\\0' a`,
    32 * mib,
  );
  expect(measured.bytes).toBeLessThanOrEqual((measured.loss.turns + 1) * (mib + 1));
  expect(measured.grown).toBeLessThan(128 * mib);
});

test('a flood of short lines that each take their time leaves the program its turns', async () => {
  await using folder = await temporaryFolder();
  const script = 'yes | head -c 400000; echo the end';
  const measured = await flood(join(folder.dir, 'out'), script, 32 * mib, 0.01);
  expect(measured.lines).toBe(200_001);
  expect(measured.last).toBe('the end');
  // Two seconds of work in seven chunks: one that kept the program until its chunk is done would let it have fourteen.
  expect(measured.turns).toBeGreaterThan(30);
});

test('a calm child that writes past the limit loses nothing', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.dir, 'out');
  await using output = await open(file, 'ax');
  const lines: string[] = [];
  const tail = await tailFile(file, (line) => lines.push(line), { rotateAtBytes: 4096 });
  const script =
    'for i in $(seq 1 12); do for j in $(seq 1 40); do echo "line $i $j of the calm child"; done; sleep 0.1; done';
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', output.fd, 'ignore'] });
  await once(child, 'exit');
  await tail.stop();
  expect(lines).toHaveLength(480);
  expect(lines.at(-1)).toBe('line 12 40 of the calm child');
  expect(tail.loss.turns).toBeGreaterThan(1);
  expect(tail.loss.lostBytes).toBe(0);
  expect((await stat(file)).size).toBeLessThan(8192);
});

test('a file that another emptied is read from its start again, and the loss is told', async () => {
  await using folder = await temporaryFolder({ out: 'first\nsecond\nbegun' });
  const file = join(folder.dir, 'out');
  const lines: string[] = [];
  const tail = await tailFile(file, (line) => lines.push(line));
  await eventually(() => lines.length === 2);
  expect(tail.loss).toEqual({ lostBytes: 0, turns: 0 });
  await truncate(file);
  await appendFile(file, 'third\n');
  await eventually(() => lines.length === 4);
  await tail.stop();
  expect(lines).toEqual(['first', 'second', 'begun', 'third']);
  expect(tail.loss.turns).toBe(1);
});

test('stopping reads what is there, to the last line without a newline', async () => {
  await using folder = await temporaryFolder({ out: '' });
  const file = join(folder.dir, 'out');
  const lines: string[] = [];
  const tail = await tailFile(file, (line) => lines.push(line));
  await writeFile(file, 'one\ntwo\nthree');
  await tail.stop();
  expect(lines).toEqual(['one', 'two', 'three']);
});

test('stopping does not wait for a grandchild that keeps the output and goes on writing', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.dir, 'out');
  await using output = await open(file, 'ax');
  let lines = 0;
  const tail = await tailFile(
    file,
    () => {
      lines += 1;
    },
    { rotateAtBytes: 4 * mib },
  );
  const child = spawn('/bin/sh', ['-c', 'yes & echo the parent is done; exit 0'], {
    stdio: ['ignore', output.fd, 'ignore'],
    detached: true,
  });
  try {
    await once(child, 'exit');
    await sleep(200);
    const started = performance.now();
    await tail.stop();
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(lines).toBeGreaterThan(0);
  } finally {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  }
});

async function eventually(holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 5_000; !holds() && Date.now() < deadline; ) await sleep(20);
  expect(holds()).toBe(true);
}
