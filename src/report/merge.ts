import type { RunJob } from '../github/run-jobs.ts';
import { insightOf } from '../insight/insight.ts';
import { slowestOf } from '../layer/slowest.ts';
import { account, criticalPath } from './account.ts';
import { parts as phasesOf, round } from './build.ts';
import { jobTimes } from './job-times.ts';
import { type Job, jobsOf, type Missing } from './jobs.ts';
import type { Parts, PlanPart } from './parts.ts';
import type { Report } from './schema.ts';

type Failure = Report['failures'][number];

/**
 * One report of all the legs of a matrix: their ledgers on one wall clock, with what each job waited for a runner. A leg
 * that the plan names and that left no report fails the run, unless a stage before it failed.
 *
 * `known` is what GitHub tells of the jobs. The clocks of the runners are taken as they are: legs of machines whose clocks differ stand apart by that much.
 */
export function mergeReports(
  plan: PlanPart,
  { legs, verify }: Pick<Parts, 'legs' | 'verify'>,
  run: string,
  unattributedLimit: number,
  known: readonly RunJob[] = [],
): Report {
  const reports = [...legs, ...(verify === undefined ? [] : [verify])];
  const started = Date.parse(plan.started);
  const ended = Math.max(Date.parse(plan.ended), ...reports.map((each) => Date.parse(each.ended)));
  const wallSeconds = (ended - started) / 1000;
  const { jobs, missing } = jobsOf(plan, legs, verify);
  const spans = spansOf(plan, jobs, started);
  const ledger = account(spans, wallSeconds);
  const waits = new Map(plan.steps.map(({ name, dependencies }) => [name, dependencies]));
  const layers = [
    ...legs.flatMap((leg) => leg.layers),
    ...missing.flatMap((leg) => skippedLayers(leg, plan)),
  ].map((layer) => ({
    ...layer,
    // A leg knows only its own: what it stands behind was done by others.
    dependencies: waits.get(layer.name) ?? layer.dependencies,
  }));
  const gates = [...legs.flatMap((leg) => leg.gates), ...missing.flatMap((leg) => skippedGates(leg, plan))];
  const path = pathOf(layers, gates, started);
  const failures = [...reports.flatMap((each) => each.failures), ...missing.flatMap(unheard)];
  const found = reports.flatMap(({ leaks }) => leaks.found);
  const slowest = slowestOf(legs.map((leg) => leg.slowest ?? []));
  const identity = reports.find((each) => each.identity?.proved)?.identity;
  const books: Report = {
    schema: 'phoenix.report/v1',
    run,
    castle: plan.castle,
    mode: 'matrix',
    verdict: verdictOf(reports, failures, verify),
    started: plan.started,
    ended: new Date(ended).toISOString(),
    wallSeconds: round(wallSeconds),
    unattributedSeconds: round(ledger.unattributedSeconds),
    unattributedLimit,
    criticalPath: [...path.names],
    criticalPathSeconds: round(path.seconds),
    layers,
    gates,
    milestones: (verify?.milestones ?? []).map((each) => sinceStart(each, verify, started)),
    ...(verify?.probes === undefined ? {} : { probes: verify.probes }),
    leaks: { checked: reports.reduce((sum, { leaks }) => sum + leaks.checked, 0), found },
    ...(identity === undefined ? {} : { identity }),
    versions: Object.assign({}, ...reports.map(({ versions }) => versions)) as Report['versions'],
    error: errorOf(failures.toSorted((a, b) => rank(a) - rank(b))),
    failures,
    phases: phasesOf(spans),
    jobs: jobTimes(jobs, known),
    ...(slowest.length === 0 ? {} : { slowest }),
    spans: spans.map((span) => ({ ...span, from: round(span.from), to: round(span.to) })),
    gaps: [...ledger.gaps].map((gap) => ({ ...gap, from: round(gap.from), to: round(gap.to) })),
    standIns: [
      ...new Map(reports.flatMap(({ standIns }) => standIns).map((each) => [each.name, each])).values(),
    ],
    resources: { peakRssBytes: Math.max(0, ...reports.map(({ resources }) => resources.peakRssBytes)) },
  };
  const stages = plan.stages.map((stage) => stage.flatMap((leg) => leg.layers.split(',')));
  return { ...books, ...insightOf(books, stages) };
}

/** The plan, each job with what it waited and what it did, on the clock of the whole. */
function spansOf(plan: PlanPart, jobs: readonly Job[], started: number): Report['spans'] {
  const since = (moment: string | number) => Math.max(0, (new Date(moment).getTime() - started) / 1000);
  const spans: Report['spans'] = [];
  const add = (span: Omit<Report['spans'][number], 'id'>) => {
    const id = spans.length + 1;
    spans.push({ id, ...span });
    return id;
  };
  add({ parent: null, name: 'plan', kind: 'job', from: 0, to: since(plan.ended), verdict: 'ok' });
  for (const { name, readyAt, report } of jobs) {
    const [from, to] = [since(report.started), since(report.ended)];
    const verdict = report.verdict === 'failed' || report.verdict === 'cancelled' ? report.verdict : 'ok';
    add({
      parent: null,
      name: `queue: ${name}`,
      kind: 'queue',
      from: Math.min(since(readyAt), from),
      to: from,
      verdict: 'ok',
    });
    const job = add({ parent: null, name, kind: 'job', from, to, verdict });
    const ids = new Map<number, number>();
    for (const span of report.spans) {
      const parent = span.parent === null ? job : (ids.get(span.parent) ?? job);
      ids.set(span.id, add({ ...span, parent, from: from + span.from, to: from + span.to }));
    }
  }
  return spans;
}

function pathOf(layers: Report['layers'], gates: Report['gates'], origin: number) {
  const nodes = [
    ...layers.map(({ name, dependencies, started, ended }) => ({ name, dependencies, started, ended })),
    ...gates.map(({ name, after, started, ended }) => ({ name, dependencies: [after], started, ended })),
  ];
  const seconds = (moment: string) => (Date.parse(moment) - origin) / 1000;
  return criticalPath(
    nodes.flatMap(({ name, dependencies, started, ended }) =>
      started === null || ended === null
        ? []
        : [{ name, dependencies, started: seconds(started), ended: seconds(ended) }],
    ),
  );
}

const never = { started: null, ended: null, seconds: 0, verdict: 'skipped' as const };

/** What a failed stage kept from starting. */
function skippedLayers(missing: Missing, plan: PlanPart): Report['layers'] {
  return neverBegun(missing, plan, 'layer').map(({ name }) => ({
    name,
    ...never,
    retries: 0,
    phases: {},
    dependencies: [],
  }));
}

function skippedGates(missing: Missing, plan: PlanPart): Report['gates'] {
  return neverBegun(missing, plan, 'gate').map(({ name, dependencies: [after = ''] }) => ({
    name,
    after,
    ...never,
  }));
}

function neverBegun({ leg, blocked }: Missing, { steps }: PlanPart, wanted: 'layer' | 'gate') {
  const names = new Set(leg.split(','));
  return blocked ? steps.filter(({ name, kind }) => kind === wanted && names.has(name)) : [];
}

function unheard({ name, leg, blocked }: Missing): Failure[] {
  if (blocked) return [];
  return [
    {
      name,
      code: 'PHX-REPORT-LEG',
      what: `The job ${name} left no report${leg === '' ? '' : `, so nobody knows how ${leg.replaceAll(',', ', ')} came out`}.`,
      why: 'Its job never began, was ended by force, or could not hand its report over.',
      next: 'See the log of that job; `phoenix doctor` on its runner tells what it left.',
      tail: [],
    },
  ];
}

function verdictOf(
  reports: readonly Report[],
  failures: readonly Failure[],
  verify: Report | undefined,
): Report['verdict'] {
  const leaked = reports.some(({ leaks }) => leaks.found.length > 0);
  if (!leaked && reports.some(({ verdict }) => verdict === 'cancelled')) return 'cancelled';
  const good =
    !leaked && verify?.verdict === 'verified' && reports.every(({ verdict }) => verdict !== 'failed');
  return good && failures.length === 0 ? 'reborn' : 'failed';
}

/** A leak decides, whatever else there is. */
function rank({ code }: Failure): number {
  return code === 'PHX-LEAK-FOUND' ? 0 : 1;
}

function errorOf([first]: readonly Failure[]): Report['error'] {
  if (first === undefined) return null;
  const { code, what, why, next } = first;
  return { code, what, why, next };
}

/** `verify` counts from when its own tools were ready; the castle counts from the start of the whole. */
function sinceStart(
  milestone: Report['milestones'][number],
  verify: Report | undefined,
  started: number,
): Report['milestones'][number] {
  const span = verify?.spans.find(({ kind, name }) => kind === 'milestone' && name === milestone.name);
  if (verify === undefined || span === undefined || milestone.seconds === null)
    return { ...milestone, met: false };
  const seconds = round((Date.parse(verify.started) - started) / 1000 + span.to);
  return {
    ...milestone,
    seconds,
    met: milestone.targetSeconds === null || seconds <= milestone.targetSeconds,
  };
}
