import { buildGraph, type GraphNode } from './graph.ts';
import { createSchedule, type Outcome, type ScheduleOptions, type Standing } from './schedule.ts';

export interface GraphRun {
  /** Every node's end, in the order of dependencies: done, failed, cancelled, blocked or skipped. */
  readonly standings: ReadonlyMap<string, Standing>;
  /** What `run` threw, by node; a node that threw counts as failed. */
  readonly thrown: ReadonlyMap<string, unknown>;
}

/**
 * Runs `run` for every node, each the moment its own dependencies are done, and returns when nothing runs any more.
 * An abort starts no further node, but waits for those that run: ending them is for `run`, which may hold the same
 * signal. Throws only what `buildGraph` throws.
 */
export async function runGraph(
  nodes: readonly GraphNode[],
  run: (id: string) => Promise<Outcome>,
  options: ScheduleOptions & { readonly signal?: AbortSignal } = {},
): Promise<GraphRun> {
  const { signal, ...limits } = options;
  const schedule = createSchedule(buildGraph(nodes), limits);
  const thrown = new Map<string, unknown>();
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();

  const startReady = () => {
    if (signal?.aborted) schedule.stop();
    for (const id of schedule.take()) void runOne(id);
    if (schedule.running === 0) finish();
  };
  const runOne = async (id: string) => {
    let outcome: Outcome = 'failed';
    try {
      outcome = await run(id);
    } catch (error) {
      thrown.set(id, error);
    }
    schedule.settle(id, outcome);
    startReady();
  };

  startReady();
  await finished;
  return { standings: schedule.standings(), thrown };
}
