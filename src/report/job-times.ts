import type { RunJob } from '../github/run-jobs.ts';
import type { Job } from './jobs.ts';
import type { Report } from './schema.ts';

export type JobTimes = NonNullable<Report['jobs']>[number];

/**
 * What each job of a matrix waited for its runner, and what the runner took before Phoenix began, by what GitHub tells.
 * null where it does not, or where its clock and the runner's differ by more than that: nothing is guessed.
 */
export function jobTimes(
  jobs: readonly Pick<Job, 'name' | 'report'>[],
  known: readonly RunJob[],
): JobTimes[] {
  return jobs.map(({ name, report }) => {
    const own = only(known.filter((job) => job.name === name || job.name.endsWith(` / ${name}`)));
    const began = own?.startedAt;
    return {
      name,
      runner: own?.runner ?? null,
      queueSeconds: own === undefined || began === undefined ? null : between(own.createdAt, began),
      setupSeconds: began === undefined ? null : between(began, Date.parse(report.started)),
      seconds: report.wallSeconds,
    };
  });
}

/** Two jobs of one name cannot be told apart. */
function only<T>(found: readonly T[]): T | undefined {
  return found.length === 1 ? found[0] : undefined;
}

function between(from: number, to: number): number | null {
  const seconds = Math.round(to - from) / 1000;
  return seconds < 0 ? null : seconds;
}
