import { describe, expect, it } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import type { Lease } from '../../src/lease/hold.ts';
import { type AcquireOptions, acquireLease, adoptLease } from '../../src/lease/lease.ts';
import type { Owner } from '../../src/lease/record.ts';
import { type Log, silentLog } from '../../src/log.ts';
import { memoryStore, ownerOn, simulatedTime, type Way } from '../support/lease-sim.ts';

const url = 'https://github.com/OWNER/castle/actions/runs/7';

/** One store, one clock, and runs that take the lease there. */
function scene(way: () => Way = () => ({ there: 5, back: 5 })) {
  const time = simulatedTime();
  const memory = memoryStore();
  const store = memory.over(time, way);
  const dead = new Set<number>();
  const lines: string[] = [];
  const log: Log = {
    ...silentLog,
    info: (text) => lines.push(text),
    warn: (text) => lines.push(text),
  };
  const context = { log, time, isAlive: async ({ pid }: { pid: number }) => !dead.has(pid) };
  const who = (owner: Owner, run = `run-${owner.pid}`) => ({ run, castle: 'tazlab', owner, url });
  const options = (more: Partial<AcquireOptions> = {}): AcquireOptions => ({
    ttlSeconds: 60,
    waitSeconds: 0,
    signal: new AbortController().signal,
    ...context,
    ...more,
  });
  return {
    time,
    memory,
    store,
    dead,
    lines,
    acquire: (owner: Owner, more: Partial<AcquireOptions> = {}) =>
      settled(acquireLease(store, who(owner), options(more))),
    adopt: (owner: Owner, run: string) => settled(adoptLease(store, run, owner, context)),
  };
}

/** What a promise has come to so far. */
function settled<T>(promise: Promise<T>): { value?: T; error?: unknown; done: boolean } {
  const state: { value?: T; error?: unknown; done: boolean } = { done: false };
  promise.then(
    (value) => Object.assign(state, { value, done: true }),
    (error: unknown) => Object.assign(state, { error, done: true }),
  );
  return state;
}

async function won(world: ReturnType<typeof scene>, owner: Owner): Promise<Lease> {
  const taking = world.acquire(owner);
  await world.time.run(100);
  if (taking.value === undefined) throw new Error('the lease was not free', { cause: taking.error });
  return taking.value;
}

const refused = (error: unknown) => (error instanceof PhoenixError ? error : undefined);

describe('a lease that a run of this machine holds', () => {
  it('is refused at once, and the refusal names the run, its process, its page and the place', async () => {
    const world = scene();
    const first = await won(world, ownerOn(1, 11));
    const second = world.acquire(ownerOn(1, 12));
    await world.time.run(100);
    const error = refused(second.error);
    expect(error?.code).toBe('PHX-LEASE-HELD');
    expect(error?.what).toBe(
      `The castle tazlab is held by run run-11 (process 11 of builder on host-1, ${url}).`,
    );
    expect(error?.why).toContain('memory since 2023-11-14T22:13:20Z');
    expect(error?.next).toContain(url);
    first.leave();
  });

  it('is waited for where the castle file says so, with a line every ten seconds, and taken when it is given back', async () => {
    const world = scene();
    const first = await won(world, ownerOn(1, 11));
    const second = world.acquire(ownerOn(1, 12), { waitSeconds: 600 });
    await world.time.run(35_000);
    expect(world.lines.filter((line) => line.includes('waiting for run run-11'))).toHaveLength(4);
    expect(second.done).toBe(false);
    const releasing = first.release();
    await world.time.run(2000);
    await releasing;
    expect(second.value?.fence).toBe(2);
    expect(second.value?.overtaken).toBeUndefined();
  });

  it('is refused when the wait is over', async () => {
    const world = scene();
    const first = await won(world, ownerOn(1, 11));
    const second = world.acquire(ownerOn(1, 12), { waitSeconds: 20 });
    await world.time.run(19_000);
    expect(second.done).toBe(false);
    await world.time.run(3000);
    expect(refused(second.error)?.code).toBe('PHX-LEASE-HELD');
    expect(refused(second.error)?.why).toMatch(/This run waited 2\d s for it/);
    first.leave();
  });

  it('is taken over at once when its process is dead, and tells from whom', async () => {
    const world = scene();
    const first = await won(world, ownerOn(1, 11));
    first.leave();
    world.dead.add(11);
    const second = world.acquire(ownerOn(1, 12));
    await world.time.run(100);
    expect(second.value?.fence).toBe(2);
    expect(second.value?.overtaken?.run).toBe('run-11');
    expect(world.lines.join()).toContain('taken over from run run-11');
    expect(world.lines.join()).toContain('its process is gone');
  });

  it('is taken over at once when the machine was booted anew', async () => {
    const world = scene();
    (await won(world, ownerOn(1, 11))).leave();
    const second = world.acquire(ownerOn(1, 11, { bootId: 'another' }));
    await world.time.run(100);
    expect(second.value?.fence).toBe(2);
  });

  it('is let go of while waiting as soon as the run is cancelled', async () => {
    const world = scene();
    const first = await won(world, ownerOn(1, 11));
    const cancel = new AbortController();
    const second = world.acquire(ownerOn(1, 12), { waitSeconds: 600, signal: cancel.signal });
    await world.time.run(5000);
    const reason = new Error('cancelled');
    cancel.abort(reason);
    await world.time.run(100);
    expect(second.error).toBe(reason);
    first.leave();
  });
});

describe('a lease whose holder cannot be asked', () => {
  it.each([
    ['on another machine', ownerOn(2, 11), ownerOn(1, 12)],
    ['on a clone of the same name', ownerOn(1, 11, { bootId: 'b', machine: 'its-own' }), ownerOn(1, 12)],
    [
      'where no machine has an id',
      ownerOn(1, 11, { bootId: 'b', machine: '' }),
      ownerOn(1, 12, { machine: '' }),
    ],
    ['of a user whose processes may be hidden', ownerOn(1, 11, { user: 'other' }), ownerOn(1, 12)],
    ['in another container', ownerOn(1, 11, { pidSpace: 'pid:[2]' }), ownerOn(1, 12)],
  ])('%s is refused only after it has shown life', async (_, holder, me) => {
    const world = scene();
    const first = await won(world, holder);
    // Its pid means nothing here.
    world.dead.add(11);
    const second = world.acquire(me);
    await world.time.run(15_000);
    expect(second.done).toBe(false);
    await world.time.run(10_000);
    expect(refused(second.error)?.code).toBe('PHX-LEASE-HELD');
    first.leave();
  });

  it('is taken over when it was silent for the TTL that it promised, and not before', async () => {
    const world = scene();
    (await won(world, ownerOn(2, 11))).leave();
    await world.time.run(1000_000);
    const second = world.acquire(ownerOn(1, 12), { ttlSeconds: 10 });
    await world.time.run(59_000);
    expect(second.done).toBe(false);
    expect(world.lines[0]).toContain('seeing for 60 s at most whether run run-11');
    await world.time.run(3000);
    expect(second.value?.fence).toBe(2);
    expect(world.lines.join()).toContain('no sign of life for 60 s');
  });
});

describe('a holder', () => {
  it('renews three times within a TTL, and writes what it is at', async () => {
    const world = scene();
    const lease = await won(world, ownerOn(1, 11));
    lease.at('platform');
    await world.time.run(61_000);
    expect(world.memory.history).toHaveLength(4);
    expect(world.memory.record()).toMatchObject({ phase: 'platform', fence: 1 });
    lease.leave();
  });

  it('loses the lease before its TTL is over when it cannot renew, with the cause', async () => {
    let broken = false;
    const world = scene(() => ({ there: 5, back: 5, ...(broken ? { lost: 'request' as const } : {}) }));
    const lease = await won(world, ownerOn(1, 11));
    broken = true;
    await world.time.run(50_000);
    expect(lease.lost.aborted).toBe(false);
    await world.time.run(9000);
    expect(refused(lease.lost.reason)).toMatchObject({ code: 'PHX-LEASE-LOST', class: 'layer' });
    expect(refused(lease.lost.reason)?.why).toContain('connection reset');
  });

  it('keeps the lease over a short failure', async () => {
    let broken = false;
    const world = scene(() => ({ there: 5, back: 5, ...(broken ? { lost: 'request' as const } : {}) }));
    const lease = await won(world, ownerOn(1, 11));
    broken = true;
    await world.time.run(40_000);
    broken = false;
    await world.time.run(200_000);
    expect(lease.lost.aborted).toBe(false);
    expect(world.lines.join()).toContain('not renewed, trying again');
    lease.leave();
  });

  it('that overslept finds out that it was taken over, and leaves the new lease alone', async () => {
    let asleep = false;
    let there = 5;
    const world = scene(() => ({ there: asleep ? there : 5, back: 5 }));
    const lease = await won(world, ownerOn(2, 11));
    // Its renewal is on the way while the machine sleeps.
    asleep = true;
    there = 100_000;
    await world.time.run(21_000);
    asleep = false;
    const second = world.acquire(ownerOn(1, 12));
    await world.time.run(120_000);
    expect(second.value?.fence).toBe(2);
    expect(lease.lost.aborted).toBe(true);
    const releasing = lease.release();
    await world.time.run(1000);
    await releasing;
    expect(world.memory.record()).toMatchObject({ run: 'run-12', fence: 2, released: null });
    second.value?.leave();
  });

  it('that is overtaken while it still renews finds the other run in its place', async () => {
    const world = scene();
    const lease = await won(world, ownerOn(1, 11));
    world.dead.add(11);
    const second = world.acquire(ownerOn(1, 12));
    await world.time.run(21_000);
    expect(refused(lease.lost.reason)?.why).toContain('taken over by run run-12');
    expect(world.memory.record()).toMatchObject({ run: 'run-12', released: null });
    second.value?.leave();
  });

  it('does not rely on an answer that was half a TTL on its way', async () => {
    let calls = 0;
    // The read, then the write: its answer takes longer than the lease may be old.
    const world = scene(() => ({ there: 5, back: ++calls === 2 ? 7000 : 5 }));
    const taking = world.acquire(ownerOn(1, 11), { ttlSeconds: 10 });
    await world.time.run(7100);
    expect(taking.done).toBe(false);
    await world.time.run(1100);
    expect(taking.value?.fence).toBe(1);
    expect(world.memory.history).toHaveLength(2);
    taking.value?.leave();
  });

  it('knows its own write again when the answer to it is lost', async () => {
    let calls = 0;
    const world = scene(() => ({ there: 5, back: 5, ...(++calls === 2 ? { lost: 'answer' as const } : {}) }));
    const taking = world.acquire(ownerOn(1, 11));
    await world.time.run(1100);
    expect(taking.value?.fence).toBe(1);
    taking.value?.leave();
  });
});

describe('the lease of a dead run', () => {
  it('is adopted under the same run by whoever goes on with its work, with a higher fence', async () => {
    const world = scene();
    (await won(world, ownerOn(1, 11))).leave();
    world.dead.add(11);
    const adopting = world.adopt(ownerOn(1, 13), 'run-11');
    await world.time.run(100);
    expect(adopting.value?.fence).toBe(2);
    expect(world.memory.record()).toMatchObject({ run: 'run-11', owner: { pid: 13 }, url });
    const releasing = adopting.value?.release();
    await world.time.run(100);
    await releasing;
    expect(world.memory.record()?.released).not.toBeNull();
  });

  it.each([
    ['its process still lives', ownerOn(1, 11), 'run-11', false],
    ['its process is on another machine', ownerOn(2, 11), 'run-11', true],
    ['another run holds the castle', ownerOn(1, 11), 'run-99', true],
  ])('is not adopted when %s', async (_, holder, run, dies) => {
    const world = scene();
    const lease = await won(world, holder);
    if (dies) world.dead.add(11);
    const adopting = world.adopt(ownerOn(1, 13), run);
    await world.time.run(100);
    expect(adopting).toMatchObject({ done: true, value: undefined });
    expect(world.memory.record()?.owner.pid).toBe(11);
    lease.leave();
  });

  it('is not adopted when it was given back', async () => {
    const world = scene();
    const lease = await won(world, ownerOn(1, 11));
    const releasing = lease.release();
    await world.time.run(100);
    await releasing;
    world.dead.add(11);
    const adopting = world.adopt(ownerOn(1, 13), 'run-11');
    await world.time.run(100);
    expect(adopting).toMatchObject({ done: true, value: undefined });
  });
});

describe('a store that does not answer', () => {
  it('is asked three times, and then the run ends with the cause and the way round it', async () => {
    const world = scene(() => ({ there: 5, back: 5, lost: 'request' as const }));
    const taking = world.acquire(ownerOn(1, 11));
    await world.time.run(10_000);
    expect(refused(taking.error)).toMatchObject({ code: 'PHX-LEASE-STORE', why: 'connection reset' });
    expect(refused(taking.error)?.next).toContain('place: machine');
  });

  it('holds a run up for half a minute at most when it says nothing at all', async () => {
    const world = scene(() => ({ there: 1e9, back: 0 }));
    const taking = world.acquire(ownerOn(1, 11));
    await world.time.run(33_000);
    expect(refused(taking.error)?.why).toBe('no answer within 10.0 s');
  });
});
