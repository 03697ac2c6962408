import { randomUUID } from 'node:crypto';
import { PhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import { isAlive, type ProcessIdentity } from '../process-identity.ts';
import { elapsed } from '../toolchain/progress.ts';
import { hold, type Lease } from './hold.ts';
import type { LeaseRecord, Owner } from './record.ts';
import { type LeaseStore, type Stored, storeError } from './store.ts';
import { realTime, type Time, within } from './time.ts';
import { createWatch, type Standing } from './watch.ts';
import { standingOf, type Who } from './who.ts';
import { held, holderOf } from './words.ts';

export interface LeaseContext {
  readonly log: Log;
  readonly isAlive?: (process: ProcessIdentity) => Promise<boolean>;
  readonly time?: Time;
}

export interface AcquireOptions extends LeaseContext {
  /** A holder that is silent for so long counts as dead. */
  readonly ttlSeconds: number;
  /** How long to wait for a holder that lives; 0 refuses at once. */
  readonly waitSeconds: number;
  readonly signal: AbortSignal;
}

const answerWithinMs = 10_000;
const failuresAtMost = 3;
const pauseMs = 1000;
const noticeMs = 10_000;
const slow = 'It takes longer to answer than half of the TTL of a lease (`lease.ttl`).';

/**
 * Takes the lease, or waits for it, or refuses. A holder on this machine is judged by its process; any other by its
 * renewals, watched by our own clock for the TTL that it promised. Throws PHX-LEASE-HELD, PHX-LEASE-STORE,
 * PHX-LEASE-CORRUPT, or the abort's reason.
 */
export async function acquireLease(store: LeaseStore, who: Who, options: AcquireOptions): Promise<Lease> {
  const { signal, log, time = realTime } = options;
  const token = randomUUID();
  const started = time.now();
  const watch = createWatch(time, who.owner, options.isAlive ?? isAlive);
  const pause = (milliseconds: number) => time.sleep(milliseconds, signal, false).catch(() => {});
  let predecessor: LeaseRecord | undefined;
  let why = '';
  let failures = 0;
  let noticed = Number.NEGATIVE_INFINITY;
  for (;;) {
    signal.throwIfAborted();
    let found: Stored | undefined;
    try {
      found = await within(time, answerWithinMs, store.read());
      const standing: Standing = found === undefined ? { is: 'free' } : await watch.see(found);
      // Ours already where the answer to an earlier write was lost, or was long on its way.
      const mine = found?.record.token === token ? found.record : undefined;
      if (mine !== undefined || standing.is === 'free') {
        if (mine === undefined) {
          predecessor = found?.record;
          why = standing.why ?? '';
        }
        const writing = time.now();
        const record =
          mine === undefined
            ? newRecord(who, options.ttlSeconds, found, token, time)
            : { ...mine, renewed: time.wall() };
        const version = await within(time, answerWithinMs, store.write(record, found?.version));
        if (version === undefined) continue;
        if (isLate(record, writing, time)) throw storeError(store.place, undefined, { why: slow });
        return await taken({ record, version }, writing);
      }
      failures = 0;
      const waited = time.now() - started;
      if (standing.is === 'alive' && found !== undefined && waited >= options.waitSeconds * 1000)
        throw held(store, found.record, waited);
      if (found !== undefined && waited - noticed >= noticeMs) {
        noticed = waited;
        const doing =
          standing.is === 'alive'
            ? `waiting for ${holderOf(found.record)}, at most ${elapsed(options.waitSeconds * 1000)}`
            : `seeing for ${found.record.ttlSeconds} s at most whether ${holderOf(found.record)} still lives`;
        log.info(`lease: ${doing}; ${elapsed(waited)}`);
      }
      await pause(Math.min(pauseMs, found === undefined ? pauseMs : found.record.ttlSeconds * 100));
    } catch (error) {
      if (signal.aborted) signal.throwIfAborted();
      if (error instanceof PhoenixError && error.code !== 'PHX-LEASE-STORE') throw error;
      failures += 1;
      if (failures >= failuresAtMost)
        throw error instanceof PhoenixError ? error : storeError(store.place, error);
      await pause(pauseMs);
    }
  }

  async function taken({ record, version }: Stored, writing: number): Promise<Lease> {
    const lease = hold(store, record, version, writing, { time, log, predecessor });
    if (lease.overtaken !== undefined)
      log.warn(`lease: taken over from ${holderOf(lease.overtaken)}: ${why}`);
    if (signal.aborted) await lease.release();
    signal.throwIfAborted();
    return lease;
  }
}

/**
 * Takes over the lease of `run` for the process that goes on with its work, if the process that held it is dead.
 * Undefined where there is nothing to adopt: given back, held by another run, or its holder lives or may live.
 */
export async function adoptLease(
  store: LeaseStore,
  run: string,
  owner: Owner,
  { log, isAlive: alive = isAlive, time = realTime }: LeaseContext,
): Promise<Lease | undefined> {
  const token = randomUUID();
  let predecessor: LeaseRecord | undefined;
  for (let tries = 0; tries < failuresAtMost; tries += 1) {
    const found = await within(time, answerWithinMs, store.read());
    if (found === undefined || found.record.released !== null || found.record.run !== run) return undefined;
    const mine = found.record.token === token;
    if (!mine && (await standingOf(found.record, owner, alive)) !== 'dead') return undefined;
    if (!mine) predecessor = found.record;
    const writing = time.now();
    const fence = found.record.fence + (mine ? 0 : 1);
    const record = { ...found.record, fence, token, owner, renewed: time.wall() };
    const version = await within(time, answerWithinMs, store.write(record, found.version));
    if (version !== undefined && !isLate(record, writing, time))
      return hold(store, record, version, writing, { time, log, predecessor });
  }
  return undefined;
}

/** Whether the answer to a write came so late that the lease it speaks of may soon be over. */
function isLate({ ttlSeconds }: LeaseRecord, writing: number, time: Time): boolean {
  return time.now() - writing > ttlSeconds * 500;
}

function newRecord(
  { run, castle, owner, url }: Who,
  ttlSeconds: number,
  before: Stored | undefined,
  token: string,
  time: Time,
): LeaseRecord {
  const now = time.wall();
  const fence = (before?.record.fence ?? 0) + 1;
  return {
    format: 1,
    fence,
    token,
    run,
    castle,
    owner,
    url,
    acquired: now,
    renewed: now,
    ttlSeconds,
    released: null,
  };
}
