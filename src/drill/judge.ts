import type { Castle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { PhoenixError } from '../errors.ts';
import { historyLine } from '../report/history-entry.ts';
import type { Report } from '../report/schema.ts';
import { readEntries } from './entries.ts';
import { drillOf, type Given } from './figures.ts';
import { openFolder } from './folder.ts';
import type { Drill } from './schema.ts';
import { trendOf } from './trend.ts';

/** The figures of this drill, with the trend by the history on this machine. */
export async function figuresWithTrend(
  castle: Castle,
  report: Report,
  given: Given,
  { env }: Pick<Edge, 'env'>,
): Promise<Drill> {
  return withTrend(report, drillOf(report, given), await openFolder(castle, env).read());
}

/** The figures with what the history before (`text`; undefined where none could be read) and this drill tell together. */
export function withTrend(report: Report, figures: Drill, text: string | undefined): Drill {
  if (text === undefined) return figures;
  const line = historyLine({ ...report, drill: figures });
  const { streak, ...trend } = trendOf(
    readEntries(`${text}\n${line}`, report.castle, Date.parse(report.ended)),
  );
  return { ...figures, streak, trend };
}

/** A run that calls itself reborn, and whose drill proved something to be wrong, has failed. */
export function notGood(castle: string, why: readonly string[]): PhoenixError {
  return new PhoenixError({
    code: 'PHX-DRILL-FAILED',
    class: 'verify',
    what: `${castle} came back, and its drill is not good.`,
    why: why.join(' '),
    next: 'See `drill` and `database` in the report: what failed there is what would be missing after a real loss.',
  });
}
