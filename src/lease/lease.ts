import { randomUUID } from 'node:crypto';
import { PhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import { isAlive, type ProcessIdentity } from '../process-identity.ts';
import { elapsed } from '../toolchain/progress.ts';
import { hold, type Lease } from './hold.ts';
import { changed, founded, isOf, joined } from './members.ts';
import type { LeaseRecord, Member, Owner } from './record.ts';
import { memberSeat, type Seat, soleSeat } from './seat.ts';
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
/** So often others of the group may be quicker before something must be wrong with the place. */
const racesAtMost = 300;
const adoptionsAtMost = 60;
const busy = 'It changes faster than it can be written.';
const slow = 'It takes longer to answer than half of the TTL of a lease (`lease.ttl`).';

/**
 * Takes the lease, joins those of the same group who hold it, waits for it, or refuses. A holder on this machine is judged by its process; any other by its
 * renewals, watched by our own clock for the TTL that it promised. Throws PHX-LEASE-HELD, PHX-LEASE-STORE,
 * PHX-LEASE-CORRUPT, or the abort's reason.
 */
export async function acquireLease(store: LeaseStore, who: Who, options: AcquireOptions): Promise<Lease> {
  const { signal, log, time = realTime } = options;
  const token = randomUUID();
  const seat = who.group === undefined ? soleSeat(token) : memberSeat(token);
  const started = time.now();
  const watch = createWatch(time, who.owner, options.isAlive ?? isAlive);
  const pause = (milliseconds: number) => time.sleep(milliseconds, signal, false).catch(() => {});
  let before: Before = { record: undefined, joins: false, why: '' };
  let failures = 0;
  let races = 0;
  let noticed = Number.NEGATIVE_INFINITY;
  for (;;) {
    signal.throwIfAborted();
    let found: Stored | undefined;
    try {
      found = await within(time, answerWithinMs, store.read());
      const standing: Standing = found === undefined ? { is: 'free' } : await watch.see(found);
      // Ours already where the answer to an earlier write was lost, or was long on its way.
      const mine = found !== undefined && seat.isIn(found.record) ? found.record : undefined;
      const joins = found !== undefined && isOf(found.record, who.group);
      if (mine !== undefined || joins || standing.is === 'free') {
        if (mine === undefined) before = { record: found?.record, joins, why: standing.why ?? '' };
        const writing = time.now();
        const record =
          mine === undefined
            ? newRecord(who, options.ttlSeconds, before, token, time)
            : seat.renewed(mine, {}, time.wall());
        const version = await within(time, answerWithinMs, store.write(record, found?.version));
        // A server that took two writes at once has only one of them.
        const kept =
          version !== undefined && seat.shared ? await within(time, answerWithinMs, store.read()) : undefined;
        const overwritten = kept !== undefined && !seat.isIn(kept.record);
        if (version === undefined || overwritten) {
          races += 1;
          if (races > racesAtMost) throw storeError(store.place, undefined, { why: busy });
          if (joins) await pause(seat.pause(record, races));
          continue;
        }
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
    const { record: predecessor, joins, why } = before;
    const overtook = predecessor?.released === null && !joins;
    const fence = fenceOf(record, token);
    const lease = hold(store, record, version, writing, { seat, fence, predecessor, overtook, time, log });
    if (lease.overtaken !== undefined)
      log.warn(`lease: taken over from ${holderOf(lease.overtaken)}: ${why}`);
    if (predecessor !== undefined && joins) log.info(`lease: held together with ${holderOf(predecessor)}`);
    if (signal.aborted) await lease.release();
    signal.throwIfAborted();
    return lease;
  }
}

/** What was found in the store before our own first write. */
interface Before {
  readonly record: LeaseRecord | undefined;
  /** Those of our group hold it, and we come to them. */
  readonly joins: boolean;
  /** Why a lease that was not given back is free. */
  readonly why: string;
}

/**
 * Takes over the lease of `run` for the process that goes on with its work, if the process that held it is dead; of a
 * lease that several hold, that run's part. Undefined where there is nothing to adopt: given back, held by another run,
 * or its holder lives or may live.
 */
export async function adoptLease(
  store: LeaseStore,
  run: string,
  owner: Owner,
  { log, isAlive: alive = isAlive, time = realTime }: LeaseContext,
): Promise<Lease | undefined> {
  const token = randomUUID();
  let predecessor: LeaseRecord | undefined;
  let most = failuresAtMost;
  for (let tries = 1; tries <= most; tries += 1) {
    const found = await within(time, answerWithinMs, store.read());
    const part = found === undefined ? undefined : partOf(found.record, run);
    if (found === undefined || part === undefined) return undefined;
    const mine = part.token === token;
    if (!mine && (await standingOf(part, owner, alive)) !== 'dead') return undefined;
    if (!mine) predecessor = found.record;
    const writing = time.now();
    const fence = mine ? part.fence : found.record.fence + 1;
    const { seat, record } = adopted(found.record, part, { fence, token, owner, renewed: time.wall() });
    const version = await within(time, answerWithinMs, store.write(record, found.version));
    if (version !== undefined && !isLate(record, writing, time)) {
      const overtook = !seat.shared;
      return hold(store, record, version, writing, { seat, fence, predecessor, overtook, time, log });
    }
    // The others of its group go on renewing meanwhile.
    if (seat.shared) {
      most = adoptionsAtMost;
      await time.sleep(seat.pause(record, tries), new AbortController().signal, true);
    }
  }
  return undefined;
}

type Part = Pick<LeaseRecord, 'token' | 'owner' | 'fence'>;

/** What `run` holds of a record: all of it, its entry among others, or nothing. */
export function partOf(record: LeaseRecord, run: string): Part | undefined {
  if (record.released !== null) return undefined;
  if (record.members !== undefined) return record.members.find((each) => each.run === run);
  return record.run === run ? record : undefined;
}

function adopted(
  record: LeaseRecord,
  part: Part,
  mine: Part & { readonly renewed: number },
): { seat: Seat; record: LeaseRecord } {
  const fence = Math.max(record.fence, mine.fence);
  return record.members === undefined
    ? { seat: soleSeat(mine.token), record: { ...record, ...mine } }
    : { seat: memberSeat(mine.token), record: changed({ ...record, fence }, part.token, mine) };
}

function fenceOf({ fence, members = [] }: LeaseRecord, token: string): number {
  return members.find((each) => each.token === token)?.fence ?? fence;
}

/** Whether the answer to a write came so late that the lease it speaks of may soon be over. */
function isLate({ ttlSeconds }: LeaseRecord, writing: number, time: Time): boolean {
  return time.now() - writing > ttlSeconds * 500;
}

function newRecord(
  { run, castle, owner, url, group }: Who,
  ttlSeconds: number,
  { record: before, joins }: Before,
  token: string,
  time: Time,
): LeaseRecord {
  const now = time.wall();
  const member: Omit<Member, 'fence'> = { token, run, owner, url, beat: 0, renewed: now };
  if (before !== undefined && joins) return joined(before, member);
  const fence = (before?.fence ?? 0) + 1;
  const own: LeaseRecord = {
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
  return group === undefined ? own : founded(own, group, member, before);
}
