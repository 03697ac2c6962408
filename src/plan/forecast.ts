import { criticalPath, type Graph } from './graph.ts';
import { inOneJob, inSlots } from './slots.ts';
import type { Stage } from './stages.ts';

/** All in seconds. What a matrix takes is the sum: critical path, starts, barriers, queue. */
export interface Forecast {
  /** Ids along the chain that takes longest. */
  readonly criticalPath: readonly string[];
  /** Its work, with no barrier, no start of a job and as many runners as there is use for. */
  readonly criticalPathSeconds: number;
  /** All in one job, its start included. */
  readonly jobSeconds: number;
  /** Stages of matrix jobs on the runners given. */
  readonly matrixSeconds: number;
  /** Starts of jobs that cannot be spared with these legs, whatever waits for what. */
  readonly startSeconds: number;
  /** Waiting for legs that one does not depend on, since a stage begins when all of the one before have ended. */
  readonly barrierSeconds: number;
  /** Legs of a stage waiting for a free runner. */
  readonly queueSeconds: number;
}

export interface ForecastOptions {
  readonly expected: (id: string) => number;
  readonly perJobSeconds: number;
  readonly runners: number;
  /** Layers that one runner carries at a time without slowing them down. */
  readonly atOnce: number;
}

/** What a run of the stages, or of the same graph in one job, is expected to take. */
export function forecastOf(graph: Graph, stages: readonly Stage[], options: ForecastOptions): Forecast {
  const { expected, perJobSeconds, runners, atOnce } = options;
  const path = criticalPath(graph, expected);
  const work = stages.map((stage) =>
    stage.map(({ nodes }) => perJobSeconds + inOneJob(graph, nodes, expected, atOnce)),
  );
  const matrix = (slots: number) => work.reduce((sum, legs) => sum + inSlots(legs, slots), 0);
  const matrixSeconds = matrix(runners);
  const unqueued = matrix(Number.POSITIVE_INFINITY);
  const unhindered = withoutBarriers(graph, stages, options);
  const start = graph.order.length === 0 ? 0 : perJobSeconds;
  return {
    criticalPath: path.path,
    criticalPathSeconds: path.length,
    jobSeconds: start + inOneJob(graph, graph.order, expected, atOnce),
    matrixSeconds,
    startSeconds: unhindered - path.length,
    barrierSeconds: unqueued - unhindered,
    queueSeconds: matrixSeconds - unqueued,
  };
}

/** The same legs where every node could begin as soon as its own dependencies, and the start of its job, are done. */
function withoutBarriers(
  graph: Graph,
  stages: readonly Stage[],
  { expected, perJobSeconds }: ForecastOptions,
): number {
  const legOf = new Map<string, unknown>();
  for (const leg of stages.flat()) for (const id of leg.nodes) legOf.set(id, leg);
  const ends = new Map<string, number>();
  let last = 0;
  for (const id of graph.order) {
    let begin = perJobSeconds;
    for (const other of graph.dependencies.get(id) ?? []) {
      const start = legOf.get(other) === legOf.get(id) ? 0 : perJobSeconds;
      begin = Math.max(begin, (ends.get(other) ?? 0) + start);
    }
    const end = begin + expected(id);
    ends.set(id, end);
    last = Math.max(last, end);
  }
  return last;
}
