import { z } from 'zod';
import { drillVerdicts } from '../drill/schema.ts';
import { sampleOf } from '../insight/sample.ts';
import type { Report } from './schema.ts';

const seconds = z.number().nonnegative();

/** What every reader of a castle's history takes from a line; lines of older versions have less. */
export const historyFields = {
  castle: z.string(),
  started: z.iso.datetime(),
  wallSeconds: seconds,
  layers: z.record(z.string(), seconds).catch({}),
  error: z.string().nullable().catch(null),
};

/** What a line says of a drill; a line without `drill` is no drill. */
export const historyDrill = z.object({
  verdict: z.enum(drillVerdicts),
  score: z.number().catch(0),
  rto: z.record(z.string(), seconds.nullable()).catch({}),
  rpoSeconds: seconds.nullable().catch(null),
  flakes: z.int().nonnegative().catch(0),
  faults: z.array(z.string()).catch([]),
});

/** One run in a castle's history: what a trend is drawn from, and later runs are held against. */
export function historyEntry(report: Report) {
  const { run, castle, mode, verdict, started, wallSeconds, unattributedSeconds, criticalPathSeconds } =
    report;
  const { milestones, leaks, layers, error, drill } = report;
  const sample = sampleOf(report);
  return {
    ...{ run, castle, mode, verdict, started, wallSeconds, unattributedSeconds, criticalPathSeconds },
    milestones: Object.fromEntries(
      milestones.map((milestone) => [milestone.name, { seconds: milestone.seconds, met: milestone.met }]),
    ),
    leaks: leaks.found.length,
    retries: layers.reduce((sum, { retries }) => sum + retries, 0),
    layers: Object.fromEntries(layers.map((layer) => [layer.name, layer.seconds])),
    error: error?.code ?? null,
    ...(sample === undefined ? {} : { sample }),
    ...(drill === undefined ? {} : { drill: drillEntry(drill) }),
  };
}

/** The same as its line in the history. */
export function historyLine(report: Report): string {
  return JSON.stringify(historyEntry(report));
}

function drillEntry({ verdict, score, rto, rpoSeconds, flakes, faults }: NonNullable<Report['drill']>) {
  return { verdict, score, rto, rpoSeconds, flakes: flakes.length, faults: [...faults] };
}
