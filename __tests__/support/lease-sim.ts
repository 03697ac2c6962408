import type { LeaseRecord, Owner } from '../../src/lease/record.ts';
import type { LeaseStore } from '../../src/lease/store.ts';
import { storeError } from '../../src/lease/store.ts';
import type { Time } from '../../src/lease/time.ts';

/** A clock that stands still until `run` moves it, from one event to the next. */
export interface SimulatedTime extends Time {
  /** Calls `what` at the moment `milliseconds` from now. */
  after(milliseconds: number, what: () => void): () => void;
  /** Lets time pass until nothing is left to happen, or until `milliseconds`. */
  run(milliseconds: number): Promise<void>;
}

export function simulatedTime(): SimulatedTime {
  let now = 0;
  let order = 0;
  let events: { at: number; order: number; what: () => void }[] = [];
  const after = (milliseconds: number, what: () => void) => {
    order += 1;
    const event = { at: now + milliseconds, order, what };
    events.push(event);
    return () => {
      events = events.filter((other) => other !== event);
    };
  };
  return {
    now: () => now,
    wall: () => 1_700_000_000_000 + now,
    after,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        const aborted = () => {
          cancel();
          reject(new Error('aborted'));
        };
        const cancel = after(milliseconds, () => {
          signal.removeEventListener('abort', aborted);
          resolve();
        });
        if (signal.aborted) aborted();
        else signal.addEventListener('abort', aborted, { once: true });
      }),
    async run(milliseconds) {
      const end = now + milliseconds;
      for (;;) {
        // Whatever the last event set off runs first, as far as it goes without waiting.
        await new Promise((resolve) => setImmediate(resolve));
        const [next] = events.toSorted((a, b) => a.at - b.at || a.order - b.order);
        if (next === undefined || next.at > end) break;
        events = events.filter((other) => other !== next);
        now = next.at;
        next.what();
      }
      now = end;
    },
  };
}

/** How long a call takes to reach the store and to come back, and whether either way fails. */
export interface Way {
  readonly there: number;
  readonly back: number;
  readonly lost?: 'request' | 'answer';
}

/** A store in memory, true to compare-and-swap, at the far end of a line that `way` plays. */
export function memoryStore(): {
  /** `lagMs`: it writes so long after it has looked at the version, and takes what was written between for nothing. */
  over(time: SimulatedTime, way: () => Way, lagMs?: number): LeaseStore;
  record(): LeaseRecord | undefined;
  history: LeaseRecord[];
} {
  let stored: { record: LeaseRecord; version: number } | undefined;
  const history: LeaseRecord[] = [];
  let versions = 0;
  return {
    history,
    record: () => stored?.record,
    over: (time, way, lagMs = 0) => {
      const call = <T>(effect: () => T, lag = 0): Promise<T> =>
        new Promise((resolve, reject) => {
          const { there, back, lost } = way();
          const fail = () => reject(storeError('memory', new Error('connection reset')));
          time.after(there, () => {
            if (lost === 'request') return fail();
            const value = effect();
            time.after(lag + back, () => (lost === 'answer' ? fail() : resolve(value)));
          });
        });
      return {
        place: 'memory',
        read: () => call(() => stored && { record: stored.record, version: String(stored.version) }),
        write: (record, ifVersion) =>
          call(() => {
            if (String(stored?.version ?? '') !== (ifVersion ?? '')) return undefined;
            versions += 1;
            const version = versions;
            const put = () => {
              stored = { record, version };
              history.push(record);
            };
            if (lagMs === 0) put();
            else time.after(lagMs, put);
            return String(version);
          }, lagMs),
      };
    },
  };
}

/** A process of machine number `machine`, one boot, one container. */
export function ownerOn(machine: number, pid: number, more: Partial<Owner> = {}): Owner {
  return {
    pid,
    startTime: '1',
    bootId: `boot-${machine}`,
    host: `host-${machine}`,
    user: 'builder',
    machine: `machine-${machine}`,
    pidSpace: 'pid:[1]',
    ...more,
  };
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
