import { describe, expect, it } from 'vitest';
import { isGenuine, signed } from '../../src/keepsake/sign.ts';
import type { Time } from '../../src/lease/time.ts';
import { addressOf } from '../../src/witness/address.ts';
import { type Archiver, awaitArchived } from '../../src/witness/archived.ts';
import { isArchived } from '../../src/witness/wal.ts';

const wal = '0000000100000000000000FE';

describe('a WAL segment', () => {
  it.each([
    [wal, true],
    ['0000000100000000000000FF', true],
    ['000000010000000100000000', true],
    ['0000000100000000000000FD', false],
    [null, false],
    // Another timeline says nothing of this one.
    ['000000020000000100000000', false],
    ['00000002.history', false],
    // Half a segment is not the segment, and a backup's file does not prove the segment that it is named after.
    [`${wal}.partial`, false],
    ['0000000100000000000000FF.partial', false],
    [`${wal}.00000028.backup`, false],
    ['0000000100000000000000FF.00000028.backup', true],
  ])('is archived where the last one is %s: %s', (last, archived) => {
    expect(isArchived(wal, last)).toBe(archived);
  });
});

/** A clock that moves only while somebody sleeps. */
function clock(): Time {
  let now = 0;
  return {
    now: () => now,
    wall: () => now,
    async sleep(milliseconds) {
      now += milliseconds;
    },
  };
}

describe('the wait for the archiver', () => {
  const before: Archiver = { last: '0000000100000000000000FD', failed: null, failures: 2, failedAt: null };
  const waiting = (answers: (call: number) => Partial<Archiver>) => {
    let calls = 0;
    const ask = async () => ({ ...before, ...answers(++calls) });
    const options = { withinSeconds: 10, time: clock(), signal: new AbortController().signal };
    return awaitArchived(ask, { wal, before }, options);
  };

  it('goes on where it failed and then succeeded, and tells how often', async () => {
    const found = waiting((call) =>
      call < 5 ? { failures: 2 + call, failed: wal } : { failures: 6, last: wal },
    );
    expect(await found).toEqual({ failures: 4 });
  });

  it('ends at its deadline with the last failure', async () => {
    const failedAt = new Date('2026-01-02T03:04:05Z');
    await expect(waiting(() => ({ failures: 5, failed: wal, failedAt }))).rejects.toMatchObject({
      code: 'PHX-WITNESS-NOT-ARCHIVED',
      why: expect.stringContaining(`Its last failure was ${wal} at 2026-01-02T03:04:05.000Z, 3 since`),
    });
  });

  it('says that another timeline is another one', async () => {
    await expect(waiting(() => ({ last: '000000020000000100000000' }))).rejects.toMatchObject({
      why: expect.stringContaining('which is of another timeline'),
    });
  });
});

describe('the address of the database', () => {
  const at = (url: string) => addressOf(url, 'the secret W', undefined);

  it('is verified in full unless it says otherwise', () => {
    expect(at('postgres://me:p%40ss@db.example.org/app')).toEqual({
      ...{ host: 'db.example.org', port: 5432, user: 'me', password: 'p@ss', database: 'app' },
      ...{ tls: 'verify-full', named: 'db.example.org' },
    });
    expect(at('postgresql://me@[::1]:5433/app?sslmode=require')).toMatchObject({
      ...{ host: '::1', port: 5433, tls: 'require' },
    });
  });

  it('may be reached elsewhere, and must still be what its certificate names', () => {
    const elsewhere = { host: '192.168.1.210', port: 6432 };
    expect(addressOf('postgres://me@db.svc/app', 'the secret W', elsewhere)).toMatchObject({
      ...{ host: '192.168.1.210', port: 6432, named: 'db.svc' },
    });
  });

  it.each([
    'mysql://me:hush@db/app',
    'no address',
    'postgres://db/app',
    'postgres://me:hush@db/app?sslmode=prefer',
  ])('is refused without a word of itself: %s', (url) => {
    expect(() => at(url)).toThrow(expect.objectContaining({ code: 'PHX-WITNESS-ADDRESS' }));
    try {
      at(url);
    } catch (error) {
      expect(JSON.stringify(error)).not.toContain('hush');
    }
  });
});

describe('the signature of a witness', () => {
  const witness = {
    ...{
      castle: 'small',
      run: 'r',
      nonce: 'n',
      at: '2026-01-02T03:04:05.000Z',
      lsn: '0/1',
      wal,
      timeline: 1,
    },
    ...{ archived: true as const, system: '1', database: 'd', table: 't', failures: 0 },
  };

  it('holds whatever the order of the fields, and not for one that was changed, or never signed', () => {
    const mine = signed(witness, 'the key');
    const turned = Object.fromEntries(Object.entries(mine).toReversed()) as typeof mine;
    expect(isGenuine(turned, 'the key')).toBe(true);
    expect(isGenuine({ ...mine, nonce: 'm' }, 'the key')).toBe(false);
    expect(isGenuine(mine, 'another key')).toBe(false);
    expect(isGenuine(signed(witness, undefined), 'the key')).toBe(false);
    expect(isGenuine(signed(witness, undefined), undefined)).toBe(true);
  });
});
