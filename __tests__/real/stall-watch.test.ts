import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { isHeartbeat, parseEngineLine } from '../../src/layer/events.ts';
import { describeStall, type StallReport, watchForStall } from '../../src/layer/stall.ts';
import { tailFile } from '../../src/layer/tail.ts';
import { applyArguments } from '../../src/layer/terragrunt.ts';
import { endMarked } from '../../src/process/end.ts';
import { temporaryFolder } from '../support/folder.ts';
import { tool } from '../support/tools.ts';

const variable = 'PHOENIX_TEST_STALL';

/** Runs a program as a layer runs, watched; `told` is the report, or undefined where there was none in that time. */
async function watched(options: {
  readonly file: string;
  readonly args: readonly string[];
  readonly stallSeconds: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly output?: number;
  readonly lastOutput?: () => number;
}) {
  const marker = { name: variable, value: randomUUID() };
  const output = options.output ?? 'ignore';
  const child = spawn(options.file, [...options.args], {
    detached: true,
    stdio: ['ignore', output, output],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], [variable]: marker.value, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  await once(child, 'spawn');
  const watch = watchForStall({
    leaderPid: child.pid ?? 0,
    marker,
    stallSeconds: options.stallSeconds,
    lastOutput: options.lastOutput ?? (() => 0),
    everyMs: 250,
  });
  return {
    pid: child.pid ?? 0,
    told: (withinMs: number): Promise<StallReport | undefined> =>
      Promise.race([watch.stalled, sleep(withinMs, undefined, { ref: false })]),
    [Symbol.asyncDispose]: async () => {
      watch[Symbol.dispose]();
      await endMarked(marker, { graceMs: 0 });
    },
  };
}

const sh = (script: string, stallSeconds = 2) => ({ file: '/bin/sh', args: ['-c', script], stallSeconds });

describe('a layer that hangs', () => {
  test('is found, and it is said what hangs and what it waits for', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const client = `require('net').connect(${port}, '127.0.0.1')`;
    await using layer = await watched(sh(`'${process.execPath}' -e "${client}" password=hunter2; :`));
    const report = await layer.told(20_000);
    server.close();
    expect(report?.seconds).toBeGreaterThanOrEqual(2);
    const lines = describeStall(report ?? { seconds: 0, processes: [], zombies: [] }).join('\n');
    expect(lines).toContain(`sh (${layer.pid}): sleeping, waits in wait4`);
    expect(lines).toMatch(
      new RegExp(
        `node \\(\\d+\\): sleeping, .*tcp 127\\.0\\.0\\.1:\\d+ → 127\\.0\\.0\\.1:${port} ESTABLISHED`,
      ),
    );
    expect(lines).not.toContain('hunter2');
  });

  test('is found with its zombies and the parent that does not reap them', async () => {
    await using layer = await watched(sh('true & exec sleep 60'));
    const report = await layer.told(20_000);
    expect(report?.zombies).toEqual([
      { pid: expect.any(Number), name: expect.any(String), parent: { pid: layer.pid, name: 'sleep' } },
    ]);
    expect(describeStall(report as StallReport)[1]).toMatch(
      / <defunct> \(\d+\): ended, but its parent sleep/,
    );
  });

  test('is found where it left its group and its parent', async () => {
    await using layer = await watched(sh('setsid sleep 60 & exit 0'));
    const report = await layer.told(20_000);
    expect(report?.processes.map(({ name }) => name)).toEqual(['sleep']);
  });
});

describe('a layer that lives in silence is left alone', () => {
  test.each([
    ['works', 'while :; do :; done'],
    ['looks again and again by a short process', 'while :; do sleep 0.5; done'],
  ])('where it %s', async (_, script) => {
    await using layer = await watched(sh(script));
    expect(await layer.told(5_000)).toBeUndefined();
  });

  test('where one long process polls an API every second', async () => {
    const server = createServer((socket) => socket.on('data', () => socket.write('x'.repeat(400)))).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const poll = `const s = require('net').connect(${port}, '127.0.0.1'); setInterval(() => s.write('GET / HTTP/1.1'), 1000)`;
    await using layer = await watched({ file: process.execPath, args: ['-e', poll], stallSeconds: 3 });
    expect(await layer.told(8_000)).toBeUndefined();
    server.close();
  });

  test('where it still speaks', async () => {
    await using layer = await watched({ ...sh('exec sleep 60'), lastOutput: () => Date.now() });
    expect(await layer.told(5_000)).toBeUndefined();
  });
});

test('Terragrunt and OpenTofu that wait for a provisioner which hangs are found to hang, in spite of the heartbeat', async () => {
  await using folder = await temporaryFolder({
    'unit/terragrunt.hcl': '',
    'unit/main.tf':
      'resource "terraform_data" "a" {\n  provisioner "local-exec" {\n    command = "echo begun; sleep 120"\n  }\n}\n',
    out: '',
  });
  const unit = join(folder.dir, 'unit');
  const out = join(folder.dir, 'out');
  await using output = await open(out, 'a');
  let [last, heartbeats] = [Date.now(), 0];
  const tail = await tailFile(out, (line) => {
    const event = parseEngineLine(line);
    if (isHeartbeat(event)) heartbeats += 1;
    else last = Date.now();
  });
  await using layer = await watched({
    file: await tool('terragrunt'),
    args: applyArguments({ unit, reportFile: join(folder.dir, 'report.json'), varFiles: [] }),
    cwd: unit,
    env: { TG_TF_PATH: await tool('tofu') },
    output: output.fd,
    stallSeconds: 15,
    lastOutput: () => last,
  });
  const report = await layer.told(90_000);
  await tail.stop();
  expect(heartbeats).toBeGreaterThan(0);
  expect(report?.processes.map(({ name }) => name).toSorted()).toEqual([
    'sh',
    'sleep',
    'terragrunt run',
    'tofu apply',
  ]);
  const lines = describeStall(report as StallReport).join('\n');
  expect(lines).toMatch(/sleep \(\d+\): sleeping, waits in clock_nanosleep/);
  expect(report?.seconds).toBeLessThan(25);
});
