import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/log.ts';
import { pins } from '../../src/toolchain/install.ts';
import { contradiction, type LockEntry, lockedBinaries, openLock } from '../../src/toolchain/lock.ts';
import { toolNames } from '../../src/toolchain/tool.ts';
import { temporaryFolder } from '../support/folder.ts';
import { keptLog } from '../support/publishers.ts';

const digest = (letter: string) => letter.repeat(64);
const build = (sha256: string) => ({ sha256, source: 'computed here' });
const go = (builds: Record<string, string>): LockEntry => ({
  go: {
    module: 'example.invalid/etcd',
    sum: 'h1:sum',
    source: 'a test',
    builds: Object.fromEntries(Object.entries(builds).map(([version, sha256]) => [version, build(sha256)])),
  },
});

describe('phoenix.lock', () => {
  it('keeps what it is told, shows each new digest once, and reads it back', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.dir, 'phoenix.lock');
    const log = keptLog();
    const lock = await openLock(file, log);
    await lock.record('etcd', '3.7.3', 'linux-x64', go({ 'go1.26.8': digest('a') }));
    await lock.record('etcd', '3.7.3', 'linux-x64', go({ 'go1.26.8': digest('a') }));
    expect(log.lines.filter((line) => line.includes(digest('a')))).toHaveLength(1);
    const again = await openLock(file, silentLog);
    expect(again.entry('etcd', '3.7.3', 'linux-x64')).toEqual(go({ 'go1.26.8': digest('a') }));
    expect(again.entry('etcd', '3.7.3', 'linux-arm64')).toBeUndefined();
  });

  it('never changes a digest that it holds, but adds beside it', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.dir, 'phoenix.lock');
    const lock = await openLock(file, silentLog);
    await lock.record('etcd', '3.7.3', 'linux-x64', go({ 'go1.26.8': digest('a') }));
    await lock.record('etcd', '3.7.3', 'linux-x64', go({ 'go1.26.8': digest('b'), 'go1.27.0': digest('c') }));
    const release = { file: 'etcd.tar.gz', sha256: digest('d'), source: 'a test' };
    await lock.record('etcd', '3.7.3', 'linux-x64', { release });
    await lock.record('etcd', '3.7.3', 'linux-x64', { release: { ...release, sha256: digest('e') } });
    expect((await openLock(file, silentLog)).entry('etcd', '3.7.3', 'linux-x64')).toEqual({
      ...go({ 'go1.26.8': digest('a'), 'go1.27.0': digest('c') }),
      release,
    });
  });

  it('loses nothing where several write at once, nor what another process wrote meanwhile', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.dir, 'phoenix.lock');
    const [one, other] = [await openLock(file, silentLog), await openLock(file, silentLog)];
    await Promise.all([
      one.record('etcd', '3.7.3', 'linux-x64', go({ 'go1.26.8': digest('a') })),
      one.record('tofu', '1.12.6', 'linux-x64', go({ 'go1.26.8': digest('b') })),
      one.record('flux', '2.7.3', 'linux-x64', go({ 'go1.26.8': digest('c') })),
    ]);
    await other.record('kubectl', '1.34.1', 'linux-x64', go({ 'go1.26.8': digest('d') }));
    const { tools } = JSON.parse(await readFile(file, 'utf8'));
    expect(Object.keys(tools)).toEqual(['etcd', 'flux', 'kubectl', 'tofu']);
  });

  it.skipIf(process.getuid?.() === 0)('that cannot be written shows the entry and says so', async () => {
    await using folder = await temporaryFolder();
    await chmod(folder.dir, 0o500);
    const log = keptLog();
    const lock = await openLock(join(folder.dir, 'phoenix.lock'), log);
    await lock.record('etcd', '3.7.3', 'linux-x64', go({ 'go1.26.8': digest('a') }));
    expect(log.lines.join('\n')).toMatch(/could not be written .*by hand/);
  });

  it.each([
    ['no JSON', 'tools: {}', /not JSON/],
    ['another version', '{"version": 2, "tools": {}}', /version/],
    [
      'a digest that is none',
      JSON.stringify({
        version: 1,
        tools: { etcd: { '3.7.3': { 'linux-x64': { release: { file: 'f', sha256: 'abc', source: 's' } } } } },
      }),
      /etcd → 3\.7\.3 → linux-x64 → release → sha256/,
    ],
    [
      'a digest without a source',
      JSON.stringify({
        version: 1,
        tools: { etcd: { '3.7.3': { 'linux-x64': { release: { file: 'f', sha256: digest('a') } } } } },
      }),
      /source/,
    ],
  ])('with %s is refused', async (_, text, why) => {
    await using folder = await temporaryFolder({ 'phoenix.lock': text });
    await expect(openLock(join(folder.dir, 'phoenix.lock'), silentLog)).rejects.toMatchObject({
      code: 'PHX-TOOLCHAIN-LOCK',
      why: expect.stringMatching(why),
    });
  });

  it('of this repository fits its schema, and every entry is of a tool that Phoenix knows', async () => {
    const file = new URL('../../phoenix.lock', import.meta.url).pathname;
    const lock = await openLock(file, silentLog);
    const { tools } = JSON.parse(await readFile(file, 'utf8'));
    const names: readonly string[] = toolNames;
    expect(Object.keys(tools).filter((name) => !names.includes(name))).toEqual([]);
    expect(lock.entry('etcd', pins.etcd, 'linux-x64')?.go?.sum).toMatch(/^h1:/);
  });

  it('that is a folder is refused, not taken for empty', async () => {
    await using folder = await temporaryFolder({ 'phoenix.lock/file': '' });
    await expect(openLock(join(folder.dir, 'phoenix.lock'), silentLog)).rejects.toMatchObject({
      code: 'PHX-TOOLCHAIN-LOCK',
    });
    await writeFile(join(folder.dir, 'empty.lock'), '');
    await expect(openLock(join(folder.dir, 'empty.lock'), silentLog)).rejects.toMatchObject({
      code: 'PHX-TOOLCHAIN-LOCK',
    });
  });
});

describe('what is installed, held against the lock', () => {
  const origin = { go: 'go1.26.8', sum: 'h1:sum' };
  const installed = { sha256: digest('a'), crds: undefined, origin };

  it('is contradicted by another binary of the same Go version, or another sum of the source', () => {
    expect(contradiction(go({ 'go1.26.8': digest('b') }), installed)).toEqual({
      expected: digest('b'),
      found: digest('a'),
    });
    const other = { ...installed, origin: { ...origin, sum: 'h1:other' } };
    expect(contradiction(go({ 'go1.26.8': digest('a') }), other)?.expected).toBe('h1:sum');
  });

  it('is not contradicted by a build with another Go version, nor by an empty lock', () => {
    expect(contradiction(go({ 'go1.27.0': digest('b') }), installed)).toBeUndefined();
    expect(contradiction(undefined, installed)).toBeUndefined();
  });

  it('is contradicted by other CRDs, even where the binary is the right one', () => {
    const entry = go({ 'go1.26.8': digest('a') });
    const locked = entry.go?.builds['go1.26.8'];
    if (locked) locked.crds = digest('c');
    expect(contradiction(entry, { ...installed, crds: digest('d') })?.expected).toBe(digest('c'));
    expect(contradiction(entry, installed)?.found).toBe('nothing');
  });

  it('is contradicted by another archive or another binary of a release', () => {
    const release = { file: 'f', sha256: digest('a'), source: 's', binary: digest('b') };
    const from = (archive: string, sha256: string) => ({ sha256, crds: undefined, origin: { archive } });
    expect(contradiction({ release }, from(digest('a'), digest('b')))).toBeUndefined();
    expect(contradiction({ release }, from(digest('x'), digest('b')))?.expected).toBe(digest('a'));
    expect(contradiction({ release }, from(digest('a'), digest('x')))?.expected).toBe(digest('b'));
  });

  it('may be any binary that the lock vouches for', () => {
    const release = { file: 'f', sha256: digest('a'), source: 's', binary: digest('b') };
    const entry = { release, ...go({ 'go1.26.8': digest('c') }) };
    expect(lockedBinaries(entry).map(({ sha256 }) => sha256)).toEqual([digest('b'), digest('c')]);
    expect(lockedBinaries(undefined)).toEqual([]);
  });
});
