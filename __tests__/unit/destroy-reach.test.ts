import { describe, expect, test } from 'vitest';
import { deadApi } from '../../src/destroy/reach.ts';

const limits = { withinMs: 1_500, answerMs: 200 };
const never = new AbortController().signal;
const refused = () =>
  Promise.reject(Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:6443'), { code: 'ECONNREFUSED' }));

/** Answers by these in turn, and by the last from then on. */
function cluster(...answers: readonly (() => Promise<undefined>)[]) {
  let asked = 0;
  return {
    read: () => {
      const answer = answers[Math.min(asked, answers.length - 1)];
      asked += 1;
      return answer === undefined ? Promise.resolve(undefined) : answer();
    },
    asked: () => asked,
  };
}

describe('the API of a cluster that is to be destroyed', () => {
  test('lives where it answers, were it with a refusal', async () => {
    expect(await deadApi(cluster(), never, limits)).toBeUndefined();
    for (const code of [401, 403, 404, 503]) {
      const refusing = cluster(() => Promise.reject(Object.assign(new Error('no'), { code })));
      expect({ code, dead: await deadApi(refusing, never, limits) }).toEqual({ code, dead: undefined });
    }
  });

  test('is dead where nobody answers for all that time, and what was last seen is told', async () => {
    const gone = cluster(refused);
    expect(await deadApi(gone, never, limits)).toContain('ECONNREFUSED');
    expect(gone.asked()).toBeGreaterThan(1);
    const silent = cluster(() => new Promise<never>(() => {}));
    expect(await deadApi(silent, never, limits)).toBe('no answer within 0.2 s');
  });

  test('is asked again: one that only restarts lives', async () => {
    expect(
      await deadApi(
        cluster(refused, () => Promise.resolve(undefined)),
        never,
        limits,
      ),
    ).toBeUndefined();
  });

  test('is not waited for by a run that is cancelled', async () => {
    const stop = new AbortController();
    const waiting = deadApi(
      cluster(() => new Promise<never>(() => {})),
      stop.signal,
      { withinMs: 60_000, answerMs: 60_000 },
    );
    stop.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
  });
});
