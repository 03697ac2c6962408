import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DatabaseSettings } from '../../src/castle/database.ts';
import type { ApiObject } from '../../src/cluster/client.ts';
import type { Pods } from '../../src/cluster/pods.ts';
import { formerLife } from '../../src/database/former.ts';
import { type LadderAsk, type LadderResult, runLadder } from '../../src/database/ladder.ts';
import type { Witness } from '../../src/keepsake/record.ts';
import { signed } from '../../src/keepsake/sign.ts';
import { realTime } from '../../src/lease/time.ts';
import { addressOf } from '../../src/witness/address.ts';
import { archiver, awaitArchived } from '../../src/witness/archived.ts';
import { openDatabase } from '../../src/witness/database.ts';
import * as library from '../../src/witness/library.ts';
import { writeWitness } from '../../src/witness/write.ts';
import {
  type BackedUpPostgres,
  hasBackedUpPostgres,
  type RevivedPostgres,
  startBackedUpPostgres,
} from '../support/backends/backed-up-postgres.ts';

const slowly = 240_000;
const { signal } = new AbortController();
const tables = [{ name: ['public', 'memories'], orderBy: ['id'], time: 'at' }] as const;
const password = "an app's word";

/** Stands for the kubelet: the pod's container runs here. */
function podsOf(database: BackedUpPostgres): Pods {
  return {
    exec: ({ command: [, ...args] }) => database.pgbackrest(...args),
    tail: async () => [],
  };
}

function restoredPod(exitCode: number, message = ''): ApiObject {
  return {
    metadata: { name: 'db-0', namespace: 'db' },
    status: {
      phase: 'Running',
      initContainerStatuses: [
        {
          name: 'restore',
          restartCount: 0,
          state: {
            terminated: {
              ...{ exitCode, message },
              ...{ startedAt: '2026-01-02T03:04:05Z', finishedAt: '2026-01-02T03:04:09Z' },
            },
          },
        },
      ],
    },
  };
}

interface Look {
  readonly url?: string;
  readonly appUrl?: string;
  readonly former?: LadderAsk['former'];
  readonly pod?: ApiObject;
  readonly stanza?: string;
  readonly archivedWithinSeconds?: number;
}

describe.skipIf(!hasBackedUpPostgres())('the ladder of a restored database', () => {
  let old: BackedUpPostgres;
  let witness: Witness;
  beforeAll(async () => {
    old = await startBackedUpPostgres();
    old.query('CREATE TABLE memories (id int PRIMARY KEY, body text, at timestamptz NOT NULL DEFAULT now())');
    old.query("INSERT INTO memories SELECT n, 'memory ' || n FROM generate_series(1, 20000) n");
    old.query(`CREATE ROLE app LOGIN PASSWORD '${password.replaceAll("'", "''")}'`);
    old.query('GRANT SELECT ON memories TO app');
    await using database = await openDatabase(addressOf(old.url(), 'the test', undefined), {
      ...{ library, caFile: undefined, signal },
    });
    const { before, ...row } = await writeWitness(database, {
      ...{ table: ['phoenix_witness'], run: 'r1', castle: 'small', user: 'postgres', tables },
      backup: async () => {
        expect((await old.pgbackrest('backup', '--type=full', '--start-fast')).code).toBe(0);
        old.query("INSERT INTO memories VALUES (20001, 'only in the WAL')");
      },
    });
    const { failures } = await awaitArchived(
      () => archiver(database),
      { wal: row.wal, before },
      { withinSeconds: 60, time: realTime, signal },
    );
    witness = signed(
      { castle: 'small', run: 'r1', ...row, archived: true, table: 'phoenix_witness', failures },
      'key',
    );
    await old.stop();
  }, 1_200_000);
  afterAll(() => old?.[Symbol.asyncDispose]());

  function askOf({ url, appUrl, former, pod, stanza, archivedWithinSeconds }: Look): LadderAsk {
    const reference = { namespace: 'db', name: 'db-0' };
    const named = stanza ?? 'castle';
    const settings: DatabaseSettings = {
      from: { kind: 'secret', name: 'ADMIN' },
      stanza: named,
      backup: {
        ...{ pod: reference, container: 'database', maxAgeSeconds: 3600 },
        command: ['pgbackrest', `--stanza=${named}`, '--output=json', 'info'],
      },
      restore: { kind: 'pod', pod: reference, container: 'restore' },
      tables,
      app: { from: { kind: 'secret', name: 'APP' }, query: 'SELECT count(*) FROM memories' },
    };
    const shown = pod ?? restoredPod(0);
    return {
      ...{ settings, pods: podsOf(old), restored: true, upTo: 'V6', castle: 'small', run: 'r2' },
      former: former ?? formerLife({ format: 1, castle: 'small', witness }, 'small', 'key'),
      ...{ table: ['phoenix_witness'], archivedWithinSeconds: archivedWithinSeconds ?? 60, time: realTime },
      remembered: new Map(),
      reach: {
        cluster: { read: async () => shown, list: async () => [shown] },
        secret: async (name) =>
          (name === 'APP' ? appUrl : url) ?? 'postgres://u@127.0.0.1:1/d?sslmode=disable',
        redactor: { add() {} },
        ...{ library, caFile: undefined, signal },
      },
    };
  }

  /** Waits for what passes by itself, as a recovery that just began; gives the last look. */
  const look = async (wanted: Look, withinSeconds = 60): Promise<LadderResult> => {
    const ask = askOf(wanted);
    const deadline = Date.now() + withinSeconds * 1000;
    for (;;) {
      const result = await runLadder(ask);
      if (result.is === 'passed' || !result.passes || Date.now() > deadline) return result;
      await sleep(500);
    }
  };

  const verdicts = ({ rungs }: LadderResult) => rungs.map(({ rung, is }) => `${rung} ${is}`);
  const both = (server: RevivedPostgres): Look => ({
    url: server.url(),
    appUrl: server.url('app', password),
  });

  test(
    'is green to its top for what pgBackRest brings back; then red for a lost row, another content, an archive that broke, a wrong password',
    async () => {
      await using ends = new AsyncDisposableStack();
      const server = await old.revive();
      ends.defer(() => server.stop());
      const climbed = await look(both(server));
      expect(climbed.rungs.filter(({ is }) => is !== 'passed')).toEqual([]);
      expect(verdicts(climbed)).toEqual(
        ['V0', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'].map((rung) => `${rung} passed`),
      );
      expect(climbed).toMatchObject({ is: 'passed', rpoSeconds: 0, witness: { a: true, b: true } });
      expect(climbed.restore).toEqual({
        ...{ started: '2026-01-02T03:04:05.000Z', ended: '2026-01-02T03:04:09.000Z' },
      });
      expect(server.query("SELECT count(*) FROM phoenix_witness WHERE run = 'r2'")).toEqual(['0']);

      server.query("INSERT INTO memories VALUES (20002, 'the new life')");
      expect((await runLadder(askOf(both(server)))).is).toBe('passed');

      server.query("UPDATE memories SET body = 'memory 7.' WHERE id = 7");
      const changed = await runLadder(askOf(both(server)));
      expect(changed.error).toMatchObject({
        code: 'PHX-DB-CONTENT',
        why: expect.stringContaining('public.memories'),
      });
      expect(changed).toMatchObject({ passes: false, rpoSeconds: 0 });
      expect(verdicts(changed)).toContain('V4 failed');
      server.query("UPDATE memories SET body = 'memory 7' WHERE id = 7");

      server.query(
        "UPDATE phoenix_witness SET run = 'another' WHERE nonce = (SELECT min(nonce) FROM phoenix_witness)",
      );
      expect((await runLadder(askOf(both(server)))).error).toMatchObject({
        ...{ code: 'PHX-DB-CONTENT', why: expect.stringContaining('the chain') },
      });
      server.query("UPDATE phoenix_witness SET run = 'r1'");

      const wrong = await runLadder(askOf({ ...both(server), appUrl: server.url('app', 'another word') }));
      expect(wrong.error).toMatchObject({
        code: 'PHX-DB-APP',
        why: expect.stringContaining("The restored password is not the secret's"),
      });
      expect(verdicts(wrong).slice(-2)).toEqual(['V5 passed', 'V6 failed']);
      const away = await runLadder(askOf({ url: server.url() }));
      expect(away.error).toMatchObject({ code: 'PHX-DB-APP', why: expect.stringContaining('ECONNREFUSED') });

      const [command = ''] = server.query('SHOW archive_command');
      server.query("ALTER SYSTEM SET archive_command = '/bin/false'");
      server.query('SELECT pg_reload_conf()');
      const broken = await runLadder(askOf({ ...both(server), archivedWithinSeconds: 8 }));
      expect(broken.error).toMatchObject({
        code: 'PHX-DB-ARCHIVE',
        why: expect.stringMatching(/failure was [0-9A-F]{24}/),
      });
      expect(broken.passes).toBe(true);
      server.query(`ALTER SYSTEM SET archive_command = '${command.replaceAll("'", "''")}'`);
      server.query('SELECT pg_reload_conf()');

      server.query('DELETE FROM memories WHERE id IN (5, 20002)');
      const lost = await runLadder(askOf(both(server)));
      expect(lost.error).toMatchObject({
        code: 'PHX-DB-RPO',
        why: expect.stringContaining('1 of 20001 rows of public.memories'),
      });
      expect(verdicts(lost).slice(3, 6)).toEqual(['V3 failed', 'V4 skipped', 'V5 skipped']);
    },
    slowly,
  );

  test(
    'tells what is lost where the WAL behind the backup was not replayed: row A is back, row B is not',
    async () => {
      const server = await old.revive('--type=immediate', '--target-action=promote');
      try {
        const result = await look(both(server));
        expect(result.error).toMatchObject({
          code: 'PHX-DB-RPO',
          why: expect.stringContaining('row B of the witness'),
        });
        expect(result.witness).toMatchObject({ a: true, b: false });
        expect(result.rpoSeconds).toBeGreaterThan(0);
      } finally {
        await server.stop();
      }
    },
    slowly,
  );

  test(
    'waits on a recovery that never ends, and says how far it came',
    async () => {
      const server = await old.revive('--type=standby');
      try {
        const result = await look(both(server), 5);
        expect(result.error).toMatchObject({
          code: 'PHX-DB-RECOVERY',
          why: expect.stringMatching(/replayed up to 0\//),
        });
        expect(result.passes).toBe(true);
        expect(verdicts(result).slice(3)).toEqual(['V3 skipped', 'V4 skipped', 'V5 skipped', 'V6 skipped']);
      } finally {
        await server.stop();
      }
    },
    slowly,
  );

  test(
    'knows another database, a forged witness, a wrong stanza, a bucket that is away, and that there was no former life',
    async () => {
      await using newborn = await startBackedUpPostgres({ archives: false });
      const other = await runLadder(askOf({ url: newborn.url() }));
      expect(other).toMatchObject({ error: { code: 'PHX-DB-OTHER' }, passes: false });

      const server = await old.revive();
      try {
        const forged = formerLife(
          { format: 1, castle: 'small', witness: { ...witness, nonce: 'mine' } },
          'small',
          'key',
        );
        expect((await look({ ...both(server), former: forged })).error?.code).toBe('PHX-DB-WITNESS');
        const first = await look({
          ...both(server),
          former: formerLife({ format: 1, castle: 'small' }, 'small', 'key'),
        });
        expect(first.is).toBe('passed');
        expect(first.rungs.slice(3, 5).map(({ is, reason }) => [is, reason])).toEqual([
          ['skipped', 'no witness of a former life'],
          ['skipped', 'no witness of a former life'],
        ]);
        const stanza = await runLadder(askOf({ ...both(server), stanza: 'wrong' }));
        expect(stanza).toMatchObject({
          ...{ error: { code: 'PHX-DB-BACKUP', why: expect.stringContaining('missing stanza path') } },
          passes: false,
        });
        await old.bucket(false);
        const silent = await runLadder({ ...askOf(both(server)), upTo: 'V0' });
        await old.bucket(true);
        expect(silent).toMatchObject({
          ...{ error: { code: 'PHX-DB-BACKUP', why: expect.stringContaining('HostConnectError') } },
          passes: true,
        });
      } finally {
        await server.stop();
      }
    },
    slowly,
  );

  test('ends at a restore that failed, with its own words, and looks no further', async () => {
    const said = 'ERROR: [029]: raised from local-1 protocol: lz4 error: [-16] ERROR_decompressionFailed';
    const result = await runLadder(askOf({ pod: restoredPod(29, said) }));
    expect(result).toMatchObject({
      ...{ error: { code: 'PHX-DB-RESTORE', why: expect.stringContaining('The backup is damaged') } },
      passes: false,
    });
    expect(verdicts(result)).toEqual([
      ...['V0 passed', 'V1 failed', 'V2 skipped', 'V3 skipped', 'V4 skipped', 'V5 skipped', 'V6 skipped'],
    ]);
  });
});
