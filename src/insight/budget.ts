import type { Budget } from '../castle/budget.ts';
import { PhoenixError } from '../errors.ts';
import type { Report } from '../report/schema.ts';
import { duration } from '../report/words.ts';
import { type ComparedPart, leastRuns } from './compare.ts';
import { isWhole, totalOf } from './sample.ts';

type Held = NonNullable<Report['budget']>;
type HeldPart = Held['parts'][number];

/**
 * The run held to the castle file's `budget`; undefined where there is none, or for what is no whole rebirth. A share is of
 * the median of the last runs that did the same; where too few are known, that part is not held, and says so.
 */
export function holdBudget(
  budget: readonly Budget[],
  report: Report,
  { castle }: { readonly castle: string },
): Report['budget'] {
  if (budget.length === 0 || !isWhole(report)) return undefined;
  const parts = budget.map((each) => holdPart(each, report));
  const over = parts.filter(({ is }) => is === 'over');
  if (over.length === 0) return { parts, error: null };
  const { code, what, why, next } = overBudget(castle, over);
  return { parts, error: { code, what, why, next } };
}

function holdPart({ kind, name, limit }: Budget, report: Report): HeldPart {
  const known = report.comparison?.parts.find((part) => part.kind === kind && part.name === name);
  const seconds = secondsOf(kind, name, report);
  if (seconds === undefined)
    return { kind, name, limitSeconds: null, seconds: null, is: 'unknown', reason: 'it did not run' };
  const limitSeconds = 'seconds' in limit ? limit.seconds : limitBy(limit.share, known);
  if (limitSeconds === undefined) {
    const reason = `${known?.runs ?? 0} runs that did the same are known, and ${leastRuns} are needed`;
    return { kind, name, limitSeconds: null, seconds, is: 'unknown', reason };
  }
  return { kind, name, limitSeconds, seconds, is: seconds > limitSeconds ? 'over' : 'kept', reason: null };
}

function limitBy(share: number, known: ComparedPart | undefined): number | undefined {
  const middle = known?.medianSeconds ?? undefined;
  return middle === undefined ? undefined : Math.round(middle * (1 + share) * 1000) / 1000;
}

function secondsOf(kind: Budget['kind'], name: string, report: Report): number | undefined {
  if (kind === 'total') return Math.round(totalOf(report) * 1000) / 1000;
  if (kind === 'milestone') return report.milestones.find((each) => each.name === name)?.seconds ?? undefined;
  const layer = report.layers.find((each) => each.name === name);
  return layer === undefined || layer.started === null ? undefined : layer.seconds;
}

/** The castle is reborn all the same: the error makes the job fail, and leaves the verdict. */
export function overBudget(castle: string, over: readonly HeldPart[]): PhoenixError {
  const each = over.map(
    ({ kind, name, seconds, limitSeconds }) =>
      `${kind === 'total' ? 'the whole' : `${kind} ${name}`} took ${duration(seconds ?? 0)} of ${duration(limitSeconds ?? 0)}`,
  );
  return new PhoenixError({
    code: 'PHX-BUDGET-OVER',
    class: 'verify',
    what: `${castle} is reborn, but over its budget: ${each.join('; ')}.`,
    why: 'The castle file allows it less time (`budget`); nothing else is wrong with it.',
    next: 'See `comparison`, `slowest` and `advice` in the report for what got slower; where the time is right as it is, raise `budget` in the castle file.',
  });
}
