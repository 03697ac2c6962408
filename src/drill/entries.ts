import { z } from 'zod';
import { parseJson } from '../json.ts';
import { historyDrill, historyFields } from '../report/history-entry.ts';
import type { drillVerdicts } from './schema.ts';

/** A line of another shape is strange, and so is one whose drill is. */
const lineSchema = z.object({
  ...historyFields,
  run: z.string().min(1),
  url: z.string().optional().catch(undefined),
  drill: historyDrill.optional(),
});

/** One drill of the history. */
export interface Entry {
  readonly run: string;
  /** Epoch milliseconds. */
  readonly endedAt: number;
  readonly verdict: (typeof drillVerdicts)[number];
  readonly score: number;
  readonly rto: Readonly<Record<string, number | null>>;
  readonly rpoSeconds: number | null;
  readonly layers: Readonly<Record<string, number>>;
  readonly flakes: number;
  readonly faults: readonly string[];
  readonly error: string | null;
  /** The page of its workflow run; empty where there is none. */
  readonly url: string;
}

export interface Entries {
  /** By the time they ended, the oldest first. */
  readonly drills: readonly Entry[];
  /** Lines that cannot be read, are of another castle, or of a time that has not come. */
  readonly strange: number;
}

/** Of a history only so many lines are kept and read, the newest. */
export const mostLines = 2000;
const longestLine = 64 * 1024;
/** How far the clock of the machine that wrote a line may be ahead. */
const skewMs = 5 * 60 * 1000;

/** Reads a history, whatever it holds. A run that stands in it twice counts once, as it was written last. */
export function readEntries(text: string, castle: string, now: number): Entries {
  const drills = new Map<string, Entry>();
  let strange = 0;
  for (const line of linesOf(text)) {
    const parsed = line.length > longestLine ? undefined : lineSchema.safeParse(parseJson(line)).data;
    const endedAt =
      parsed === undefined ? Number.NaN : Date.parse(parsed.started) + parsed.wallSeconds * 1000;
    if (parsed === undefined || parsed.castle !== castle || !(endedAt <= now + skewMs)) {
      strange += 1;
      continue;
    }
    const { run, drill, layers, error, url = '' } = parsed;
    if (drill !== undefined) drills.set(run, { run, endedAt, layers, error, url, ...drill });
  }
  return { drills: [...drills.values()].toSorted((a, b) => a.endedAt - b.endedAt), strange };
}

/** The lines of a history that are kept: the newest, without blank ones. */
export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-mostLines);
}
