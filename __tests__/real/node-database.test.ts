import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture } from '../../src/command.ts';
import { hasBackedUpPostgres, warmBackedUpPostgres } from '../support/backends/backed-up-postgres.ts';
import { type NodeDatabase, openNodeDatabase } from '../support/backends/node-database.ts';
import { untilReady } from '../support/backends/until-ready.ts';
import { expectCode } from '../support/codes.ts';
import { gitopsRoot } from '../support/reference-tree.ts';

const scripts = join(gitopsRoot, 'infrastructure/instances/node-db');
const first = { admin: 'the-first', mnemosyne: 'it\'s a "first" %s \\ $1', pgadmin: 'console-first' };
const second = { admin: 'the-second', mnemosyne: "second'; DROP TABLE memories; --", pgadmin: 'console-2' };

test.skipIf(process.platform !== 'linux')('the scripts are whole for bash', async () => {
  for (const name of ['restore.sh', 'keep.sh'])
    expect(await capture('bash', ['-n', join(scripts, name)]), name).toMatchObject({ code: 0, stderr: '' });
});

describe.skipIf(!hasBackedUpPostgres() || process.getuid?.() !== 0)('the database of the real node', () => {
  let database: NodeDatabase;

  beforeAll(async () => {
    await warmBackedUpPostgres();
    database = await openNodeDatabase();
  }, 900_000);

  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
  });

  /** What the castle says in words, and in which second: of a bucket that is gone pgBackRest itself waits for minutes. */
  async function refusal(): Promise<string> {
    const { code, lines, message } = await database.restore();
    expect(code).toBe(1);
    expect(lines.at(-1)).toBe(message);
    return message;
  }

  test('is born with its rows, its roles and a backup', async () => {
    await database.given({ birth: 'first', passwords: first });
    expect(await database.restore()).toMatchObject({ code: 0, message: '' });
    await database.up();
    expect(database.psql('SELECT count(*), count(DISTINCT hash) FROM memories')).toEqual(['500|500']);
    expect(database.psql('SELECT current_user', 'mnemosyne', first.mnemosyne)).toEqual(['mnemosyne']);
    expect(await database.inPod('pgbackrest', 'info')).toMatch(
      /status: ok[\s\S]*cipher: aes-256-cbc[\s\S]*full backup:/,
    );
    expect(database.psql('SELECT failed_count FROM pg_stat_archiver')).toEqual(['0']);
  });

  test('gives each role what it needs, and no more', () => {
    const as = (user: 'castle' | 'pgadmin', sql: string) =>
      database.psql(sql, user, user === 'castle' ? first.admin : first.pgadmin);
    as('castle', 'CREATE TABLE IF NOT EXISTS public.witness (id int); SELECT pg_switch_wal()');
    expect(as('castle', 'SELECT count(*) FROM memories')).toEqual(['500']);
    as('castle', 'SELECT system_identifier FROM pg_control_system()');
    expect(as('pgadmin', 'SELECT count(*) FROM memories')).toEqual(['500']);
    expect(() => as('pgadmin', 'DELETE FROM memories')).toThrow(/permission denied/);
    expect(() => as('castle', 'ALTER SYSTEM SET fsync = off')).toThrow(/permission denied/);
    expect(() => database.psql('SELECT 1', 'postgres', 'any')).toThrow(/rejects connection/);
  });

  test('takes a new password from the Secret while it runs', async () => {
    await writeFile(join(database.dir, 'secrets/pgadmin/password'), 'console-changed');
    await untilReady(
      'the new password',
      () => database.psql('SELECT 1', 'pgadmin', 'console-changed').length === 1,
    );
  });

  test('is left alone when its pod starts again', async () => {
    await database.down();
    const again = await database.restore();
    expectCode(again, 0);
    expect(again.lines).toEqual(['the data folder is whole (first)']);
    await database.up();
    expect(database.psql('SELECT count(*) FROM memories')).toEqual(['500']);
  });

  test('comes back from the bucket alone, also with what only the WAL had, and with the new passwords', async () => {
    database.psql("INSERT INTO memories (text, hash) VALUES ('after the backup', 'b')");
    const [segment = ''] = database.psql('SELECT pg_walfile_name(pg_switch_wal())');
    await untilReady(
      'the WAL is archived',
      () =>
        Number(database.psql(`SELECT (last_archived_wal >= '${segment}')::int FROM pg_stat_archiver`)[0]) ===
        1,
    );
    await database.down('SIGQUIT');
    await database.given({ birth: 'restored', passwords: second });
    expect(await database.restore()).toMatchObject({ code: 0, message: '' });
    await database.up();
    expect(database.psql('SELECT count(*) FROM memories')).toEqual(['501']);
    expect(database.psql("SELECT text FROM memories WHERE hash = 'b'")).toEqual(['after the backup']);
    expect(database.psql('SELECT current_user', 'mnemosyne', second.mnemosyne)).toEqual(['mnemosyne']);
    expect(() => database.psql('SELECT 1', 'mnemosyne', first.mnemosyne)).toThrow(/password authentication/);
    expect(database.psql('SELECT timeline_id > 1, pg_is_in_recovery() FROM pg_control_checkpoint()')).toEqual(
      ['t|f'],
    );
    const said = await database.down();
    for (const password of Object.values(second)) expect(said).not.toContain(password);
  });

  test('begins anew where a restore was interrupted', async () => {
    await database.given({ birth: 'restored', passwords: second });
    await mkdir(join(database.dir, 'volume/pg15'));
    await writeFile(join(database.dir, 'volume/pg15/PG_VERSION'), '15\n');
    execFileSync('chown', ['-R', 'postgres', join(database.dir, 'volume')]);
    expectCode(await database.restore(), 0);
    await database.up();
    expect(database.psql('SELECT count(*) FROM memories')).toEqual(['501']);
    await database.down();
  });

  test('is not born a first time over a backup', async () => {
    await database.given({ birth: 'first', passwords: first });
    expect(await refusal()).toContain('first birth refused: the bucket has a backup of the stanza db');
  });

  test('says that S3 is not there', async () => {
    await database.bucket(false);
    await database.given({ birth: 'restored', passwords: second });
    expect(await refusal()).toMatch(/^S3 unreachable: localhost:\d+: connection refused$/);
    await database.bucket(true);
  });

  test('says that S3 refused the keys', async () => {
    await database.given({ birth: 'restored', passwords: second, secretKey: 'another' });
    expect(await refusal()).toMatch(/^restored: S3 refused the keys: /);
  });

  test('says that the stanza has no backup', async () => {
    await database.given({ birth: 'restored', passwords: second, stanza: 'other' });
    expect(await refusal()).toMatch(/^restored: no backup of the stanza other in the bucket/);
  });

  test('says that the volume is full', async () => {
    const volume = join(database.dir, 'small');
    await mkdir(volume);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', volume]);
    try {
      await database.given({ birth: 'restored', passwords: second, volume });
      expect(await refusal()).toMatch(/^restored: disk full: /);
    } finally {
      execFileSync('umount', [volume]);
    }
  });

  test('says that the backup is corrupted', async () => {
    await database.given({ birth: 'restored', passwords: second });
    await database.corruptBackup();
    expect(await refusal()).toMatch(/^restored: backup corrupted/);
  });
});
