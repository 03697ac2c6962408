import { exitCodes, PhoenixError } from '../errors.ts';
import type { RunJob } from '../github/run-jobs.ts';
import { buildReport } from './build.ts';
import { mergeReports } from './merge.ts';
import type { Parts } from './parts.ts';
import type { Report } from './schema.ts';

export interface Whole {
  readonly castle: string;
  readonly run: string;
  /** How the jobs of the run ended, in GitHub's words: what a report says of a job that failed is of an earlier attempt. */
  readonly results: readonly string[];
  readonly unattributedLimit: number;
  /** What GitHub tells of the jobs of the run. */
  readonly jobs?: readonly RunJob[];
  readonly redact: (text: string) => string;
}

/** The one report of a workflow run: of a matrix the joined one, of one job that job's, of none that there is none. */
export function wholeReport(parts: Parts, whole: Whole): Report {
  const { run, results, unattributedLimit, jobs } = whole;
  const report =
    parts.plan === undefined
      ? (parts.whole ?? nothingLeft(whole))
      : mergeReports(parts.plan, parts, run, unattributedLimit, jobs);
  if (report.verdict === 'failed' || report.verdict === 'cancelled') return report;
  if (results.includes('failure')) return refused(report, 'failed', jobError('failed'));
  if (results.includes('cancelled')) return refused(report, 'cancelled', jobError('was cancelled'));
  return report;
}

function refused(report: Report, verdict: 'failed' | 'cancelled', error: PhoenixError): Report {
  const { code, what, why, next } = error;
  const told = { code, what, why, next };
  return {
    ...report,
    verdict,
    error: told,
    failures: [...report.failures, { name: 'jobs', ...told, tail: [] }],
  };
}

function jobError(how: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-REPORT-JOB',
    class: 'report',
    what: `A job of this run ${how}, whatever the reports say.`,
    why: 'It left no report of its own: what there is of it is of an earlier attempt.',
    next: 'See its log, and run all jobs again.',
  });
}

/** So that a night on which nothing came so far is on record too. */
function nothingLeft({ castle, run, unattributedLimit, redact }: Whole): Report {
  const error = new PhoenixError({
    code: 'PHX-REPORT-PLAN',
    class: 'report',
    what: `No job of this run left a report of ${castle}.`,
    why: 'There is neither the plan of a matrix nor the report of a rebirth in one job, so no verdict would be worth anything.',
    next: 'See the log of the first job that failed.',
  });
  return buildReport({
    run,
    castle,
    mode: 'matrix',
    verdict: 'failed',
    startedAt: new Date(),
    wallSeconds: 0,
    spans: [],
    layers: [],
    gates: [],
    milestones: [],
    leaks: { checked: 0, found: [] },
    versions: {},
    failures: [{ name: 'report', error }],
    standIns: [],
    peakRssBytes: 0,
    unattributedLimit,
    redact,
  });
}

/** By what went wrong, as the jobs themselves exit. */
export function exitCodeOf({ verdict, leaks, layers, gates, failures }: Report): number {
  if (verdict !== 'failed' && verdict !== 'cancelled') return 0;
  if (leaks.found.length > 0) return exitCodes.vault;
  if (verdict === 'cancelled') return exitCodes.cancelled;
  if (layers.some((layer) => layer.verdict === 'failed')) return exitCodes.layer;
  if (gates.some((gate) => gate.verdict === 'failed')) return exitCodes.cluster;
  return failures.every(({ code }) => code.startsWith('PHX-REPORT-')) ? exitCodes.report : exitCodes.verify;
}
