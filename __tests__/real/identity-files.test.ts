import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFiles } from '../../src/identity/files.ts';
import { isInRam } from '../../src/vault/ram.ts';
import { pem, refusal } from '../support/identity-world.ts';

let dir = '';
const told: string[] = [];
const warnings: string[] = [];
const open = (at = dir) =>
  openFiles({ dir: at, onSecret: (value) => told.push(value), warn: (text) => warnings.push(text) });

beforeEach(async () => {
  dir = await mkdtemp('/dev/shm/phoenix-test-files-');
  told.length = 0;
  warnings.length = 0;
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const write = (name: string, content: string) => writeFile(join(dir, name), content, { mode: 0o600 });

describe('files as a source of secrets', () => {
  test('are found by the name or its lower kebab, single lines trimmed and PEM kept byte for byte', async () => {
    await write('GITHUB_TOKEN', '"quoted-token-123"\n');
    await write('tls-key', pem);
    await using session = await open();
    const values = await session.fetch(['GITHUB_TOKEN', 'TLS_KEY']);
    expect(Object.fromEntries(values)).toEqual({ GITHUB_TOKEN: 'quoted-token-123', TLS_KEY: pem });
    expect(told).toEqual(['quoted-token-123', pem]);
    expect(warnings).toEqual([]);
  });

  test('are read where a variable of their name points, if the folder lacks them', async () => {
    await write('ONE', 'from-the-folder');
    await write('elsewhere', 'from-elsewhere\n');
    const env = { ONE: join(dir, 'elsewhere'), TWO: join(dir, 'elsewhere'), THREE: 'a value, not a path' };
    await using session = await openFiles({ dir, env, onSecret: () => {}, warn: () => {} });
    expect(Object.fromEntries(await session.fetch(['ONE', 'TWO']))).toEqual({
      ONE: 'from-the-folder',
      TWO: 'from-elsewhere',
    });
    expect((await refusal(session.fetch(['THREE']), [env.THREE])).code).toBe('PHX-SECRET-MISSING');
  });

  test('are read from a file of another name where one is given, and from no other', async () => {
    await write('pm-token', 'from-the-named-file\n');
    await write('OTHER', 'from-its-own-name');
    const files = new Map([
      ['PROXMOX_TOKEN', 'pm-token'],
      ['OTHER', 'gone'],
    ]);
    await using session = await openFiles({ dir, files, onSecret: () => {}, warn: () => {} });
    expect([...(await session.fetch(['PROXMOX_TOKEN'])).values()]).toEqual(['from-the-named-file']);
    const error = await refusal(session.fetch(['OTHER']), ['from-its-own-name']);
    expect(error.what).toContain('holds no gone');
  });

  test('that a variable points to on a disk are told of', async () => {
    const disk = await mkdtemp(join(tmpdir(), 'phoenix-test-files-'));
    try {
      await writeFile(join(disk, 'one'), 'from-the-disk\n', { mode: 0o600 });
      const told: string[] = [];
      await using session = await openFiles({
        dir,
        env: { ONE: join(disk, 'one') },
        onSecret: () => {},
        warn: (text) => told.push(text),
      });
      expect((await session.fetch(['ONE'])).get('ONE')).toBe('from-the-disk');
      expect(told).toEqual((await isInRam(disk)) ? [] : [expect.stringContaining('which is on a disk')]);
    } finally {
      await rm(disk, { recursive: true, force: true });
    }
  });

  test('that are missing are all named', async () => {
    await using session = await open();
    const error = await refusal(session.fetch(['ONE', 'TWO_B']), told);
    expect(error.code).toBe('PHX-SECRET-MISSING');
    expect(error.what).toContain('ONE (or one), TWO_B (or two-b)');
  });

  test('that are empty are refused', async () => {
    await write('ONE', '""\n');
    await using session = await open();
    expect((await refusal(session.fetch(['ONE']), told)).code).toBe('PHX-SECRET-EMPTY');
  });

  test('that are links are refused, and files that others may read are told', async () => {
    await write('secret', 'value-of-the-file');
    await symlink(join(dir, 'secret'), join(dir, 'LINK'));
    await using session = await open();
    const error = await refusal(session.fetch(['LINK']), ['value-of-the-file']);
    expect(error.code).toBe('PHX-SECRET-UNREADABLE');
    await chmod(join(dir, 'secret'), 0o644);
    await session.fetch(['SECRET']);
    expect(warnings).toEqual([expect.stringContaining('chmod 600')]);
  });

  test('on a disk are refused', async () => {
    const error = await refusal(open('/usr'), []);
    expect(error.code).toBe('PHX-SECRET-FOLDER');
  });
});
