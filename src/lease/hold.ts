import type { PhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { EndedEngine, LeaseRecord } from './record.ts';
import type { Seat, Told } from './seat.ts';
import { type LeaseStore, type Stored, storeError } from './store.ts';
import { type Time, within } from './time.ts';
import { lost as lostError, reasonOf, takenBy } from './words.ts';

/** A castle held by this run, alone or with others of its group. Disposing of it gives it back. */
export interface Lease extends AsyncDisposable {
  /** One more than any holder before had. */
  readonly fence: number;
  /** Aborted with PHX-LEASE-LOST when a stranger holds the castle, or may soon: from then on nothing may be changed. */
  readonly lost: AbortSignal;
  /** What the dead run had written whose lease this one took over. */
  readonly overtaken: LeaseRecord | undefined;
  /** The record before this one: what was overtaken or joined, or a run that ended and gave the castle back. */
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

/** So often a member tries to write beside its siblings; a record of one run has no siblings. */
const triesBeside = 60;

export interface Held {
  readonly seat: Seat;
  readonly fence: number;
  /** What was found before, and whether its holder was dead. */
  readonly predecessor: LeaseRecord | undefined;
  readonly overtook: boolean;
  readonly time: Time;
  readonly log: Log;
}

/** Keeps the lease that was just written as `record` at `since`, and is in the store as `version`. */
export function hold(
  store: LeaseStore,
  record: LeaseRecord,
  version: string,
  since: number,
  { seat, fence, predecessor, overtook, time, log }: Held,
): Lease {
  const lost = new AbortController();
  const stop = new AbortController();
  const ttl = record.ttlSeconds * 1000;
  let current = { record, version, since };
  let told: Told = {};

  const lose = (error: PhoenixError) => {
    if (stop.signal.aborted) return;
    stop.abort();
    lost.abort(error);
  };

  /** Writes our renewal over the last record we know; undefined where our part of it is gone. */
  const rewrite = async (): Promise<Stored | undefined> => {
    let base: Stored = current;
    for (let tries = 1; ; tries += 1) {
      const next = seat.renewed(base.record, told, time.wall());
      const written = await store.write(next, base.version);
      if (written !== undefined) return { record: next, version: written };
      if (seat.shared ? tries > triesBeside : tries > 1)
        throw storeError(store.place, undefined, { why: 'It changes under our hands.' });
      if (tries > 1) await time.sleep(seat.pause(base.record, tries), stop.signal, true).catch(() => {});
      const found = await store.read();
      // Given back meanwhile: nothing of ours may come into the record any more.
      if (stop.signal.aborted) return undefined;
      const ours =
        found === undefined || seat.isIn(found.record)
          ? found?.record
          : seat.returned(found.record, base.record);
      if (found === undefined || ours === undefined) {
        lose(lostError(store, record, takenBy(found?.record)));
        return undefined;
      }
      // A sibling was quicker, or an earlier write of ours took effect and its answer was lost.
      base = { record: ours, version: found.version };
    }
  };

  const renew = async () => {
    const began = time.now();
    const written = await rewrite();
    // A renewal that was given up may come to its end after a later one.
    if (written !== undefined && began >= current.since) current = { ...written, since: began };
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
    const most = seat.shared ? triesBeside : 5;
    for (let tries = 1; tries <= most && !lost.signal.aborted; tries += 1) {
      const gone = seat.left(current.record, told, time.wall());
      const written = await store.write(gone, current.version);
      if (written !== undefined && !seat.shared) return;
      // A sibling's write may have been taken at the same moment, with our part still in it.
      if (written === undefined && seat.shared && tries > 1)
        await time.sleep(seat.pause(current.record, tries), new AbortController().signal, true);
      const found = await store.read();
      if (found === undefined || !seat.isIn(found.record)) return;
      current = { ...current, ...(seat.shared ? found : { version: found.version }) };
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
    fence,
    lost: lost.signal,
    overtaken: overtook ? predecessor : undefined,
    predecessor,
    at(phase) {
      told = { ...told, phase };
    },
    ended(engines) {
      told = { ...told, engines };
    },
    release,
    leave: () => stop.abort(),
    [Symbol.asyncDispose]: release,
  };
}
