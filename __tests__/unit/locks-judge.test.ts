import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Holder } from '../../src/journal/holders.ts';
import { judgeLock, toleranceMs } from '../../src/locks/judge.ts';
import type { LivingEngine } from '../../src/locks/living.ts';
import type { LockInfo } from '../../src/locks/lock-info.ts';
import { holds } from '../support/property.ts';

const here = { host: 'forge', user: 'runner' };
const now = 1_000_000;
const lock: LockInfo = {
  id: 'b1e40f13',
  path: 'terraform.tfstate',
  operation: 'OperationTypeApply',
  who: 'runner@forge',
  version: '1.12.6',
  created: now - 60_000,
  info: '',
};
const dead: Holder = {
  ...here,
  run: 'r1',
  layer: 'platform',
  from: lock.created - 500,
  to: lock.created + 30_000,
  alive: false,
  how: 'engine 4711 is gone',
};

describe('a lock', () => {
  it('of our host and user, taken while only dead engines of ours could have, is stale, with them as the proof', () => {
    expect(judgeLock(lock, [dead, { ...dead, how: 'engine 4712 is gone' }], here, now)).toEqual({
      verdict: 'stale',
      proof: 'engine 4711 is gone; engine 4712 is gone',
    });
  });

  it('that a living engine of ours may have taken is held, whoever else may have', () => {
    const alive = { ...dead, alive: true, how: 'engine 4712 still runs' };
    expect(judgeLock(lock, [dead, alive], here, now)).toEqual({
      verdict: 'held',
      by: 'engine 4712 still runs',
    });
  });

  it('that no engine of ours explains is a person’s: unproved', () => {
    expect(judgeLock(lock, [], here, now).verdict).toBe('unproved');
    const earlier = { ...dead, from: dead.from - 90_000, to: lock.created - toleranceMs - 1 };
    const later = { ...dead, from: lock.created + toleranceMs + 1 };
    expect(judgeLock(lock, [earlier, later], here, now).verdict).toBe('unproved');
  });

  it.each([
    ['of another host', 'runner@elsewhere'],
    ['of a host whose name ends like ours', 'runner@my.forge'],
    ['of nobody', ''],
  ])('%s is foreign, whatever engines of ours are dead', (_, who) => {
    expect(judgeLock({ ...lock, who }, [dead], here, now).verdict).toBe('foreign');
  });

  it('of another user of our host is unproved, also where a dead engine of theirs is known', () => {
    const theirs = { ...dead, user: 'root' };
    const who = 'root@forge';
    expect(judgeLock({ ...lock, who }, [dead], here, now).verdict).toBe('unproved');
    expect(judgeLock({ ...lock, who }, [theirs], here, now).verdict).toBe('unproved');
  });

  it('of another host is stale only where the run there that took it is known to have ended', () => {
    const there = { ...dead, host: 'elsewhere', how: 'run 12 ended' };
    const theirs = { ...lock, who: 'runner@elsewhere' };
    expect(judgeLock(theirs, [there], here, now)).toEqual({ verdict: 'stale', proof: 'run 12 ended' });
    expect(judgeLock(theirs, [{ ...there, alive: true }], here, now).verdict).toBe('held');
    expect(judgeLock(theirs, [{ ...there, from: lock.created + 5000 }], here, now).verdict).toBe('foreign');
  });

  it('whose time cannot be read, or lies ahead, is unproved', () => {
    expect(judgeLock({ ...lock, created: Number.NaN }, [dead], here, now).verdict).toBe('unproved');
    const ahead = now + toleranceMs + 1;
    const holder = { ...dead, from: 0, to: Number.POSITIVE_INFINITY };
    expect(judgeLock({ ...lock, created: ahead }, [holder], here, now).verdict).toBe('unproved');
  });

  it('is unproved while an engine that is not of our runs could be its holder, and stale beside one that came later', () => {
    const engine: LivingEngine = { pid: 99, name: 'tofu', dir: '/home/runner/live', from: lock.created - 1 };
    expect(judgeLock(lock, [dead], here, now, [engine])).toMatchObject({ verdict: 'unproved' });
    const later = { ...engine, from: lock.created + toleranceMs + 1 };
    expect(judgeLock(lock, [dead], here, now, [later]).verdict).toBe('stale');
  });
});

describe('never is a lock stale', () => {
  const names = fc.constantFrom('runner', 'root', 'a@b');
  const hosts = fc.constantFrom('forge', 'elsewhere', 'x');
  const times = fc.oneof(fc.integer({ min: now - 10_000, max: now + 10_000 }), fc.constant(Number.NaN));
  const someLock = fc
    .record({ user: names, host: hosts, created: times })
    .map(({ user, host, created }) => ({ ...lock, who: `${user}@${host}`, created }));
  const someHolder = fc.record({
    run: fc.string(),
    layer: fc.constant('platform'),
    host: hosts,
    user: names,
    from: fc.integer({ min: now - 10_000, max: now + 10_000 }),
    to: fc.oneof(fc.integer({ min: now - 10_000, max: now + 10_000 }), fc.constant(Number.POSITIVE_INFINITY)),
    alive: fc.boolean(),
    how: fc.string(),
  });
  const explains = (given: LockInfo, { user, host, from, to }: Holder) =>
    `${user}@${host}` === given.who &&
    given.created >= from - toleranceMs &&
    given.created <= to + toleranceMs;

  /** A holder whose window has the lock's time in it. */
  const explaining = (given: LockInfo, before: number, after: number): Holder => {
    const [user = '', host = ''] = given.who.split(/@(?=[^@]*$)/);
    return { ...dead, user, host, from: given.created - before, to: given.created + after };
  };
  const offset = fc.integer({ min: -toleranceMs, max: 60_000 });

  it('while a holder that explains it is alive', () => {
    holds(
      fc.property(someLock, fc.array(someHolder), offset, offset, (given, others, before, after) => {
        const alive = { ...explaining(given, before, after), alive: true };
        const verdict = judgeLock(given, [...others, alive], here, now).verdict;
        expect(verdict).toBe(given.created <= now + toleranceMs ? 'held' : 'unproved');
      }),
    );
  });

  it('without a dead holder that explains it', () => {
    let stale = 0;
    holds(
      fc.property(someLock, fc.array(someHolder), offset, fc.boolean(), (given, others, around, known) => {
        const holders = known ? [...others, explaining(given, around, around)] : others;
        if (judgeLock(given, holders, here, now).verdict !== 'stale') return;
        stale += 1;
        expect(holders.some((holder) => !holder.alive && explains(given, holder))).toBe(true);
      }),
    );
    expect(stale).toBeGreaterThan(0);
  });

  it('when it is of this host and of another user', () => {
    holds(
      fc.property(someLock, fc.array(someHolder, { maxLength: 8 }), (given, holders) => {
        if (!given.who.endsWith('@forge') || given.who === 'runner@forge') return;
        expect(judgeLock(given, holders, here, now).verdict).not.toBe('stale');
      }),
    );
  });

  it('because a living holder is added to it, or a dead one taken away', () => {
    holds(
      fc.property(someLock, fc.array(someHolder, { maxLength: 8 }), someHolder, (given, holders, more) => {
        if (judgeLock(given, holders, here, now).verdict === 'stale') return;
        const worse = [...holders.filter(({ alive }) => alive), { ...more, alive: true }];
        expect(judgeLock(given, worse, here, now).verdict).not.toBe('stale');
      }),
    );
  });
});
