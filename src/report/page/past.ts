import { z } from 'zod';
import { drillVerdicts } from '../../drill/schema.ts';
import type { Timed } from '../../journal/durations.ts';
import { parseJson } from '../../json.ts';
import { type Report, runVerdicts } from '../schema.ts';

const seconds = z.number().nonnegative();

const entrySchema = z.object({
  run: z.string(),
  castle: z.string(),
  verdict: z.enum(runVerdicts),
  started: z.iso.datetime(),
  wallSeconds: seconds,
  milestones: z.record(z.string(), z.object({ seconds: seconds.nullable(), met: z.boolean() })).catch({}),
  leaks: z.number().catch(0),
  retries: z.number().catch(0),
  layers: z.record(z.string(), seconds).catch({}),
  error: z.string().nullable().catch(null),
  drill: z
    .object({
      verdict: z.enum(drillVerdicts),
      score: z.number().catch(0),
      rto: z.record(z.string(), seconds.nullable()).catch({}),
      rpoSeconds: seconds.nullable().catch(null),
      faults: z.array(z.string()).catch([]),
    })
    .optional()
    .catch(undefined),
});

/** What the page needs of a run of the past. */
export type PastRun = z.output<typeof entrySchema>;

/** What is known of the castle's earlier runs where the page is made. */
export interface Past {
  /** Oldest first; the run of the page may be among them. */
  readonly runs: readonly PastRun[];
  /** Where no history is kept: how long the parts took that other runs timed on this machine, oldest first. */
  readonly timed?: readonly Timed[];
  /** What of it could not be read, and why; undefined where all of it could. */
  readonly missing?: string | undefined;
}

/**
 * The runs of `castle` in the lines of a history, oldest first and each once. A line that is broken, of another castle or
 * of a format to come is passed over: one bad line must not cost the trend.
 */
export function readPast(lines: string, castle: string): PastRun[] {
  const runs = new Map<string, PastRun>();
  for (const line of lines.split('\n')) {
    const parsed = entrySchema.safeParse(parseJson(line));
    if (parsed.success && parsed.data.castle === castle) runs.set(parsed.data.run, parsed.data);
  }
  return [...runs.values()].sort((a, b) => a.started.localeCompare(b.started) || a.run.localeCompare(b.run));
}

/** The past with this run at its end, where it is not in it already. */
export function withThisRun(past: readonly PastRun[], report: Report): PastRun[] {
  const { drill } = report;
  return [
    ...past.filter(({ run }) => run !== report.run),
    {
      run: report.run,
      castle: report.castle,
      verdict: report.verdict,
      started: report.started,
      wallSeconds: report.wallSeconds,
      milestones: Object.fromEntries(report.milestones.map(({ name, ...rest }) => [name, rest])),
      leaks: report.leaks.found.length,
      retries: report.layers.reduce((sum, { retries }) => sum + retries, 0),
      layers: Object.fromEntries(report.layers.map(({ name, seconds: took }) => [name, took])),
      error: report.error?.code ?? null,
      drill:
        drill === undefined
          ? undefined
          : {
              verdict: drill.verdict,
              score: drill.score,
              rto: drill.rto,
              rpoSeconds: drill.rpoSeconds,
              faults: [...drill.faults],
            },
    },
  ];
}
