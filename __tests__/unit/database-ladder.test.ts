import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeBackups } from '../../src/database/backup-info.ts';
import { type ChainRow, chainHead } from '../../src/database/chain.ts';
import { formerLife } from '../../src/database/former.ts';
import { judgeFailed, restoreState } from '../../src/database/restore.ts';
import { restoreCause } from '../../src/database/restore-cause.ts';
import { judgeRows, lostSeconds, type Recovered } from '../../src/database/rows.ts';
import { judgeStanding } from '../../src/database/standing.ts';
import { keepsakeForm, type Witness } from '../../src/keepsake/record.ts';
import { isGenuine, signed } from '../../src/keepsake/sign.ts';
import { holds } from '../support/property.ts';

const row: fc.Arbitrary<ChainRow> = fc.record({
  nonce: fc.string(),
  run: fc.string(),
  castle: fc.string(),
  at: fc.string(),
});
const rows = fc.uniqueArray(row, {
  minLength: 1,
  maxLength: 12,
  selector: (each) => JSON.stringify(Object.values(each)),
});

describe('the chain over the rows of the witness', () => {
  it('has another head for any row that is changed', () => {
    holds(
      fc.property(
        rows,
        fc.nat(),
        fc.constantFrom('nonce', 'run', 'castle', 'at'),
        fc.string({ minLength: 1 }),
        (all, place, field, more) => {
          const index = place % all.length;
          const changed = all.map((each, at) =>
            at === index ? { ...each, [field]: each[field as keyof ChainRow] + more } : each,
          );
          expect(chainHead(changed)).not.toBe(chainHead(all));
        },
      ),
    );
  });

  it('has another head for any row that is left out, and for any two that change places', () => {
    holds(
      fc.property(rows, fc.nat(), fc.nat(), (all, one, two) => {
        const [a, b] = [one % all.length, two % all.length];
        expect(chainHead(all.toSpliced(a, 1))).not.toBe(chainHead(all));
        fc.pre(a !== b);
        const swapped = all.with(a, all[b] as ChainRow).with(b, all[a] as ChainRow);
        expect(chainHead(swapped)).not.toBe(chainHead(all));
      }),
    );
  });

  it('does not take the border between two fields for a part of either', () => {
    const [first, second] = [
      { nonce: 'ab', run: 'c', castle: '', at: '' },
      { nonce: 'a', run: 'bc', castle: '', at: '' },
    ];
    expect(chainHead([first])).not.toBe(chainHead([second]));
  });
});

/** As pgBackRest 2.45 prints it. */
const info = {
  ...{ archive: [{ id: '15-1', min: '000000010000000000000001', max: '000000010000000000000002' }] },
  backup: [
    {
      ...{ label: '20261128-022303F', type: 'full', error: false, prior: null },
      timestamp: { start: 1_795_832_583, stop: 1_795_832_589 },
    },
  ],
  ...{ name: 'db', cipher: 'none', repo: [{ key: 1, status: { code: 0, message: 'ok' } }] },
  status: { code: 0, lock: { backup: { held: false } }, message: 'ok' },
};
const backups = (changed: object, maxAgeSeconds = 100) =>
  judgeBackups(JSON.stringify([{ ...info, ...changed }]), {
    ...{ stanza: 'db', maxAgeSeconds, nowMs: 1_795_832_649_000 },
  });

describe('what pgBackRest says of the backups', () => {
  it('passes with the newest backup, its age, and how far the WAL goes', () => {
    expect(backups({})).toEqual({
      is: 'passed',
      seen: '20261128-022303F (full), 60 s old, 1 in all; WAL up to 000000010000000000000002',
    });
  });

  it.each([
    ['too old', {}, 59, 'is 60 s old; at most 59 s', false],
    ['no full one', { backup: [] }, 100, 'no full backup', false],
    [
      'damaged pages',
      { backup: [{ ...info.backup[0], error: true }] },
      100,
      'pages with wrong checksums',
      false,
    ],
    ['no WAL', { archive: [] }, 100, 'no archived WAL', true],
    ['another stanza', { name: 'other' }, 100, 'has no stanza db; it has other', false],
    [
      'a missing path',
      { status: { code: 1, message: 'missing stanza path' } },
      100,
      'missing stanza path (status 1)',
      false,
    ],
    [
      'a bucket that is away',
      {
        status: { code: 99, message: 'other' },
        repo: [
          {
            key: 1,
            status: {
              code: 99,
              message: "[HostConnectError] unable to connect to 'localhost:1': [111] Connection refused",
            },
          },
        ],
      },
      100,
      'HostConnectError',
      true,
    ],
  ])('fails for %s', (_, changed, maxAge, why, passes) => {
    expect(backups(changed, maxAge)).toMatchObject({
      ...{ is: 'failed', passes, error: { code: 'PHX-DB-BACKUP', why: expect.stringContaining(why) } },
    });
  });

  it('fails for words that are no information, and quotes their last line', () => {
    const judged = judgeBackups('ERROR: [055]: nothing\n', { stanza: 'db', maxAgeSeconds: 1, nowMs: 0 });
    expect(judged).toMatchObject({ is: 'failed', error: { why: expect.stringContaining('ERROR: [055]') } });
  });
});

/** Words that pgBackRest 2.45 printed when each was done to it. */
const missing = [
  'WARN: repo1: [FileMissingError] unable to load info file',
  'ERROR: [075]: no backup set found to restore',
];
const away = [
  "      HostConnectError: unable to connect to 'localhost:43225': [111] Connection refused",
  'ERROR: [075]: no backup set found to restore',
];

describe('the last words of a restore', () => {
  it.each([
    ['stanza', missing, false],
    ['unreachable', away, true],
    ['corrupted', ['ERROR: [029]: raised from local-1 protocol: unexpected eof in compressed data'], false],
    [
      'corrupted',
      ["ERROR: [055]: unable to open missing file '/castle/backup/db/F/pg_data/global/1.lz4' for read"],
      false,
    ],
    [
      'space',
      ["ERROR: [064]: raised from local-1 protocol: unable to write '/data/base/4/2619'", '[FileWriteError]'],
      false,
    ],
    ['permission', ["ERROR: [047]: unable to create path '/data': [13] Permission denied"], false],
    ['cipher', ['ERROR: [095]: CryptoError: unable to flush'], false],
    ['unknown', ['bash: exec format'], true],
  ])('tell %s', (kind, lines, passes) => {
    expect(restoreCause(lines)).toMatchObject({ kind, passes });
  });
});

describe('the container that restores', () => {
  const pod = (status: object) => ({
    ...{ metadata: { name: 'db-0' } },
    status: { phase: 'Pending', initContainerStatuses: [{ name: 'restore', ...status }] },
  });

  it('has failed where it waits to be tried again, and is done where it ended with 0 once', () => {
    const again = pod({
      restartCount: 2,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 75, message: missing.join('\n') } },
    });
    const state = restoreState(again, 'restore');
    expect(state).toMatchObject({ is: 'failed', tries: 3, previous: true });
    if (state.is !== 'failed') throw new Error('it has not failed');
    expect(judgeFailed(state, state.message.split('\n'))).toMatchObject({
      ...{ passes: false, seen: expect.stringContaining('3 times: ERROR: [075]') },
    });
    expect(restoreState(pod({ state: { terminated: { exitCode: 0 } } }), 'restore').is).toBe('done');
  });

  it('tells from when to when it ran, in whatever form the client gives the moments', () => {
    const ran = { started: '2026-01-02T03:04:05.000Z', ended: '2026-01-02T03:04:09.000Z' };
    const ended = (startedAt: unknown, finishedAt: unknown) =>
      restoreState(pod({ state: { terminated: { exitCode: 0, startedAt, finishedAt } } }), 'restore');
    expect(ended('2026-01-02T03:04:05Z', '2026-01-02T03:04:09Z')).toMatchObject({ is: 'done', ran });
    expect(ended(new Date(ran.started), new Date(ran.ended))).toMatchObject({ is: 'done', ran });
    expect(ended(undefined, 'some day')).toMatchObject({ is: 'done', ran: null });
  });

  it.each([
    ['runs', pod({ state: { running: {} } }), 'restore of pod db-0 runs'],
    ['waits for its image', pod({ state: { waiting: { reason: 'ErrImagePull' } } }), 'ErrImagePull'],
    [
      'is not listed yet',
      { metadata: { name: 'db-0' }, status: { phase: 'Pending' } },
      'without a container',
    ],
    ['has no pod', undefined, 'does not exist yet'],
  ])('is waited for where it %s', (_, object, seen) => {
    expect(restoreState(object, 'restore')).toMatchObject({
      ...{ is: 'waiting', seen: expect.stringContaining(seen) },
    });
  });
});

const hash = 'a'.repeat(64);
const was = {
  ...{ name: 'memories', orderBy: ['id'], time: 'at', rows: 5, hash },
  latest: '2026-01-02T03:04:00.000000Z',
};
const b = { nonce: 'B', at: '2026-01-02T03:04:05.000Z', lsn: '0/2' };
const witness: Witness = {
  ...{ castle: 'small', run: 'r', ...b, wal: '000000010000000000000001', timeline: 1, archived: true },
  ...{ system: '7', database: 'd', table: 'w', failures: 0, signature: null },
  ...{ rows: { a: { ...b, nonce: 'A' }, b }, chain: { head: hash, rows: 2 }, tables: [was] },
};
const whole: Recovered = {
  ...{ a: true, b: true, newest: b.at, tables: [{ was, is: { rows: 5, latest: was.latest } }] },
};

describe('what came back of a former life', () => {
  it('is whole with as many rows or more, and loses nothing', () => {
    expect(judgeRows(witness, whole).is).toBe('passed');
    const more = { ...whole, tables: [{ was, is: { rows: 6, latest: '2026-02-02T03:04:00.000000Z' } }] };
    expect(judgeRows(witness, more).is).toBe('passed');
    expect(lostSeconds(witness, more)).toBe(0);
  });

  it.each([
    ['row A', { a: false }],
    ['row B', { b: false }],
    ['the table memories', { tables: [{ was, is: null }] }],
    ['1 of 5 rows of memories', { tables: [{ was, is: { rows: 4, latest: was.latest } }] }],
    [
      'the newest rows of memories',
      { tables: [{ was, is: { rows: 5, latest: '2026-01-02T03:03:59.000000Z' } }] },
    ],
  ])('lacks %s', (what, changed) => {
    expect(judgeRows(witness, { ...whole, ...changed })).toMatchObject({
      ...{ is: 'failed', passes: false },
      error: { code: 'PHX-DB-RPO', why: expect.stringContaining(what) },
    });
  });

  it('has lost the seconds from the newest row that is back to row B', () => {
    const without = { ...whole, b: false, newest: '2026-01-02T03:03:05.000Z' };
    expect(lostSeconds(witness, without)).toBe(5);
    expect(lostSeconds(witness, { ...without, tables: [] })).toBe(60);
    expect(lostSeconds(witness, { ...without, newest: null, tables: [] })).toBeNull();
  });
});

describe('the database that answers', () => {
  const standing = { recovery: false, replayed: null, wal: '000000020000000000000005', system: '7' };
  const verdict = (changed: object, restored = true) => {
    const judged = judgeStanding({ ...standing, ...changed }, witness, restored);
    return judged.is === 'failed' ? judged.error.code : judged.is;
  };

  it('is the restored one on a later timeline of the same system, and no other', () => {
    expect(verdict({})).toBe('passed');
    expect(verdict({ system: '8' })).toBe('PHX-DB-OTHER');
    expect(verdict({ wal: '000000010000000000000005' })).toBe('PHX-DB-OTHER');
    expect(verdict({ wal: '000000010000000000000005' }, false)).toBe('passed');
    expect(verdict({ recovery: true, wal: null, replayed: '0/3' })).toBe('PHX-DB-RECOVERY');
  });
});

describe('what is kept of a former life', () => {
  const kept = { format: 1 as const, castle: 'small' };
  const { signature: _, ...unsigned } = witness;

  it('counts only where it is genuine, of this castle, and not proved yet', () => {
    const mine = signed(unsigned, 'key');
    expect(formerLife({ ...kept, witness: mine }, 'small', 'key')).toEqual({ witness: mine });
    expect(formerLife(kept, 'small', 'key')).toEqual({ none: 'no witness of a former life' });
    expect(formerLife({ ...kept, witness: mine }, 'other', 'key')).toHaveProperty('none');
    const proved = { nonce: 'B', run: 'r2', at: b.at };
    expect(formerLife({ ...kept, witness: mine, proved }, 'small', 'key')).toHaveProperty('none');
    const changed = { ...mine, tables: [{ ...was, rows: 4 }] };
    expect(formerLife({ ...kept, witness: changed }, 'small', 'key')).toHaveProperty('forged');
    expect(formerLife({ ...kept, witness }, 'small', 'key')).toHaveProperty('forged');
  });

  it('keeps its signature through a store that hands fields back in another order, at any depth', () => {
    const mine = signed(unsigned, 'key');
    const turned = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(turned)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .toReversed()
                .map(([name, each]) => [name, turned(each)]),
            )
          : value;
    expect(isGenuine(turned(mine) as Witness, 'key')).toBe(true);
  });

  it('is read where an older version wrote it, without rows, chain and tables, and its signature holds', () => {
    const { rows: _, chain: __, tables: ___, ...old } = unsigned;
    const signature = 'a95541d0976036c3f56b81a45788b94f6f5c2e3bb4f602de7d4248397c7f521d';
    const text = keepsakeForm.text({ ...kept, witness: { ...old, signature } });
    const read = keepsakeForm.parse(text, 'a test').witness;
    expect(read).toEqual({ ...old, signature });
    expect(read !== undefined && isGenuine(read, 'key')).toBe(true);
  });
});
