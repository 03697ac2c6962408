import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { podScript } from '../../src/verify/pod-script.ts';
import { temporaryFolder } from '../support/folder.ts';

async function run(dir: string, args: readonly string[], room = 200) {
  const report = join(dir, 'report');
  const env = { PATH: process.env['PATH'] ?? '', REPORT: report, ROOM: String(room) };
  await promisify(execFile)('sh', ['-c', podScript, 'probe', ...args], { env });
  const text = await readFile(report, 'utf8');
  return { text, tasks: JSON.parse(text).tasks as { good: boolean; seen: string }[] };
}

describe('the script of the probe pod, in a real sh', () => {
  it('resolves names, and says of one that it does not resolve', async () => {
    await using folder = await temporaryFolder({});
    const { tasks } = await run(folder.dir, ['dns', 'localhost', 'dns', 'nobody.invalid']);
    expect(tasks).toMatchObject([
      { good: true },
      { good: false, seen: expect.stringContaining('nobody.invalid') },
    ]);
    expect(tasks[0]?.seen.split(' ').some((each) => each === '127.0.0.1' || each === '::1')).toBe(true);
  });

  it('writes, syncs and reads back, leaves nothing, and names what went wrong', async () => {
    await using folder = await temporaryFolder({});
    const volume = join(folder.dir, 'volume');
    await mkdir(volume);
    const { tasks } = await run(folder.dir, [
      'volume',
      volume,
      '2',
      'volume',
      join(folder.dir, 'nowhere'),
      '1',
    ]);
    expect(tasks[0]).toMatchObject({ good: true, seen: expect.stringContaining('2 MiB written') });
    expect(tasks[1]).toMatchObject({ good: false, seen: expect.stringContaining('No such file') });
    expect(await readdir(volume)).toEqual([]);
  });

  it('says that a full volume is full', async () => {
    await using folder = await temporaryFolder({});
    const full = join(folder.dir, 'full');
    await mkdir(full);
    await promisify(execFile)('ln', ['-s', '/dev/full', join(full, 'phoenix-probe')]);
    const { tasks } = await run(folder.dir, ['volume', full, '1']);
    expect(tasks[0]).toMatchObject({ good: false, seen: expect.stringContaining('No space left on device') });
  });

  it('asks pages, and keeps its report whole whatever is in them', async () => {
    await using folder = await temporaryFolder({});
    const server = createServer((request, response) =>
      response.writeHead(request.url === '/bad' ? 503 : 200).end('"quoted" \\ back\n<title>build 7</title>'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const port = String((server.address() as AddressInfo).port);
    const ask = (path: string, contains = '', not = '') => [
      'http',
      '127.0.0.1',
      port,
      path,
      `http://x${path}"\\`,
      contains,
      not,
    ];
    const args = [...ask('/', 'build 7'), ...ask('/', 'build 8'), ...ask('/', '', 'build 7'), ...ask('/bad')];
    const { tasks } = await run(folder.dir, args);
    await new Promise((resolve) => server.close(resolve));
    expect(tasks.map(({ good }) => good)).toEqual([true, false, false, false]);
    expect(tasks[1]?.seen).toContain('without the marker');
    expect(tasks[3]?.seen).toContain('503');
    expect(tasks[0]?.seen).toContain('http://x/"\\');
  });

  it('stays within what a termination message may have', async () => {
    await using folder = await temporaryFolder({});
    await writeFile(join(folder.dir, 'x'), '');
    const names = Array.from({ length: 15 }, (_, at) => ['dns', `${'"'.repeat(60)}${at}.invalid`]).flat();
    const { text, tasks } = await run(folder.dir, names, 160);
    expect(tasks).toHaveLength(15);
    expect(text.length).toBeLessThanOrEqual(4096);
  });
});
