import { type Expected, expectedFrom } from './expected.ts';
import { type Forecast, forecastOf } from './forecast.ts';
import { buildGraph, type Graph, type GraphNode } from './graph.ts';
import { type Choice, chooseMode, type Mode } from './mode.ts';
import { perJobSeconds, type Stage, stagesOf } from './stages.ts';

/** How a plan may be run: its stages, what each way is expected to take, and the way that is chosen. */
export interface Staging extends Choice {
  readonly graph: Graph;
  readonly stages: readonly Stage[];
  readonly forecast: Forecast;
  readonly expected: Expected;
  readonly assumed: Assumed;
}

/** What the forecast rests on beside the times of layers. */
export interface Assumed {
  readonly perJobSeconds: number;
  /** So many jobs were measured for it; 0: an estimate. */
  readonly jobsMeasured: number;
  readonly runners: number;
  /** Layers that one runner carries at a time without slowing them down beyond the times that are known of them. */
  readonly layersAtOnce: number;
  /** The times are of layers that ran beside all others in one job: what they cost each other is in them. */
  readonly together: boolean;
}

/** A layer waits for what it makes most of its time, so a core carries several; measured in docs/stages.md. */
const layersPerCore = 8;

/** Stages of the nodes of a plan; `timed` gives the seconds of those that ran before, `cores` are one runner's. */
export function stagingOf(
  nodes: readonly GraphNode[],
  {
    mode,
    runners,
    timed,
    cores,
    perJob = { seconds: perJobSeconds, jobs: 0 },
    together = false,
  }: {
    readonly mode: Mode;
    readonly runners: number;
    readonly timed: ReadonlyMap<string, number>;
    readonly cores: number;
    /** What a job costs beside its layers, and how many were measured. */
    readonly perJob?: { readonly seconds: number; readonly jobs: number };
    readonly together?: boolean;
  },
): Staging {
  const graph = buildGraph(nodes);
  const expected = expectedFrom(graph, timed);
  const assumed = {
    ...{ perJobSeconds: perJob.seconds, jobsMeasured: perJob.jobs, runners, together },
    layersAtOnce: together ? Math.max(1, graph.order.length) : layersPerCore * Math.max(1, cores),
  };
  const stages = stagesOf(graph, { expected: expected.seconds, runners, perJobSeconds: perJob.seconds });
  const forecast = forecastOf(graph, stages, {
    expected: expected.seconds,
    perJobSeconds: perJob.seconds,
    runners,
    atOnce: assumed.layersAtOnce,
  });
  const choice = chooseMode(mode, runners, forecast, expected.source === 'history');
  return { ...choice, graph, stages, forecast, expected, assumed };
}
