import { setTimeout as sleep } from 'node:timers/promises';
import type { WaitOptions } from '../cluster/wait.ts';
import { messageOf, PhoenixError } from '../errors.ts';

const betweenMs = 500;
const answerWithinMs = 10_000;

/** Asks until the page answers 2xx and holds `contains`: a 200 with the wrong body is an old or a wrong build. */
export async function waitForPage(
  url: string,
  contains: string | undefined,
  fetch: typeof globalThis.fetch,
  wait: WaitOptions,
): Promise<void> {
  const stop = AbortSignal.any([wait.signal, AbortSignal.timeout(Math.ceil(wait.seconds * 1000))]);
  let lastSeen = 'nothing yet';
  while (!stop.aborted) {
    const seen = await look(url, contains, fetch, stop);
    if (seen === undefined) return;
    if (seen !== lastSeen) wait.onChange?.(seen);
    lastSeen = seen;
    await sleep(betweenMs, undefined, { signal: stop }).catch(() => {});
  }
  if (wait.signal.aborted) throw wait.signal.reason;
  throw new PhoenixError({
    code: wait.code,
    class: 'verify',
    what: `Waited ${Math.round(wait.seconds)} s for ${wait.reason}.`,
    why: `Last seen: ${lastSeen}.`,
    next: 'Open the address by hand; check DNS, the LoadBalancer address and the ingress, then run verify again.',
  });
}

/** What is wrong with the page, or undefined. */
async function look(
  url: string,
  contains: string | undefined,
  fetch: typeof globalThis.fetch,
  stop: AbortSignal,
): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([stop, AbortSignal.timeout(answerWithinMs)]),
    });
    const body = await response.text();
    if (!response.ok) return `${url} answered ${response.status}`;
    if (contains !== undefined && !body.includes(contains)) return `${url} answered without the marker`;
    return undefined;
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error);
    return `${url}: ${cause}`;
  }
}
