import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseJson } from '../json.ts';
import type { Report } from '../report/schema.ts';

const seconds = z.number().nonnegative();
const byName = z.record(z.string(), seconds);

/**
 * How long a run took by its parts, as it is kept for the runs after it. Only what was done whole: a part that failed or
 * was stopped says nothing of how long it takes. What older versions did not keep is absent.
 */
export const sampleSchema = z.object({
  layers: byName,
  gates: byName,
  run: z.string().optional(),
  mode: z.string().optional(),
  /** Of `layers` those that had nothing to change: they are compared among themselves. */
  unchanged: z.array(z.string()).optional(),
  /** Of a whole run that ended well: the same for runs that did the same to the same layers. */
  like: z.string().optional(),
  milestones: byName.optional(),
  totalSeconds: seconds.optional(),
  /** From the first layer or gate that began to the last that ended. */
  spanSeconds: seconds.optional(),
  /** Of a matrix: what each leg's job took beside its layers, with the wait for a runner. */
  jobSeconds: z.array(seconds).optional(),
});

export type Sample = z.output<typeof sampleSchema>;

/** What a report leaves for later runs; undefined where nothing of it was done whole. */
export function sampleOf(report: Report): Sample | undefined {
  const done = report.layers.filter(({ verdict }) => verdict === 'applied' || verdict === 'unchanged');
  const passed = report.gates.filter(({ verdict }) => verdict === 'passed');
  if (done.length + passed.length === 0) return undefined;
  return {
    run: report.run,
    mode: report.mode,
    layers: named(done),
    gates: named(passed),
    unchanged: done.filter(({ verdict }) => verdict === 'unchanged').map(({ name }) => name),
    ...(isWhole(report) ? wholeOf(report) : {}),
    ...(report.mode === 'matrix' && report.command === undefined ? { jobSeconds: jobSecondsOf(report) } : {}),
  };
}

/** A leg, or a run that failed, can be compared with nothing but parts. */
export function isWhole({ command, verdict }: Pick<Report, 'command' | 'verdict'>): boolean {
  return command === undefined && verdict === 'reborn';
}

/** The seconds that a rebirth took, without those of a destroy, or of a drill's first birth, before it. */
export function totalOf({ wallSeconds, fromNothing }: Pick<Report, 'wallSeconds' | 'fromNothing'>): number {
  const before = (fromNothing?.destroySeconds ?? 0) + (fromNothing?.firstBirthSeconds ?? 0);
  return Math.max(0, wallSeconds - before);
}

/** Equal for runs that did the same: in the same mode, with the same stand-ins, the same verdict of each layer. */
export function likenessOf({ mode, layers, fromNothing, standIns, drill }: Report): string {
  const parts = [
    mode,
    fromNothing === undefined ? '' : 'from nothing',
    ...standIns.map(({ name }) => `for ${name}`).toSorted(),
    ...layers.map(({ name, verdict }) => `${name} ${verdict}`).toSorted(),
    // What had a fault put in is like none: it shows what it was meant to show.
    ...(drill?.faults ?? []),
  ];
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);
}

/** The samples in the lines of a castle's history, the newest first, each run once; lines of older versions too. */
export function samplesIn(lines: string): Sample[] {
  const byRun = new Map<string, Sample>();
  for (const line of lines.split('\n')) {
    const read = z.object({ run: z.string(), sample: sampleSchema }).safeParse(parseJson(line));
    if (read.success) byRun.set(read.data.run, read.data.sample);
  }
  return [...byRun.values()].reverse();
}

function wholeOf(report: Report): Partial<Sample> {
  const reached = report.milestones.flatMap(({ name, seconds: at }) =>
    at === null ? [] : [{ name, seconds: at }],
  );
  return {
    like: likenessOf(report),
    milestones: named(reached),
    totalSeconds: totalOf(report),
    ...(report.parallel === undefined ? {} : { spanSeconds: report.parallel.wallSeconds }),
  };
}

/** A leg's job from when it could have begun to its end, less the time in which a layer or gate of it ran. */
function jobSecondsOf({ spans }: Report): number[] {
  return spans
    .filter(({ kind, name }) => kind === 'job' && name !== 'plan' && name !== 'verify')
    .map((job) => {
      const wait = spans.find(({ kind, name }) => kind === 'queue' && name === `queue: ${job.name}`);
      const work = spans.filter(
        ({ parent, kind }) => parent === job.id && (kind === 'layer' || kind === 'gate'),
      );
      const worked =
        work.length === 0
          ? 0
          : Math.max(...work.map(({ to }) => to)) - Math.min(...work.map(({ from }) => from));
      return Math.max(0, job.to - (wait?.from ?? job.from) - worked);
    });
}

function named(
  parts: readonly { readonly name: string; readonly seconds: number }[],
): Record<string, number> {
  return Object.fromEntries(parts.map(({ name, seconds: took }) => [name, took]));
}
