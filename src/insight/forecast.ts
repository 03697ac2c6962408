import { timesOf } from '../journal/durations.ts';
import { expectedFrom, median } from '../plan/expected.ts';
import type { Graph } from '../plan/graph.ts';
import { type SimulatedWay, simulate, waysFor } from '../plan/simulate.ts';
import { inOneJob } from '../plan/slots.ts';
import type { Assumed } from '../plan/staging.ts';
import type { Sample } from './sample.ts';

/** Of so many of the last runs a forecast is made, as a plan's is. */
const most = 5;

/** What each way to run a plan would take, by playing recorded runs again, and how far such a forecast was off before. */
export interface Simulation {
  /** Runs that timed any of this plan; 0: none, and every layer counts as one second. */
  readonly runs: number;
  readonly ways: readonly SimulatedWay[];
  readonly perJob: JobCost;
  /** Median seconds of a run in one job beside its layers and gates (tools, login, milestones, audit); null: unknown. */
  readonly besideSeconds: number | null;
  /** Of runs in one job, forecast from those before them: the share by which it was off; null where none could be. */
  readonly pastError: PastError | null;
}

/** What a job costs beside its layers; `jobs` is how many were measured, 0 for an estimate. */
export interface JobCost {
  readonly seconds: number;
  readonly jobs: number;
}

export interface PastError {
  readonly runs: number;
  readonly medianShare: number;
  readonly worstShare: number;
}

/** `samples`: the newest first. */
export function simulationOf(graph: Graph, samples: readonly Sample[], assumed: Assumed): Simulation {
  const any = samples.filter((sample) => graph.order.some((id) => secondsIn(sample, id) !== undefined));
  // A leg's sample is in that of its whole run; a runner that joins none has only those.
  const whole = any.filter(({ like }) => like !== undefined);
  const timed = whole.length === 0 ? any : whole;
  const recent = timed.slice(0, most);
  const usual = expectedFrom(graph, timesOf(samples)).seconds;
  const played = recent.map((sample) => (id: string) => secondsIn(sample, id) ?? usual(id));
  const perJob = { seconds: assumed.perJobSeconds, jobs: assumed.jobsMeasured };
  return {
    runs: recent.length,
    ways: simulate(graph, waysFor(graph, assumed), {
      usual,
      played: played.length === 0 ? [usual] : played,
      perJobSeconds: perJob.seconds,
    }),
    perJob,
    besideSeconds: besideOf(samples),
    pastError: pastErrorOf(graph, timed, assumed.layersAtOnce),
  };
}

/** Measured by the legs of the last matrix runs, their wait for a runner included; else the estimate. */
export function jobCost(samples: readonly Sample[], estimate: number): JobCost {
  const measured = samples
    .filter(({ jobSeconds = [] }) => jobSeconds.length > 0)
    .slice(0, most)
    .flatMap(({ jobSeconds = [] }) => jobSeconds);
  return measured.length === 0
    ? { seconds: estimate, jobs: 0 }
    : { seconds: median(measured), jobs: measured.length };
}

/** Whether the last runs had all their layers in one job, so that the times of layers hold what they cost each other. */
export function ranTogether(samples: readonly Sample[]): boolean {
  return samples.length > 0 && samples.slice(0, most).every(({ mode }) => mode !== 'matrix');
}

function besideOf(samples: readonly Sample[]): number | null {
  const beside = samples.flatMap(({ mode, totalSeconds, spanSeconds }) =>
    mode === 'matrix' || totalSeconds === undefined || spanSeconds === undefined
      ? []
      : [Math.max(0, totalSeconds - spanSeconds)],
  );
  return beside.length === 0 ? null : median(beside.slice(0, most));
}

/** Each run that timed all of the plan in one job, forecast only from those before it. */
function pastErrorOf(graph: Graph, timed: readonly Sample[], atOnce: number): PastError | null {
  const shares = timed.flatMap((sample, index) => {
    const { mode, spanSeconds } = sample;
    const before = timed.slice(index + 1);
    const whole = graph.order.every((id) => secondsIn(sample, id) !== undefined);
    if (mode === 'matrix' || spanSeconds === undefined || spanSeconds === 0 || !whole) return [];
    if (before.length === 0) return [];
    const forecast = inOneJob(graph, graph.order, expectedFrom(graph, timesOf(before)).seconds, atOnce);
    return [Math.abs(forecast - spanSeconds) / spanSeconds];
  });
  const recent = shares.slice(0, most);
  return recent.length === 0
    ? null
    : { runs: recent.length, medianShare: median(recent), worstShare: Math.max(...recent) };
}

function secondsIn({ layers, gates }: Sample, id: string): number | undefined {
  return id.startsWith('gate:') ? gates[id.slice('gate:'.length)] : layers[id];
}
