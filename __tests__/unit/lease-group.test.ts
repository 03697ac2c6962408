import { describe, expect, it } from 'vitest';
import { groupOf } from '../../src/lease/group.ts';
import { acquireLease, adoptLease } from '../../src/lease/lease.ts';
import { endedIn } from '../../src/lease/members.ts';
import type { LeaseRecord, Owner } from '../../src/lease/record.ts';
import { createWatch } from '../../src/lease/watch.ts';
import { silentLog } from '../../src/log.ts';
import { memoryStore, ownerOn, simulatedTime } from '../support/lease-sim.ts';

/** One store, one clock, and legs and strangers that take the lease there. Every answer takes 10 ms. */
function scene() {
  const time = simulatedTime();
  const memory = memoryStore();
  const store = memory.over(time, () => ({ there: 5, back: 5 }));
  const dead = new Set<number>();
  const context = {
    log: silentLog,
    time,
    isAlive: async ({ pid }: { pid: number }) => !dead.has(pid),
  };
  const done = async <T>(work: Promise<T>, ms = 2000): Promise<T> => {
    work.catch(() => {});
    await time.run(ms);
    return Promise.race([work, Promise.reject(new Error('still waiting'))]);
  };
  const take = (owner: Owner, group?: string) =>
    acquireLease(
      store,
      {
        ...{ run: `run-${owner.pid}`, castle: 'tazlab', owner, url: `https://forge/${owner.pid}` },
        ...(group === undefined ? {} : { group }),
      },
      { ttlSeconds: 60, waitSeconds: 0, signal: new AbortController().signal, ...context },
    );
  return {
    time,
    memory,
    dead,
    done,
    take: (owner: Owner, group?: string, ms?: number) => done(take(owner, group), ms),
    adopt: (owner: Owner, run: string) => done(adoptLease(store, run, owner, context)),
    record: () => memory.record() as LeaseRecord,
    runs: () => memory.record()?.members?.map(({ run }) => run),
  };
}

const engine = (layer: string) => ({ layer, from: 1, to: 2 });

describe('the group of a leg', () => {
  it.each([
    ['the workflow run and its attempt', { GITHUB_RUN_ID: '7', GITHUB_RUN_ATTEMPT: '2' }, '7.2'],
    [
      'of its repository',
      { GITHUB_RUN_ID: '7', GITHUB_RUN_ATTEMPT: '1', GITHUB_REPOSITORY: 'o/c' },
      'o/c/7.1',
    ],
    ['PHOENIX_GROUP before that', { GITHUB_RUN_ID: '7', PHOENIX_GROUP: 'tonight' }, 'tonight'],
    ['none outside both', { PHOENIX_GROUP: '' }, undefined],
  ])('is %s', (_, env, expected) => {
    expect(groupOf(env)).toBe(expected);
  });
});

describe('a lease that legs hold together', () => {
  it('stays with those that live when the first gives back its part, and is given back by the last', async () => {
    const world = scene();
    const first = await world.take(ownerOn(1, 11), 'seven');
    const second = await world.take(ownerOn(2, 12), 'seven');
    expect([first.fence, second.fence]).toEqual([1, 2]);
    expect(second.overtaken).toBeUndefined();
    first.ended([engine('secrets')]);
    await world.done(first.release());
    expect(world.record()).toMatchObject({ released: null, run: 'run-12', fence: 2 });
    expect(world.runs()).toEqual(['run-12']);
    await expect(world.take(ownerOn(2, 13))).rejects.toMatchObject({ code: 'PHX-LEASE-HELD' });
    second.ended([engine('platform')]);
    await world.done(second.release());
    expect(world.record().released).not.toBeNull();
    expect(world.record().members).toBeUndefined();
    const next = await world.take(ownerOn(3, 14));
    expect(next.fence).toBe(3);
    expect(endedIn(next.predecessor as LeaseRecord)).toEqual([
      { run: 'run-11', host: 'host-1', user: 'builder', engines: [engine('secrets')] },
      { run: 'run-12', host: 'host-2', user: 'builder', engines: [engine('platform')] },
    ]);
    next.leave();
  });

  it('tells each leg that comes to it what the run before the group had ended, and what its siblings have', async () => {
    const world = scene();
    const before = await world.take(ownerOn(1, 10));
    before.ended([engine('old')]);
    await world.done(before.release());
    const first = await world.take(ownerOn(1, 11), 'seven');
    first.ended([engine('secrets')]);
    await world.done(first.release());
    // The next stage: nobody holds the castle between the two.
    const second = await world.take(ownerOn(2, 12), 'seven');
    const third = await world.take(ownerOn(3, 13), 'seven');
    expect(endedIn(third.predecessor as LeaseRecord).map(({ run }) => run)).toEqual(['run-11', 'run-10']);
    await world.done(second.release());
    await world.done(third.release());
    // What was before the group is not handed on for ever.
    const stranger = await world.take(ownerOn(1, 14));
    expect(endedIn(stranger.predecessor as LeaseRecord).map(({ run }) => run)).toContain('run-11');
    await world.done(stranger.release());
    const next = await world.take(ownerOn(1, 15), 'eight');
    expect(endedIn(world.record()).map(({ run }) => run)).toEqual([]);
    next.leave();
  });

  it('is not joined by a leg of another workflow run', async () => {
    const world = scene();
    const first = await world.take(ownerOn(1, 11), 'seven');
    await expect(world.take(ownerOn(1, 12), 'eight')).rejects.toMatchObject({
      code: 'PHX-LEASE-HELD',
      what: 'The castle tazlab is held by run run-11 (process 11 of builder on host-1, https://forge/11).',
    });
    first.leave();
  });

  it('is kept for all by one that lives, though another died here and a third is silent elsewhere', async () => {
    const world = scene();
    (await world.take(ownerOn(1, 11), 'seven')).leave();
    const living = await world.take(ownerOn(2, 12), 'seven');
    (await world.take(ownerOn(3, 13), 'seven')).leave();
    world.dead.add(11);
    await world.time.run(200_000);
    await expect(world.take(ownerOn(1, 14), undefined, 70_000)).rejects.toMatchObject({
      what: expect.stringContaining('and 2 more legs of its workflow run'),
    });
    living.leave();
    const next = await world.take(ownerOn(1, 15), undefined, 70_000);
    expect(next).toMatchObject({ fence: 4 });
    expect(next.overtaken?.members).toHaveLength(3);
    next.leave();
  });

  it('gives a dead leg’s part, and no other, to the process that goes on with its work', async () => {
    const world = scene();
    (await world.take(ownerOn(1, 11), 'seven')).leave();
    const second = await world.take(ownerOn(2, 12), 'seven');
    expect(await world.adopt(ownerOn(1, 20), 'run-11')).toBeUndefined();
    world.dead.add(11);
    const adopted = await world.adopt(ownerOn(1, 20), 'run-11');
    expect(adopted?.fence).toBe(3);
    // A sibling that begins and its post step cannot both have it.
    expect(await world.adopt(ownerOn(1, 21), 'run-11')).toBeUndefined();
    expect(await world.adopt(ownerOn(1, 21), 'run-99')).toBeUndefined();
    await world.done(adopted?.release() ?? Promise.resolve());
    expect(world.runs()).toEqual(['run-12']);
    await world.time.run(100_000);
    expect(second.lost.aborted).toBe(false);
    second.leave();
  });

  it('tells a member whose part is gone that the lease is lost, and by whom', async () => {
    const world = scene();
    const first = await world.take(ownerOn(1, 11), 'seven');
    world.dead.add(11);
    const stranger = await world.take(ownerOn(1, 12));
    await world.time.run(30_000);
    expect(first.lost.reason).toMatchObject({
      code: 'PHX-LEASE-LOST',
      why: expect.stringContaining('taken over by run run-12'),
    });
    expect(world.record()).toMatchObject({ run: 'run-12', released: null });
    stranger.leave();
  });
});

describe('a Phoenix that knows nothing of members', () => {
  /** What it reads: keys that it does not know are dropped. */
  const asOld = ({ group: _, members: __, left: ___, before: ____, ...known }: LeaseRecord) => known;

  it.each([
    ['on the machine of the dead leg that it is shown', ownerOn(1, 50)],
    ['there, after a boot', ownerOn(1, 50, { bootId: 'another' })],
    ['on any other', ownerOn(9, 50)],
  ])('sees it held as long as any leg renews, and free a TTL after the last: %s', async (_, me) => {
    const world = scene();
    (await world.take(ownerOn(1, 11), 'seven')).leave();
    const living = await world.take(ownerOn(2, 12), 'seven');
    const watch = createWatch(world.time, me, async () => false);
    const look = () =>
      watch.see({ record: asOld(world.record()), version: String(world.memory.history.length) });
    expect((await look()).is).toBe('silent');
    for (let turn = 0; turn < 10; turn += 1) {
      await world.time.run(30_000);
      expect((await look()).is).toBe('alive');
    }
    living.leave();
    await world.time.run(59_000);
    expect((await look()).is).not.toBe('free');
    await world.time.run(61_000);
    expect((await look()).is).toBe('free');
  });
});

describe('a run that has the castle to itself', () => {
  it('writes a record without a word of groups, from its first to its last', async () => {
    const world = scene();
    const lease = await world.take(ownerOn(1, 11));
    lease.at('platform');
    await world.time.run(61_000);
    lease.ended([engine('platform')]);
    await world.done(lease.release());
    const keys = 'format fence token run castle owner url acquired renewed ttlSeconds released'.split(' ');
    expect(Object.keys(world.memory.history[0] ?? {})).toEqual(keys);
    expect(Object.keys(world.record())).toEqual([...keys, 'phase', 'engines']);
  });
});
