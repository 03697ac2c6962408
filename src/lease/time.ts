import { setTimeout as sleep } from 'node:timers/promises';

/** The clock that a lease lives by; a test holds its own. */
export interface Time {
  /** Milliseconds that only go forward. */
  now(): number;
  /** Epoch milliseconds, for people. */
  wall(): number;
  /** Rejects when `signal` aborts. `background`: does not keep the process alive. */
  sleep(milliseconds: number, signal: AbortSignal, background: boolean): Promise<void>;
}

export const realTime: Time = {
  now: () => performance.now(),
  wall: () => Date.now(),
  sleep: (milliseconds, signal, background) =>
    sleep(milliseconds, undefined, { signal, ref: !background }).then(() => undefined),
};

/** What `work` gives, or an error after `milliseconds`. The work itself may go on: nothing can call back a file system. */
export async function within<T>(
  time: Time,
  milliseconds: number,
  work: Promise<T>,
  background = false,
): Promise<T> {
  const done = new AbortController();
  const late = time.sleep(milliseconds, done.signal, background).then(() => {
    throw new Error(`no answer within ${(milliseconds / 1000).toFixed(1)} s`);
  });
  // Whichever loses may still reject, and nobody listens any more.
  late.catch(() => {});
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}
