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
  if (runners < 2) return { mode: 'job', why: 'a matrix needs two runners or more, and 1 is given' };
  if (!known) return { mode: 'job', why: 'no run was timed here yet, so nothing says that a matrix would be faster' };
  const figures = `${matrixSeconds.toFixed(0)} s as a matrix on ${runners} runners, ${jobSeconds.toFixed(0)} s in one job`;
  return { mode: matrixSeconds < jobSeconds ? 'matrix' : 'job', why: `expected are ${figures}` };
}
