import type { Entries, Entry } from './entries.ts';
import type { Trend } from './schema.ts';

/** Figures over time are of so many of the last drills. */
const window = 30;

/** What the drills so far say together. Pure: how old the last good one is, is for whoever knows the time. */
export function trendOf({ drills, strange }: Entries): Trend & { readonly streak: number } {
  // One with a fault put in shows what it was meant to show; one that was cancelled shows nothing.
  const counted = drills.filter(({ verdict, faults }) => verdict !== 'cancelled' && faults.length === 0);
  const recent = counted.slice(-window);
  const good = recent.filter(isGood);
  const last = counted.findLast(isGood);
  const afterLast = counted.slice(last === undefined ? 0 : counted.indexOf(last) + 1);
  const firstBad = counted.findLastIndex((each) => !isGood(each));
  return {
    drills: recent.length,
    good: good.length,
    streak: counted.length - firstBad - 1,
    failedInARow: afterLast.length,
    failingSince: afterLast[0] === undefined ? null : new Date(afterLast[0].endedAt).toISOString(),
    lastGood:
      last === undefined
        ? null
        : {
            run: last.run,
            ended: new Date(last.endedAt).toISOString(),
            rto: { ...last.rto },
            score: last.score,
          },
    milestones: spreadsOf(good.map(({ rto }) => rto)),
    layers: spreadsOf(good.map(({ layers }) => layers)),
    mttrSeconds: mttrOf(recent),
    flakeRate: recent.length === 0 ? null : recent.filter(({ flakes }) => flakes > 0).length / recent.length,
    strange,
  };
}

function isGood({ verdict }: Entry): boolean {
  return verdict === 'good';
}

function spreadsOf(all: readonly Readonly<Record<string, number | null>>[]): Trend['layers'] {
  const byName = new Map<string, number[]>();
  for (const [name, seconds] of all.flatMap((each) => Object.entries(each))) {
    if (seconds !== null) byName.set(name, [...(byName.get(name) ?? []), seconds]);
  }
  return Object.fromEntries(
    [...byName].map(([name, seconds]) => [
      name,
      { p50: percentile(seconds, 0.5), p95: percentile(seconds, 0.95), max: Math.max(...seconds) },
    ]),
  );
}

/** By nearest rank: always a value that was measured. `values` has at least one. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** How long it took on average from a first failed drill to the next good one; null where none came good again. */
function mttrOf(drills: readonly Entry[]): number | null {
  const repairs: number[] = [];
  let failed: Entry | undefined;
  for (const each of drills) {
    if (!isGood(each)) failed ??= each;
    else if (failed !== undefined) {
      repairs.push((each.endedAt - failed.endedAt) / 1000);
      failed = undefined;
    }
  }
  return repairs.length === 0 ? null : repairs.reduce((sum, each) => sum + each, 0) / repairs.length;
}
