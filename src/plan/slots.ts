import { buildGraph, type Graph } from './graph.ts';
import { createSchedule } from './schedule.ts';

/** How long pieces of work take on `slots` places: each, in the order given, begins on the place that is free first. */
export function inSlots(seconds: readonly number[], slots: number): number {
  if (seconds.length <= slots) return seconds.reduce((longest, each) => Math.max(longest, each), 0);
  const ends = new Array<number>(slots).fill(0);
  for (const each of seconds) {
    let first = 0;
    for (let slot = 1; slot < slots; slot += 1) if ((ends[slot] ?? 0) < (ends[first] ?? 0)) first = slot;
    ends[first] = (ends[first] ?? 0) + each;
  }
  return Math.max(...ends);
}

/** How long one job takes for these nodes of the graph, which it runs by their dependencies, `atOnce` at a time. */
export function inOneJob(
  graph: Graph,
  nodes: readonly string[],
  expected: (id: string) => number,
  atOnce: number,
): number {
  const own = new Set(nodes);
  const part = buildGraph(
    nodes.map((id) => ({
      id,
      dependencies: (graph.dependencies.get(id) ?? []).filter((other) => own.has(other)),
    })),
  );
  const schedule = createSchedule(part, { maxParallel: atOnce, expected });
  const running = new Map<string, number>();
  let now = 0;
  for (;;) {
    for (const id of schedule.take()) running.set(id, now + expected(id));
    if (running.size === 0) return now;
    now = [...running.values()].reduce((next, end) => Math.min(next, end), Number.POSITIVE_INFINITY);
    for (const [id, end] of running) {
      if (end > now) continue;
      running.delete(id);
      schedule.settle(id, 'done');
    }
  }
}
