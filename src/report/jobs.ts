import type { PlanPart } from './parts.ts';
import type { Report } from './schema.ts';

/** A job of the matrix that left a report. */
export interface Job {
  readonly name: string;
  /** When it could have begun (epoch ms): what it stands behind had ended. */
  readonly readyAt: number;
  readonly report: Report;
}

/** A leg of the plan without a report. */
export interface Missing {
  readonly name: string;
  /** Its layers, separated by commas. */
  readonly leg: string;
  /** A stage before it failed or was stopped, so it was not to begin. */
  readonly blocked: boolean;
}

/** Holds the reports against the plan: which leg each is, and which legs there are none of. */
export function jobsOf(
  plan: PlanPart,
  legs: readonly Report[],
  verify: Report | undefined,
): { readonly jobs: readonly Job[]; readonly missing: readonly Missing[] } {
  const jobs: Job[] = [];
  const missing: Missing[] = [];
  let readyAt = Date.parse(plan.ended);
  let blocked = false;
  for (const stage of plan.stages) {
    const behind: number[] = [];
    let stopped = false;
    for (const { name, layers } of stage) {
      const report = legs.find(({ leg }) => leg === layers);
      if (report === undefined) missing.push({ name, leg: layers, blocked });
      else {
        jobs.push({ name, readyAt, report });
        behind.push(Date.parse(report.ended));
      }
      stopped ||= report?.verdict !== 'applied';
    }
    readyAt = Math.max(readyAt, ...behind);
    blocked ||= stopped;
  }
  if (verify !== undefined) jobs.push({ name: 'verify', readyAt, report: verify });
  else if (!blocked) missing.push({ name: 'verify', leg: '', blocked: false });
  return { jobs, missing };
}
