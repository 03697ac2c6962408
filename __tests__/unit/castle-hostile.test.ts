import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadCastle } from '../../src/castle/load.ts';
import { castleFolder } from '../support/castle.ts';
import { rejection, temporaryFolder } from '../support/folder.ts';

const minimal = (live: string) => `version: 1\ncastle: t\nlive: ${live}\n`;

describe('a castle file that cannot be read', () => {
  test('is missing, and its near namesake is named', async () => {
    await using folder = await temporaryFolder({ 'phoenix.yml': minimal('.') });
    const error = await rejection(loadCastle(join(folder.dir, 'phoenix.yaml')));
    expect(error).toMatchObject({ code: 'PHX-CASTLE-MISSING', exitCode: 2 });
    expect((error as { next: string }).next).toBe(`Run with --castle ${join(folder.dir, 'phoenix.yml')}.`);
  });

  test('is missing, and the one of a folder above is named but not taken', async () => {
    await using folder = await temporaryFolder({ 'phoenix.yaml': minimal('.'), 'a/b/x': '' });
    const error = await rejection(loadCastle(join(folder.dir, 'a/b/phoenix.yaml')));
    expect((error as { why: string }).why).toBe(`There is ${join(folder.dir, 'phoenix.yaml')}.`);
  });

  test('is a folder', async () => {
    await using folder = await castleFolder(minimal('.'));
    const error = await rejection(loadCastle(folder.dir));
    expect(error).toMatchObject({ code: 'PHX-CASTLE-MISSING', next: `Run with --castle ${folder.file}.` });
  });

  test('is no text', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.dir, 'phoenix.yaml');
    await writeFile(file, Buffer.from([0xff, 0xfe, 0x00, 0x80]));
    expect(await rejection(loadCastle(file))).toMatchObject({
      code: 'PHX-CASTLE-UNREADABLE',
      why: 'It is not UTF-8 text.',
    });
  });

  test('is a device that never ends', async () => {
    expect(await rejection(loadCastle('/dev/zero'))).toMatchObject({ code: 'PHX-CASTLE-UNREADABLE' });
  });

  test.skipIf(process.getuid?.() === 0)('is not for this user', async () => {
    await using folder = await castleFolder(minimal('.'));
    await chmod(folder.file, 0o000);
    expect(await rejection(loadCastle(folder.file))).toMatchObject({
      code: 'PHX-CASTLE-UNREADABLE',
      why: 'This user may not read it.',
    });
  });
});

describe('a castle file that would take for ever', () => {
  const levels = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}]`);
  test.each([
    ['an alias bomb', `a0: &a0 [x, x]\n${levels.join('\n')}\n`, 'PHX-CASTLE-YAML'],
    ['a list that holds itself', 'version: &a [*a]\ncastle: t\nlive: live\n', 'PHX-CASTLE-VALUE'],
    ['5 MB', `# ${'x'.repeat(5e6)}\n`, 'PHX-CASTLE-TOO-LARGE'],
    ['10 000 unknown layers settings', layers(10_000), 'PHX-CASTLE-TOO-LARGE'],
    ['4 000 mistakes', layers(4_000), 'PHX-CASTLE-UNKNOWN-KEY'],
    ['a deep nest of brackets', '['.repeat(200_000), 'PHX-CASTLE-TOO-LARGE'],
    ['a deep nest of dashes', '- '.repeat(50_000), 'PHX-CASTLE-YAML'],
    ['ten thousand broken lines', 'a: b: c\n'.repeat(10_000), 'PHX-CASTLE-YAML'],
    [
      'thirty thousand keys',
      `${minimal('live')}${Array.from({ length: 30_000 }, (_, i) => `k${i}:\n`).join('')}`,
      'PHX-CASTLE-UNKNOWN-KEY',
    ],
    [
      'a key of 200 000 letters',
      `${minimal('live')}? ${'k'.repeat(200_000)}\n: 1\n`,
      'PHX-CASTLE-UNKNOWN-KEY',
    ],
  ])('%s is refused within two seconds and with a short message', async (_, text, code) => {
    await using folder = await castleFolder(text);
    const started = performance.now();
    const error = await rejection(loadCastle(folder.file));
    expect(performance.now() - started).toBeLessThan(2000);
    expect(error).toMatchObject({ code });
    const { what, why } = error as { what: string; why: string };
    expect(what.length + why.length).toBeLessThan(6000);
  });

  function layers(count: number): string {
    const rows = Array.from({ length: count }, (_, i) => `  layer-${i}: { timeot: 6m, stall: 2m }\n`);
    return `${minimal('live')}layers:\n${rows.join('')}`;
  }

  test('a key that reaches for the prototype is an unknown key', async () => {
    await using folder = await castleFolder(`${minimal('live/tazlab')}__proto__: { polluted: 1 }\n`);
    expect(await rejection(loadCastle(folder.file))).toMatchObject({ code: 'PHX-CASTLE-UNKNOWN-KEY' });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('the live folder', () => {
  test('may be any folder of the git repository', async () => {
    await using folder = await temporaryFolder({
      '.git/HEAD': '',
      'live/a/terragrunt.hcl': '',
      'castles/box/phoenix.yaml': minimal('../../live'),
    });
    const castle = await loadCastle(join(folder.dir, 'castles/box/phoenix.yaml'));
    expect(castle.liveDir).toBe(join(folder.dir, 'live'));
  });

  test.each(['..', '../outside', 'live/../../outside', '/etc', '/'])('%s is out of bounds', async (live) => {
    await using folder = await castleFolder(minimal(live));
    const error = await rejection(loadCastle(folder.file));
    expect(error).toMatchObject({ code: 'PHX-CASTLE-PATH', at: { line: 3, column: 7 } });
  });

  test('may not leave the repository by a symlink, there or on the way', async () => {
    await using outside = await temporaryFolder({ 'deep/er/x': '' });
    await using folder = await castleFolder(minimal('exit/deep'));
    await symlink(outside.dir, join(folder.dir, 'exit'));
    expect(await rejection(loadCastle(folder.file))).toMatchObject({ code: 'PHX-CASTLE-PATH' });
    await writeFile(folder.file, minimal('exit'));
    expect(await rejection(loadCastle(folder.file))).toMatchObject({ code: 'PHX-CASTLE-PATH' });
    await writeFile(folder.file, minimal('exit/not-there'));
    expect(await rejection(loadCastle(folder.file))).toMatchObject({ code: 'PHX-CASTLE-PATH' });
  });

  test('behind a symlink inside the repository is given by its real path, as Terragrunt needs it', async () => {
    await using folder = await castleFolder(minimal('alias'));
    await symlink('live', join(folder.dir, 'alias'));
    expect((await loadCastle(folder.file)).liveDir).toBe(join(folder.dir, 'live'));
  });

  test('that is missing is named, with its near match', async () => {
    await using folder = await castleFolder(minimal('live/tazlib'));
    const error = await rejection(loadCastle(folder.file));
    expect(error).toMatchObject({ code: 'PHX-CASTLE-LIVE-MISSING', at: { line: 3, column: 7 } });
    expect((error as { why: string }).why).toContain(join(folder.dir, 'live/tazlib'));
    expect((error as { why: string }).why).toContain('Did you mean `tazlab`?');
  });

  test('that is a file is said to be one', async () => {
    await using folder = await castleFolder(minimal('phoenix.yaml'));
    const error = await rejection(loadCastle(folder.file));
    expect(error).toMatchObject({ code: 'PHX-CASTLE-LIVE-MISSING' });
    expect((error as { why: string }).why).toContain('is a file');
  });

  test.each([
    ['a newline', '"live\\nx"'],
    ['a NUL', '"live\\0x"'],
  ])('may not have %s in its name', async (_, live) => {
    await using folder = await castleFolder(minimal(live));
    expect(await rejection(loadCastle(folder.file))).toMatchObject({ code: 'PHX-CASTLE-VALUE' });
  });

  test('is taken literally, whatever a shell would make of it', async () => {
    await using folder = await castleFolder(minimal("'$(touch pwned) -rf'"));
    await mkdir(join(folder.dir, '$(touch pwned) -rf'));
    expect((await loadCastle(folder.file)).liveDir).toBe(join(folder.dir, '$(touch pwned) -rf'));
  });

  test('the GitOps tree is held inside the repository, too', async () => {
    await using folder = await castleFolder(`${minimal('live')}gitops: { path: ../../etc, entry: . }\n`);
    expect(await rejection(loadCastle(folder.file))).toMatchObject({
      code: 'PHX-CASTLE-PATH',
      what: '`gitops.path` leads out of the repository.',
    });
  });
});
