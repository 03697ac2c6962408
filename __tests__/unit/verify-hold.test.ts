import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hold, type Look } from '../../src/verify/hold.ts';
import { next, noStreak } from '../../src/verify/streak.ts';
import { holds } from '../support/property.ts';

const held = (looks: readonly boolean[], passes: number) => {
  let at = 0;
  const looker = {
    async look(): Promise<Look> {
      const good = looks[at] ?? false;
      const final = at >= looks.length;
      at += 1;
      return { good, seen: `look ${at}`, ...(final ? { final } : {}) };
    },
  };
  const signal = new AbortController().signal;
  return hold(looker, { passes, everyMs: 0, seconds: 30, signal }).then((end) => ({ ...end, looked: at }));
};

describe('a probe', () => {
  it('passes exactly at the first run of so many good looks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
        async (looks, passes) => {
          const end = looks.findIndex(
            (_, at) => at + 1 >= passes && looks.slice(at + 1 - passes, at + 1).every(Boolean),
          );
          const { passed, looked, flaps } = await held(looks, passes);
          expect(passed).toBe(end >= 0);
          const seen = end >= 0 ? looks.slice(0, end + 1) : looks;
          expect(looked).toBe(end >= 0 ? end + 1 : looks.length + 1);
          const broken = [...seen, ...(end >= 0 ? [] : [false])].filter(
            (good, at) => !good && seen[at - 1] === true,
          );
          expect(flaps).toBe(broken.length);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('counts a flap only behind a good look', () => {
    holds(
      fc.property(fc.array(fc.boolean()), (looks) => {
        const { inARow, flaps } = looks.reduce(next, noStreak);
        expect(inARow).toBe(looks.length - 1 - looks.lastIndexOf(false));
        expect(flaps).toBe(looks.filter((good, at) => !good && looks[at - 1] === true).length);
      }),
    );
  });

  it('whose look never ends is cut off by its deadline, and tells what it saw before', async () => {
    let at = 0;
    const looker = {
      look(): Promise<Look> {
        at += 1;
        return at === 1 ? Promise.resolve({ good: false, seen: 'a bad page' }) : new Promise(() => {});
      },
    };
    const { signal } = new AbortController();
    const end = await hold(looker, { passes: 1, everyMs: 1, seconds: 0.2, signal });
    expect(end).toMatchObject({ passed: false, lastSeen: 'a bad page', final: false });
  });

  it('takes what a look throws for a bad look, and a cancel for the end', async () => {
    const end = await hold(
      { look: () => Promise.reject(new Error('ECONNREFUSED')) },
      { passes: 1, everyMs: 1, seconds: 0.05, signal: new AbortController().signal },
    );
    expect(end).toMatchObject({ passed: false, lastSeen: 'ECONNREFUSED' });
    const cancelled = AbortSignal.abort(new Error('cancelled'));
    const never = hold(
      { look: () => new Promise<Look>(() => {}) },
      { passes: 1, everyMs: 1, seconds: 9, signal: cancelled },
    );
    await expect(never).rejects.toThrow('cancelled');
  });
});
