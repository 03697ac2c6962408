import type { PhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { EndedEngine, LeaseRecord } from './record.ts';
import { type LeaseStore, storeError } from './store.ts';
import { type Time, within } from './time.ts';
import { lost as lostError, reasonOf, takenBy } from './words.ts';

/** A castle held by this run. Disposing of it gives it back. */
export interface Lease extends AsyncDisposable {
  /** One more than any holder before had. */
  readonly fence: number;
  /** Aborted with PHX-LEASE-LOST when another holds the castle, or may soon: from then on nothing may be changed. */
  readonly lost: AbortSignal;
  /** What the dead run had written whose lease this one took over. */
  readonly overtaken: LeaseRecord | undefined;
  /** The record before this one: what was overtaken, or a run that ended and gave the castle back. */
  readonly predecessor: LeaseRecord | undefined;
  /** What the run is at, for those who meet the lease; written with the next renewal. */
  at(phase: string): void;
  /** The run's engines, once all of them have ended; written as the castle is given back. */
  ended(engines: readonly EndedEngine[]): void;
  /** Gives the castle back; never throws. */
  release(): Promise<void>;
  /** Ends the renewals and leaves the record: whoever goes on with this run's work adopts it. */
  leave(): void;
}

/** A holder gives up this share of the TTL after its last renewal, so that it knows before others may take over. */
const share = 0.9;
const releaseWithinMs = 10_000;

/** Keeps the lease that was just written as `record` at `since`, and is in the store as `version`. */
export function hold(
  store: LeaseStore,
  record: LeaseRecord,
  version: string,
  since: number,
  { time, log, predecessor }: { time: Time; log: Log; predecessor: LeaseRecord | undefined },
): Lease {
  const lost = new AbortController();
  const stop = new AbortController();
  const ttl = record.ttlSeconds * 1000;
  let current = { record, version, since };

  const lose = (error: PhoenixError) => {
    if (stop.signal.aborted) return;
    stop.abort();
    lost.abort(error);
  };

  /** Writes our record over our own last one; undefined where the record is another's. */
  const rewrite = async (next: LeaseRecord): Promise<string | undefined> => {
    const written = await store.write(next, current.version);
    if (written !== undefined) return written;
    const found = await store.read();
    if (found === undefined || found.record.token !== record.token || found.record.released !== null) {
      lose(lostError(store, record, takenBy(found?.record)));
      return undefined;
    }
    // An earlier write of ours took effect and its answer was lost.
    const again = await store.write(next, found.version);
    if (again === undefined) throw storeError(store.place, undefined, { why: 'It changes under our hands.' });
    return again;
  };

  const renew = async () => {
    const began = time.now();
    const next = { ...current.record, renewed: time.wall() };
    const written = await rewrite(next);
    // A renewal that was given up may come to its end after a later one.
    if (written !== undefined && began >= current.since)
      current = { record: { ...current.record, renewed: next.renewed }, version: written, since: began };
  };

  const keep = async () => {
    let pause = Math.max(0, since + ttl / 3 - time.now());
    while (!stop.signal.aborted) {
      await time.sleep(pause, stop.signal, true).catch(() => {});
      if (stop.signal.aborted) return;
      const left = current.since + ttl * share - time.now();
      try {
        // Overslept, e.g. with the whole machine: the store alone knows whether the lease is still ours.
        await within(time, left > 0 ? left : Math.min(ttl / 3, 5000), renew(), true);
        pause = ttl / 3;
      } catch (error) {
        const still = current.since + ttl * share - time.now();
        if (still <= 0) {
          const seconds = Math.round((time.now() - current.since) / 1000);
          lose(
            lostError(store, record, `It could not be renewed for ${seconds} s: ${reasonOf(error)}`, error),
          );
          return;
        }
        log.warn(`lease: not renewed, trying again: ${reasonOf(error)}`);
        pause = Math.min(ttl / 12, still);
      }
    }
  };
  void keep();

  let released: Promise<void> | undefined;
  const giveBack = async () => {
    for (let tries = 0; tries < 5 && !lost.signal.aborted; tries += 1) {
      const gone = { ...current.record, released: time.wall() };
      if ((await store.write(gone, current.version)) !== undefined) return;
      const found = await store.read();
      if (found?.record.token !== record.token || found.record.released !== null) return;
      current = { ...current, version: found.version };
    }
  };
  const release = () => {
    const running = !stop.signal.aborted;
    stop.abort();
    if (!running) return released ?? Promise.resolve();
    released = within(time, releaseWithinMs, giveBack()).catch((error: unknown) => {
      log.warn(
        `lease: not given back, it ends by itself ${record.ttlSeconds} s from now: ${reasonOf(error)}`,
      );
    });
    return released;
  };
  return {
    fence: record.fence,
    lost: lost.signal,
    overtaken: predecessor?.released === null ? predecessor : undefined,
    predecessor,
    at(phase) {
      current = { ...current, record: { ...current.record, phase } };
    },
    ended(engines) {
      current = { ...current, record: { ...current.record, engines: [...engines] } };
    },
    release,
    leave: () => stop.abort(),
    [Symbol.asyncDispose]: release,
  };
}
