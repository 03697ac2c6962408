import type { Job } from './graphs.ts';

type Legs = readonly (readonly string[])[];

export interface MatrixRun {
  readonly makespan: number;
  /** When each node began. */
  readonly started: ReadonlyMap<string, number>;
  /** Nodes whose turn came before a dependency of theirs in another leg had ended. */
  readonly tooEarly: readonly string[];
}

/**
 * Runs stages of legs as GitHub does, second by second: a leg takes a free runner in the order of the matrix, its job
 * takes `perJob` seconds to start, then each of its nodes begins when its dependencies have ended. Durations are whole.
 */
export function runMatrix(
  list: readonly Job[],
  stages: readonly Legs[],
  { runners, perJob }: { readonly runners: number; readonly perJob: number },
): MatrixRun {
  const byId = new Map(list.map((job) => [job.id, job]));
  const started = new Map<string, number>();
  const ended = new Set<string>();
  const tooEarly: string[] = [];
  let now = 0;
  /** Ends and begins what it is time for; whether anything was. Work of no length ends in the second it begins in. */
  const advance = (leg: readonly string[]): boolean => {
    let moved = false;
    for (const id of leg) {
      const job = byId.get(id);
      const at = started.get(id);
      if (job === undefined || ended.has(id)) continue;
      if (at !== undefined && now < at + job.duration) continue;
      const open = job.dependencies.filter((other) => !ended.has(other));
      if (open.some((other) => leg.includes(other))) continue;
      if (at !== undefined) ended.add(id);
      else if (open.length > 0) tooEarly.push(id);
      if (at === undefined) started.set(id, now);
      moved = true;
    }
    return moved;
  };
  for (const stage of stages) {
    const waiting = [...stage];
    const running = new Map<readonly string[], number>();
    while (waiting.length + running.size > 0) {
      let moved = false;
      while (running.size < runners) {
        const next = waiting.shift();
        if (next === undefined) break;
        running.set(next, now);
        moved = true;
      }
      for (const [leg, begun] of running) {
        if (now < begun + perJob) continue;
        moved = advance(leg) || moved;
        if (leg.every((id) => ended.has(id))) running.delete(leg);
      }
      if (!moved && waiting.length + running.size > 0) now += 1;
    }
  }
  return { makespan: now, started, tooEarly };
}

/** The same legs without a barrier: every node begins `perJob` seconds after what it needs from other legs has ended. */
export function runFree(list: readonly Job[], stages: readonly Legs[], perJob: number): number {
  const legs = stages.flat();
  const legOf = (id: string) => legs.findIndex((leg) => leg.includes(id));
  const ends = new Map<string, number>();
  for (let now = 0; ends.size < list.length; now += 1) {
    for (let moved = true; moved; ) {
      moved = false;
      for (const { id, dependencies, duration } of list) {
        if (ends.has(id) || now < perJob) continue;
        const free = dependencies.every((other) => {
          const end = ends.get(other) ?? Number.POSITIVE_INFINITY;
          return now >= end + (legOf(other) === legOf(id) ? 0 : perJob);
        });
        if (!free) continue;
        ends.set(id, now + duration);
        moved = true;
      }
    }
  }
  return Math.max(0, ...ends.values());
}
