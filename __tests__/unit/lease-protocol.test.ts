import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { acquireLease } from '../../src/lease/lease.ts';
import type { LeaseStore } from '../../src/lease/store.ts';
import { silentLog } from '../../src/log.ts';
import { memoryStore, ownerOn, randomFrom, simulatedTime, type Way } from '../support/lease-sim.ts';

/** One run of the castle, somewhere among three machines. */
interface Contender {
  readonly machine: number;
  readonly startSeconds: number;
  readonly workSeconds: number;
  /** Killed so long after its start, whatever it is at then; undefined ends in order. */
  readonly killedAfterSeconds: number | undefined;
  readonly waitSeconds: number;
}

interface Told {
  readonly contender: number;
  readonly at: number;
  readonly what: 'acquired' | 'released' | 'lost' | 'killed' | 'refused';
  readonly fence?: number;
  readonly code?: string;
}

/** Plays the contenders against one store, and tells what became of them and which two ever held the castle at once. */
async function play(contenders: readonly Contender[], ttlSeconds: number, way: () => Way) {
  const time = simulatedTime();
  const memory = memoryStore();
  const store = memory.over(time, way);
  const told: Told[] = [];
  const holding = new Set<number>();
  const collisions: string[] = [];
  const dead = new Set<number>();
  const never = new Promise<never>(() => {});

  const live = async (
    index: number,
    { machine, workSeconds, killedAfterSeconds, waitSeconds }: Contender,
  ) => {
    const tell = (what: Told['what'], more: Partial<Told> = {}) =>
      told.push({ contender: index, at: time.now(), what, ...more });
    if (killedAfterSeconds !== undefined)
      time.after(killedAfterSeconds * 1000, () => {
        if (dead.has(index)) return;
        dead.add(index);
        if (holding.delete(index)) tell('killed');
      });
    // A killed process runs no further line, but what it has sent is under way.
    const own = <T>(work: Promise<T>): Promise<T> =>
      work.then(
        (value) => (dead.has(index) ? never : value),
        (error: unknown) => (dead.has(index) ? never : Promise.reject(error)),
      );
    const ownStore: LeaseStore = {
      place: store.place,
      read: () => (dead.has(index) ? never : own(store.read())),
      write: (record, version) => (dead.has(index) ? never : own(store.write(record, version))),
    };
    const ownTime = {
      ...time,
      sleep: (ms: number, signal: AbortSignal, background: boolean) =>
        own(time.sleep(ms, signal, background)),
    };
    try {
      const lease = await acquireLease(
        ownStore,
        { run: `run-${index}`, castle: 'small', owner: ownerOn(machine, index + 1), url: '' },
        {
          ttlSeconds,
          waitSeconds,
          signal: new AbortController().signal,
          log: silentLog,
          isAlive: async ({ pid }) => !dead.has(pid - 1),
          time: ownTime,
        },
      );
      for (const other of holding) collisions.push(`${index} beside ${other} at ${time.now()}`);
      holding.add(index);
      tell('acquired', { fence: lease.fence });
      lease.lost.addEventListener('abort', () => {
        if (holding.delete(index)) tell('lost', { code: (lease.lost.reason as PhoenixError).code });
      });
      await ownTime.sleep(workSeconds * 1000, lease.lost, false).catch(() => {});
      if (holding.delete(index)) tell('released');
      await lease.release();
    } catch (error) {
      if (!(error instanceof PhoenixError)) throw error;
      tell('refused', { code: error.code });
    }
    dead.add(index);
  };

  const all: Promise<void>[] = [];
  for (const [index, contender] of contenders.entries())
    time.after(contender.startSeconds * 1000, () => void all.push(live(index, contender)));
  await time.run(3120_000);
  for (const done of all) done.catch((error: unknown) => collisions.push(String(error)));
  await new Promise((resolve) => setImmediate(resolve));
  return { told, collisions, history: memory.history };
}

const seconds = (max: number) => fc.integer({ min: 0, max });
const contender = (waitSeconds: fc.Arbitrary<number>) =>
  fc.record<Contender>({
    machine: fc.integer({ min: 0, max: 2 }),
    startSeconds: seconds(120),
    workSeconds: seconds(200),
    killedAfterSeconds: fc.option(seconds(200), { nil: undefined }),
    waitSeconds,
  });
const ttl = fc.integer({ min: 10, max: 60 });

/** A line that is mostly quick, now and then dead slow, and that loses requests and answers. */
function badLine(seed: number, ttlSeconds: number): () => Way {
  const random = randomFrom(seed);
  const delay = () => (random() < 0.05 ? random() * ttlSeconds * 2500 : 1 + random() * 400);
  return () => {
    const dice = random();
    const lost = dice < 0.05 ? 'request' : dice < 0.1 ? 'answer' : undefined;
    return { there: delay(), back: delay(), ...(lost === undefined ? {} : { lost }) };
  };
}

function goodLine(seed: number): () => Way {
  const random = randomFrom(seed);
  return () => ({ there: 1 + random() * 200, back: 1 + random() * 200 });
}

describe('the lease, over any number of runs, kills and lost answers', () => {
  it('never has two holders that both believe in it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(contender(fc.constantFrom(0, 30, 3000)), { minLength: 2, maxLength: 7 }),
        ttl,
        fc.integer(),
        async (contenders, ttlSeconds, seed) => {
          const { collisions } = await play(contenders, ttlSeconds, badLine(seed, ttlSeconds));
          expect(collisions).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  }, 120_000);

  it('gives each holder a higher fence than any before it, in the store too', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(contender(fc.constantFrom(0, 3000)), { minLength: 2, maxLength: 7 }),
        ttl,
        fc.integer(),
        async (contenders, ttlSeconds, seed) => {
          const { told, history } = await play(contenders, ttlSeconds, badLine(seed, ttlSeconds));
          const fences = told.flatMap(({ fence }) => fence ?? []);
          expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
          for (const [index, record] of history.entries()) {
            const before = history[index - 1];
            const same = before?.token === record.token;
            expect(record.fence - (before?.fence ?? 0)).toBe(same ? 0 : 1);
          }
        },
      ),
      { numRuns: 100 },
    );
  }, 120_000);

  it('lets everybody in who waits long enough, and a dead holder is succeeded within its TTL and a few seconds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(contender(fc.constant(3000)), { minLength: 2, maxLength: 7 }),
        ttl,
        fc.integer(),
        async (contenders, ttlSeconds, seed) => {
          const { told, collisions } = await play(contenders, ttlSeconds, goodLine(seed));
          expect(collisions).toEqual([]);
          for (const [index, { killedAfterSeconds }] of contenders.entries()) {
            if (killedAfterSeconds !== undefined) continue;
            const mine = told.filter((event) => event.contender === index).map(({ what }) => what);
            expect(mine).toEqual(['acquired', 'released']);
          }
          for (const [index, event] of told.entries()) {
            const next = told[index + 1];
            // Nobody has to be there at that moment: the next one may start only later.
            if (event.what !== 'killed' || next === undefined) continue;
            const waiting = contenders[next.contender];
            const from = Math.max(event.at, (waiting?.startSeconds ?? 0) * 1000);
            expect(next.at - from).toBeLessThanOrEqual((ttlSeconds + 10) * 1000);
          }
        },
      ),
      { numRuns: 150 },
    );
  }, 120_000);
});
