import type { Report } from '../report/schema.ts';
import { dataOf } from './data.ts';
import type { Drill } from './schema.ts';
import { scoreOf } from './score.ts';

/** What the report does not say. */
export interface Given {
  /** Faults that were put in on purpose. */
  readonly faults: readonly string[];
  /** How often a process of the box was started again; undefined where nobody counts. */
  readonly restarts?: number | undefined;
}

/** The figures of one drill, from its run's report. No history is needed for them: `withTrend` adds what it tells. */
export function drillOf(report: Report, { faults, restarts }: Given): Drill {
  const { fromNothing, layers, milestones, leaks, wallSeconds, unattributedSeconds } = report;
  const data = dataOf(report);
  const why = faultsOf(report, data);
  const gone = fromNothing?.gone ?? null;
  const flakes = flakesOf(report);
  const figures = {
    verdict:
      report.verdict === 'cancelled'
        ? ('cancelled' as const)
        : why.length === 0
          ? ('good' as const)
          : ('failed' as const),
    why,
    gone,
    resumed: fromNothing?.resumed != null,
    firstBirthSeconds: fromNothing?.firstBirthSeconds ?? null,
    destroySeconds: fromNothing?.destroySeconds ?? 0,
    rto: Object.fromEntries(milestones.map(({ name }) => [name, rtoOf(report, name, gone)])),
    rpoSeconds: data.rpoSeconds,
    witness: data.witness,
    layers: Object.fromEntries(
      layers
        .filter(({ verdict }) => verdict === 'applied' || verdict === 'unchanged')
        .map(({ name, seconds }) => [name, seconds]),
    ),
    retries: layers.reduce((sum, { retries }) => sum + retries, 0),
    restarts: restarts ?? null,
    flakes,
    targets: { met: milestones.filter(({ met }) => met).length, of: milestones.length },
    leaks: leaks.checked === 0 && leaks.found.length === 0 ? null : leaks.found.length,
    unattributedShare: wallSeconds === 0 ? 0 : Math.min(1, unattributedSeconds / wallSeconds),
    faults: [...faults],
  };
  return { ...figures, ...scoreOf(figures, data, report), streak: null, trend: null };
}

/** Seconds from when the castle was gone to when the milestone was reached; null where it was not, or nothing was gone. */
function rtoOf({ started, milestones, spans }: Report, name: string, gone: string | null): number | null {
  const reached = milestones.find((each) => each.name === name)?.seconds != null;
  // The last of that name: before it, in a box, the castle was raised to be destroyed.
  const span = spans.findLast(
    (each) => each.kind === 'milestone' && each.name === name && each.verdict === 'ok',
  );
  if (!reached || gone === null || span === undefined) return null;
  const seconds = (Date.parse(started) - Date.parse(gone)) / 1000 + span.to;
  return Math.max(0, Math.round(seconds * 1000) / 1000);
}

/** What a drill is not good for. That a target was missed, or something had to be tried twice, costs points only. */
function faultsOf(report: Report, { rungs = [], witness }: ReturnType<typeof dataOf>): string[] {
  const { verdict, error, fromNothing, leaks } = report;
  return [
    ...(verdict === 'reborn'
      ? []
      : [error === null ? `The run is ${verdict}.` : `${error.code}: ${error.what}`]),
    ...(fromNothing === undefined ? ['Nothing was destroyed, so nothing is proved.'] : []),
    ...(fromNothing !== undefined && fromNothing.reached !== 'reborn' && verdict === 'reborn'
      ? [`It came no further than ${fromNothing.reached}.`]
      : []),
    ...rungs.flatMap(({ rung, is, reason }) => (is === 'failed' ? [`${rung}: ${reason ?? 'failed'}`] : [])),
    ...(witness.a === 'missing' || witness.b === 'missing'
      ? [`The witness is missing: ${witness.reason}`]
      : []),
    ...(leaks.found.length === 0 ? [] : [`${leaks.found.length} secrets leaked.`]),
  ];
}

/** What came good in the end, and not at once. */
function flakesOf(report: Report): Drill['flakes'] {
  return [
    ...report.layers
      .filter(({ retries }) => retries > 0)
      .map(({ name, retries }) => ({ name, what: `retried ${times(retries)}` })),
    ...(report.probes ?? [])
      .filter(({ flaps }) => flaps > 0)
      .map(({ name, flaps }) => ({ name, what: `flapped ${times(flaps)}` })),
  ];
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
