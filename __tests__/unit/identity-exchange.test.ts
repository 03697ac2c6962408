import { describe, expect, test } from 'vitest';
import { exchange } from '../../src/identity/exchange.ts';

const ask = { method: 'GET', url: 'http://source.invalid/' } as const;
const patience = { attemptMs: 1000, budgetMs: 60_000, attempts: 6 };

/** A fetch that gives `answers` in turn, the last for ever, and a clock that only sleep moves. */
function stage(answers: readonly (() => Response | Promise<Response>)[]) {
  let time = 0;
  let asked = 0;
  const pauses: number[] = [];
  return {
    pauses,
    asked: () => asked,
    wire: {
      fetch: async () => {
        const answer = answers[Math.min(asked, answers.length - 1)];
        asked += 1;
        if (answer === undefined) throw new Error('nothing to answer');
        return answer();
      },
      now: () => time,
      random: () => 1,
      sleep: async (ms: number) => {
        pauses.push(ms);
        time += ms;
      },
    },
  };
}

const json =
  (status: number, headers = {}) =>
  () =>
    new Response('{"a":1}', { status, headers });
const failing = (code: string) => () => {
  throw new TypeError('fetch failed', { cause: Object.assign(new Error('secret words'), { code }) });
};

describe('an exchange', () => {
  test('backs off twice as long each time and stops after the last attempt', async () => {
    const { wire, pauses, asked } = stage([json(503)]);
    expect(await exchange(ask, wire, patience)).toMatchObject({ kind: 'json', status: 503 });
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000]);
    expect(asked()).toBe(6);
  });

  test('never waits beyond its budget, also where the server asks for it', async () => {
    const { wire, asked } = stage([json(429, { 'retry-after': '90' })]);
    expect(await exchange(ask, wire, patience)).toMatchObject({ status: 429, retryAfter: 90 });
    expect(asked()).toBe(1);
  });

  test.each([400, 401, 403, 404, 422])('takes %d for an answer at once', async (status) => {
    const { wire, asked } = stage([json(status)]);
    expect(await exchange(ask, wire, patience)).toMatchObject({ kind: 'json', status });
    expect(asked()).toBe(1);
  });

  test('tries a network failure again, and a certificate that is not accepted never', async () => {
    const network = stage([failing('ECONNRESET'), json(200)]);
    expect(await exchange(ask, network.wire, patience)).toMatchObject({ kind: 'json', status: 200 });
    const tls = stage([failing('SELF_SIGNED_CERT_IN_CHAIN')]);
    expect(await exchange(ask, tls.wire, patience)).toEqual({
      kind: 'unreachable',
      reason: 'tls',
      code: 'SELF_SIGNED_CERT_IN_CHAIN',
    });
    expect(tls.asked()).toBe(1);
  });

  test('does not pass the words of a failure on, only its code', async () => {
    const { wire } = stage([failing('not a code: token=abc')]);
    expect(await exchange(ask, wire, patience)).toEqual({
      kind: 'unreachable',
      reason: 'network',
      code: 'no reason given',
    });
  });

  test('reads no more than its limit of an endless answer', async () => {
    let sent = 0;
    const endless = () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            sent += 1;
            controller.enqueue(new Uint8Array(1024 * 1024));
          },
        }),
      );
    const { wire } = stage([endless]);
    expect(await exchange(ask, wire, patience)).toEqual({
      kind: 'foreign',
      status: 200,
      looks: 'more than 16 MiB',
    });
    expect(sent).toBeLessThan(20);
  });
});
