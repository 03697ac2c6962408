import { z } from 'zod';
import type { Timed } from '../../journal/durations.ts';
import { parseJson } from '../../json.ts';
import { historyDrill, historyEntry, historyFields } from '../history-entry.ts';
import { type Report, runVerdicts } from '../schema.ts';

const seconds = z.number().nonnegative();

const entrySchema = z.object({
  ...historyFields,
  run: z.string(),
  verdict: z.enum(runVerdicts),
  milestones: z.record(z.string(), z.object({ seconds: seconds.nullable(), met: z.boolean() })).catch({}),
  leaks: z.number().catch(0),
  retries: z.number().catch(0),
  drill: historyDrill.optional().catch(undefined),
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
  return [...past.filter(({ run }) => run !== report.run), historyEntry(report)];
}
