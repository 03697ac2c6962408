import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { badLine, type Contender, goodLine, play } from '../support/lease-play.ts';

const seconds = (max: number) => fc.integer({ min: 0, max });
const contender = (waitSeconds: fc.Arbitrary<number>) =>
  fc.record<Contender>({
    machine: fc.integer({ min: 0, max: 2 }),
    startSeconds: seconds(120),
    workSeconds: seconds(200),
    killedAfterSeconds: fc.option(seconds(200), { nil: undefined }),
    waitSeconds,
    group: fc.constant(undefined),
    sleep: fc.constant(undefined),
    adopted: fc.constant(false),
  });
const ttl = fc.integer({ min: 10, max: 60 });

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
