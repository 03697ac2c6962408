import { PhoenixError } from '../../src/errors.ts';
import type { Lease } from '../../src/lease/hold.ts';
import { acquireLease, adoptLease } from '../../src/lease/lease.ts';
import type { LeaseStore } from '../../src/lease/store.ts';
import { silentLog } from '../../src/log.ts';
import {
  memoryStore,
  ownerOn,
  randomFrom,
  type SimulatedTime,
  simulatedTime,
  type Way,
} from './lease-sim.ts';

/** One run of the castle, somewhere among three machines. */
export interface Contender {
  readonly machine: number;
  readonly startSeconds: number;
  readonly workSeconds: number;
  /** Killed so long after its start, whatever it is at then; undefined ends in order. */
  readonly killedAfterSeconds: number | undefined;
  readonly waitSeconds: number;
  /** Whose leg it is; undefined wants the castle to itself. */
  readonly group: string | undefined;
  /** Stands still for a while, so long after its start: stopped, or on a machine that is. */
  readonly sleep: { readonly afterSeconds: number; readonly seconds: number } | undefined;
  /** Where it is killed, a process of its machine goes on with its work, for five seconds. */
  readonly adopted: boolean;
}

export interface Told {
  readonly contender: number;
  readonly at: number;
  readonly what: 'acquired' | 'released' | 'lost' | 'killed' | 'refused' | 'adopted';
  readonly fence?: number;
  readonly code?: string;
}

const postPid = (index: number) => 1000 + index;

/** Plays the contenders against one store, and tells what became of them and which two ever held the castle by no right. */
export async function play(contenders: readonly Contender[], ttlSeconds: number, way: () => Way, lagMs = 0) {
  const time = simulatedTime();
  const memory = memoryStore();
  const store = memory.over(time, way, lagMs);
  const told: Told[] = [];
  const holding = new Set<number>();
  const collisions: string[] = [];
  /** Pids. */
  const dead = new Set<number>();
  const asleep = new Map<number, Promise<void>>();
  const isAlive = async ({ pid }: { pid: number }) => !dead.has(pid);

  const together = (one: number, other: number) =>
    contenders[one]?.group !== undefined && contenders[one]?.group === contenders[other]?.group;
  const holds = (index: number) => {
    for (const other of holding)
      if (!together(index, other)) collisions.push(`${index} beside ${other} at ${time.now()}`);
    holding.add(index);
  };
  const tell = (contender: number, what: Told['what'], more: Partial<Told> = {}) =>
    told.push({ contender, at: time.now(), what, ...more });

  const live = async (index: number, contender: Contender) => {
    const { machine, workSeconds, killedAfterSeconds, waitSeconds, group, sleep, adopted } = contender;
    const pid = index + 1;
    if (killedAfterSeconds !== undefined)
      time.after(killedAfterSeconds * 1000, () => {
        if (dead.has(pid)) return;
        dead.add(pid);
        if (holding.delete(index)) tell(index, 'killed');
        if (adopted) time.after(1000, () => void all.push(goOn(index, contender)));
      });
    if (sleep !== undefined)
      time.after(sleep.afterSeconds * 1000, () => {
        // It believes nothing while it stands still; whether it may go on it must find out when it wakes.
        const held = holding.delete(index);
        const wakes = new Promise<void>((resolve) => time.after(sleep.seconds * 1000, resolve));
        asleep.set(pid, wakes);
        void wakes.then(() => {
          asleep.delete(pid);
          // As docs/lease.md has it: found out by a third of the TTL later, and what it costs to ask.
          const by = (ttlSeconds * 1000) / 3 + 10_000;
          time.after(by, () => {
            if (held && !dead.has(pid) && !ended.has(index)) holds(index);
          });
        });
      });
    const ended = endedRuns;
    const ownStore = mine(store, pid, dead, asleep);
    const ownTime: SimulatedTime = {
      ...time,
      sleep: (ms, signal, background) => own(time.sleep(ms, signal, background), pid, dead, asleep),
    };
    try {
      const lease = await acquireLease(
        ownStore,
        {
          ...{ run: `run-${index}`, castle: 'small', owner: ownerOn(machine, pid), url: '' },
          ...(group === undefined ? {} : { group }),
        },
        {
          ttlSeconds,
          waitSeconds,
          signal: new AbortController().signal,
          log: silentLog,
          isAlive,
          time: ownTime,
        },
      );
      holds(index);
      tell(index, 'acquired', { fence: lease.fence });
      lease.lost.addEventListener('abort', () => {
        ended.add(index);
        holding.delete(index);
        tell(index, 'lost', { code: (lease.lost.reason as PhoenixError).code });
      });
      await ownTime.sleep(workSeconds * 1000, lease.lost, false).catch(() => {});
      if (!ended.has(index)) tell(index, 'released');
      ended.add(index);
      holding.delete(index);
      lease.ended([{ layer: `layer-${index}`, from: 1, to: 2 }]);
      await lease.release();
    } catch (error) {
      if (!(error instanceof PhoenixError)) throw error;
      tell(index, 'refused', { code: error.code });
    }
    dead.add(pid);
  };

  /** The post step of a killed leg. */
  const goOn = async (index: number, { machine }: Contender) => {
    const owner = ownerOn(machine, postPid(index));
    const lease: Lease | undefined = await adoptLease(store, `run-${index}`, owner, {
      log: silentLog,
      isAlive,
      time,
    }).catch(() => undefined);
    if (lease !== undefined) {
      holds(index);
      tell(index, 'adopted', { fence: lease.fence });
      lease.lost.addEventListener('abort', () => holding.delete(index));
      await time.sleep(5000, lease.lost, false).catch(() => {});
      holding.delete(index);
      lease.ended([{ layer: `layer-${index}`, from: 1, to: 2 }]);
      await lease.release();
    }
    dead.add(postPid(index));
  };

  const endedRuns = new Set<number>();
  const all: Promise<void>[] = [];
  for (const [index, contender] of contenders.entries())
    time.after(contender.startSeconds * 1000, () => void all.push(live(index, contender)));
  await time.run(3120_000);
  for (const done of all) done.catch((error: unknown) => collisions.push(String(error)));
  await new Promise((resolve) => setImmediate(resolve));
  return { told, collisions, history: memory.history };
}

const never = new Promise<never>(() => {});

/** A killed process runs no further line, but what it has sent is under way; one that sleeps goes on when it wakes. */
function own<T>(
  work: Promise<T>,
  pid: number,
  dead: ReadonlySet<number>,
  asleep: ReadonlyMap<number, Promise<void>>,
): Promise<T> {
  const goes = async (): Promise<void> => {
    await asleep.get(pid);
    if (dead.has(pid)) await never;
  };
  return work.then(
    (value) => goes().then(() => value),
    (error: unknown) => goes().then(() => Promise.reject(error)),
  );
}

function mine(
  store: LeaseStore,
  pid: number,
  dead: ReadonlySet<number>,
  asleep: ReadonlyMap<number, Promise<void>>,
): LeaseStore {
  return {
    place: store.place,
    read: () => (dead.has(pid) ? never : own(store.read(), pid, dead, asleep)),
    write: (record, version) =>
      dead.has(pid) ? never : own(store.write(record, version), pid, dead, asleep),
  };
}

/** A line that is mostly quick, now and then dead slow, and that loses requests and answers. */
export function badLine(seed: number, ttlSeconds: number): () => Way {
  const random = randomFrom(seed);
  const delay = () => (random() < 0.05 ? random() * ttlSeconds * 2500 : 1 + random() * 400);
  return () => {
    const dice = random();
    const lost = dice < 0.05 ? 'request' : dice < 0.1 ? 'answer' : undefined;
    return { there: delay(), back: delay(), ...(lost === undefined ? {} : { lost }) };
  };
}

export function goodLine(seed: number): () => Way {
  const random = randomFrom(seed);
  return () => ({ there: 1 + random() * 200, back: 1 + random() * 200 });
}
