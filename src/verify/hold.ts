import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import type { Move, Trouble } from './moves.ts';
import { next, noStreak } from './streak.ts';

/** What one look at the castle saw. */
export interface Look {
  readonly good: boolean;
  readonly seen: string;
  readonly trouble?: Trouble | Move;
  /** It will not pass by itself: no further look is worth its time. */
  readonly final?: boolean;
  /** It names what follows from something else, e.g. a pod that is not ready: whoever sees more tells that first. */
  readonly symptom?: boolean;
}

export interface Looker {
  /** One look. What it throws is a bad look, e.g. of an API server that does not answer. */
  look(signal: AbortSignal): Promise<Look>;
  /** Resolves when another look may see something else, before its time has come. */
  changed?(signal: AbortSignal): Promise<void>;
}

export interface HoldOptions {
  readonly passes: number;
  readonly everyMs: number;
  readonly seconds: number;
  /** Ends the looking as the deadline does: nobody needs its outcome any more. */
  readonly until?: AbortSignal;
  readonly signal: AbortSignal;
  /** Told each new thing that is seen wrong. */
  readonly onChange?: (seen: string) => void;
}

export interface Held {
  readonly passed: boolean;
  /** Good looks in a row at the end. */
  readonly inARow: number;
  readonly flaps: number;
  readonly lastSeen: string;
  readonly seconds: number;
  readonly trouble?: Trouble | Move;
  readonly final: boolean;
}

/** Looks until so many looks in a row are good, the deadline passes or one is final. Throws only where it is cancelled. */
export async function hold(looker: Looker, options: HoldOptions): Promise<Held> {
  const began = performance.now();
  const deadline = AbortSignal.timeout(Math.ceil(options.seconds * 1000));
  const stop = AbortSignal.any([
    options.signal,
    deadline,
    ...(options.until === undefined ? [] : [options.until]),
  ]);
  let streak = noStreak;
  let last: Look = { good: false, seen: 'nothing yet' };
  const held = (passed: boolean): Held => ({
    passed,
    ...streak,
    lastSeen: last.seen,
    seconds: (performance.now() - began) / 1000,
    final: last.final === true,
    ...(last.trouble === undefined ? {} : { trouble: last.trouble }),
  });
  while (!stop.aborted) {
    const seen = await bounded(looker, stop);
    if (stop.aborted && seen === undefined) break;
    if (seen === undefined) continue;
    if (!seen.good && seen.seen !== last.seen) options.onChange?.(seen.seen);
    last = seen;
    streak = next(streak, seen.good);
    if (streak.inARow >= options.passes) return held(true);
    if (seen.final === true) break;
    await pause(looker, options.everyMs, stop);
  }
  if (options.signal.aborted) throw options.signal.reason;
  return held(false);
}

/** A look that the deadline cuts off counts for nothing: what was seen before it is told. */
async function bounded(looker: Looker, stop: AbortSignal): Promise<Look | undefined> {
  const { promise: cut, resolve } = Promise.withResolvers<undefined>();
  const onAbort = () => resolve(undefined);
  stop.addEventListener('abort', onAbort, { once: true });
  try {
    const look = looker
      .look(stop)
      .catch((error: unknown): Look | undefined =>
        stop.aborted ? undefined : { good: false, seen: messageOf(error) },
      );
    return await Promise.race([look, cut]);
  } finally {
    stop.removeEventListener('abort', onAbort);
  }
}

async function pause(looker: Looker, everyMs: number, stop: AbortSignal): Promise<void> {
  const woken = new AbortController();
  const signal = AbortSignal.any([stop, woken.signal]);
  const over = sleep(everyMs, undefined, { signal }).catch(() => {});
  // Nobody who watches: the time between two looks goes by all the same.
  const changed = looker.changed?.(signal).catch(() => over);
  await Promise.race([over, ...(changed === undefined ? [] : [changed])]);
  woken.abort();
}
