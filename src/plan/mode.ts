import { duration } from '../report/words.ts';
import type { Forecast } from './forecast.ts';

export const modes = ['auto', 'job', 'matrix'] as const;
export type Mode = (typeof modes)[number];

export interface Choice {
  readonly mode: Exclude<Mode, 'auto'>;
  /** Why, for people. */
  readonly why: string;
}

/**
 * One job, or stages of matrix jobs. Left to itself Phoenix takes the matrix only where it is known to end sooner: one
 * job has no barriers and starts once, so a matrix gains where one runner could not carry all that may run side by side.
 */
export function chooseMode(
  asked: Mode,
  runners: number,
  { jobSeconds, matrixSeconds }: Pick<Forecast, 'jobSeconds' | 'matrixSeconds'>,
  known: boolean,
): Choice {
  if (asked !== 'auto') return { mode: asked, why: 'as asked for' };
  if (runners < 2) return { mode: 'job', why: 'a matrix needs 2 runners or more' };
  if (!known)
    return { mode: 'job', why: 'no run was timed here yet, so nothing says that a matrix would pay' };
  const matrix = `${duration(matrixSeconds)} as a matrix on ${runners} runners`;
  const job = `${duration(jobSeconds)} in one job`;
  return matrixSeconds < jobSeconds
    ? { mode: 'matrix', why: `${matrix} against ${job}` }
    : { mode: 'job', why: `${job} against ${matrix}` };
}
