import type { Castle } from '../castle/load.ts';
import type { PhoenixError } from '../errors.ts';
import type { Report } from '../report/schema.ts';
import { holdBudget, overBudget } from './budget.ts';
import { compare } from './compare.ts';
import type { Sample } from './sample.ts';

/** The report with what earlier runs (the newest first) and the castle file's budget say of it. */
export function withJudgement(
  { name, budget }: Pick<Castle, 'name' | 'budget'>,
  report: Report,
  before: readonly Sample[],
  from: NonNullable<Report['comparison']>['from'],
): Report {
  const comparison = compare(report, before, from);
  const compared = comparison === undefined ? report : { ...report, comparison };
  const held = holdBudget(budget, compared, { castle: name });
  return held === undefined ? compared : { ...compared, budget: held };
}

/** The error that a job ends with whose run is over its budget; undefined for any other. */
export function budgetError({ budget, castle }: Pick<Report, 'budget' | 'castle'>): PhoenixError | undefined {
  const over = budget?.parts.filter(({ is }) => is === 'over') ?? [];
  return over.length === 0 ? undefined : overBudget(castle, over);
}
