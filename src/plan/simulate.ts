import { median } from './expected.ts';
import { forecastOf } from './forecast.ts';
import type { Graph } from './graph.ts';
import { depthsOf } from './legs.ts';
import { inOneJob } from './slots.ts';
import { stagesOf } from './stages.ts';

/** A way to run the plan: in one job, so many layers at a time, or as a matrix on so many runners. */
export type Way =
  | { readonly mode: 'job'; readonly runners: 1; readonly atOnce: number }
  | { readonly mode: 'matrix'; readonly runners: number; readonly atOnce: number };

export type SimulatedWay = Way & {
  /** The median over the recorded runs, each played again this way; then the shortest and the longest. */
  readonly seconds: number;
  readonly leastSeconds: number;
  readonly mostSeconds: number;
};

/** Seconds of each node as one run had them; what it did not time counts as it usually takes. */
export type Played = (id: string) => number;

/**
 * Plays every recorded run again in each of `ways`, the longest chain first where not all may run at once. The stages are
 * those that a plan would make, by what is `usual`: nobody knows beforehand how long this run's layers will take.
 */
export function simulate(
  graph: Graph,
  ways: readonly Way[],
  {
    usual,
    played,
    perJobSeconds,
  }: { readonly usual: Played; readonly played: readonly Played[]; readonly perJobSeconds: number },
): SimulatedWay[] {
  return ways.map((way) => {
    const { runners, atOnce, mode } = way;
    const stages = mode === 'matrix' ? stagesOf(graph, { expected: usual, runners, perJobSeconds }) : [];
    const seconds = played.map((expected) => {
      if (mode === 'job')
        return startOf(graph, perJobSeconds) + inOneJob(graph, graph.order, expected, atOnce);
      return forecastOf(graph, stages, { expected, perJobSeconds, runners, atOnce }).matrixSeconds;
    });
    return {
      ...way,
      seconds: median(seconds),
      leastSeconds: Math.min(...seconds),
      mostSeconds: Math.max(...seconds),
    };
  });
}

/** The ways that are worth a row: up to what the plan could use, what one runner carries, and what was asked for. */
export function waysFor(
  graph: Graph,
  asked: { readonly runners: number; readonly layersAtOnce: number },
): Way[] {
  const width = widthOf(graph);
  const { runners, layersAtOnce } = asked;
  // More layers than there are is the same as all of them.
  const carried = Math.max(1, Math.min(layersAtOnce, graph.order.length));
  const jobs = [1, 2, 4, 8, 16].filter((count) => count <= Math.min(width, carried));
  const matrices = [2, 3, 4, 8, 16].filter((count) => count <= Math.max(2, width));
  return [
    ...ascending([...jobs, carried]).map((atOnce) => ({ mode: 'job' as const, runners: 1 as const, atOnce })),
    ...ascending([...matrices, Math.max(2, runners)]).map((count) => ({
      ...{ mode: 'matrix' as const, runners: count },
      atOnce: layersAtOnce,
    })),
  ];
}

function ascending(counts: readonly number[]): number[] {
  return [...new Set(counts)].toSorted((a, b) => a - b);
}

/** How many nodes stand equally deep at most: about as many as can be under way at once. */
function widthOf(graph: Graph): number {
  const counts = new Map<number, number>();
  for (const depth of depthsOf(graph).values()) counts.set(depth, (counts.get(depth) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}

function startOf({ order }: Graph, perJobSeconds: number): number {
  return order.length === 0 ? 0 : perJobSeconds;
}
