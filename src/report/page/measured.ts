import type { PastRun } from './past.ts';

/** What is compared from run to run: of drills from when the castle was gone, of other runs the wall clock. */
export interface Measure {
  /** As it stands behind `by run` and the like. */
  readonly what: string;
  readonly ofDrills: boolean;
  /** Seconds; null where the run did not come so far. */
  secondsOf(run: PastRun): number | null;
  outcomeOf(run: PastRun): Outcome;
  goalsOf(run: PastRun): Readonly<Record<string, number | null>>;
}

/** good: counts for medians; void: cancelled, or with a fault put in on purpose, so it proves nothing either way. */
export type Outcome = 'good' | 'failed' | 'void';

/** `runs` are those that are compared, all of one kind. */
export function measureOf(runs: readonly PastRun[], ofDrills: boolean): Measure {
  if (!ofDrills)
    return {
      what: 'wall clock',
      ofDrills,
      secondsOf: ({ wallSeconds }) => wallSeconds,
      outcomeOf: ({ verdict }) =>
        verdict === 'failed' ? 'failed' : verdict === 'cancelled' ? 'void' : 'good',
      goalsOf: ({ milestones }) =>
        Object.fromEntries(Object.entries(milestones).map(([name, { seconds }]) => [name, seconds])),
    };
  const last = lastGoal(runs);
  return {
    what: last === undefined ? 'time from gone to back' : `time from gone to ${last}`,
    ofDrills,
    secondsOf: ({ drill }) => (last === undefined ? null : (drill?.rto[last] ?? null)),
    outcomeOf: ({ drill }) =>
      drill === undefined || drill.verdict === 'cancelled' || drill.faults.length > 0
        ? 'void'
        : drill.verdict,
    goalsOf: ({ drill }) => drill?.rto ?? {},
  };
}

/** The milestone that comes last: it says when all of the castle was back. */
function lastGoal(runs: readonly PastRun[]): string | undefined {
  const longest = new Map<string, number>();
  for (const { drill } of runs)
    for (const [name, seconds] of Object.entries(drill?.rto ?? {}))
      longest.set(name, Math.max(longest.get(name) ?? 0, seconds ?? 0));
  return [...longest].toSorted(([, a], [, b]) => b - a)[0]?.[0];
}
