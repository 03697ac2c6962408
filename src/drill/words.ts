import { duration, percent } from '../report/words.ts';
import type { Drill } from './schema.ts';

/** One row of what a drill says. */
export interface DrillRow {
  readonly name: string;
  readonly text: string;
  readonly bad?: boolean;
}

/** The drill in rows, for the terminal and the job summary. What was not proved says so. */
export function drillRows(drill: Drill | undefined): DrillRow[] {
  if (drill === undefined) return [];
  const { verdict, score, streak, witness, rpoSeconds, trend, faults, why } = drill;
  const rto = Object.entries(drill.rto).map(
    ([name, seconds]) =>
      `${name} ${seconds === null ? 'not reached' : duration(seconds)}${usually(name, drill)}`,
  );
  const lost = drill.parts.filter(({ points, of }) => points < of);
  const rows: DrillRow[] = [
    {
      name: 'Drill',
      text: `${verdict === 'good' ? 'good' : verdict.toUpperCase()}, score ${score} of 100${streakText(streak)}`,
      bad: verdict !== 'good',
    },
    ...why.map((text) => ({ name: '', text, bad: true })),
    { name: 'RTO', text: rto.join(', ') || 'not measured: the castle has no milestones' },
    { name: 'RPO', text: rpoSeconds === null ? `not proved: ${witness.reason}` : duration(rpoSeconds) },
    ...(witness.a === 'none' && witness.b === 'none'
      ? []
      : [
          {
            name: 'Witness rows',
            text: `A ${witness.a}, B ${witness.b}: ${witness.reason}`,
            bad: witness.b === 'missing',
          },
        ]),
    ...lost.map(({ part, points, of, why: because }) => ({
      name: `Lost ${Math.round((of - points) * 10) / 10}`,
      text: `${part}: ${because}`,
    })),
    ...(faults.length === 0 ? [] : [{ name: 'Faults put in', text: faults.join(', ') }]),
  ];
  if (trend === null) return [...rows, { name: 'Trend', text: 'no history could be read' }];
  const { drills, good, flakeRate, mttrSeconds } = trend;
  const parts = [
    `${good} of the last ${drills} good`,
    ...(flakeRate === null ? [] : [`flakes in ${percent(flakeRate)}`]),
    ...(mttrSeconds === null ? [] : [`mended in ${duration(mttrSeconds)}`]),
    ...(trend.strange === 0 ? [] : [`${trend.strange} lines of the history left out`]),
  ];
  return [...rows, { name: 'Trend', text: parts.join(', ') }];
}

function usually(name: string, { trend }: Drill): string {
  const spread = trend?.milestones[name];
  if (spread === undefined) return '';
  return ` (p50 ${duration(spread.p50)}, p95 ${duration(spread.p95)}, max ${duration(spread.max)})`;
}

function streakText(streak: number | null): string {
  return streak === null ? '' : `, ${streak} good in a row`;
}
