import { duration } from '../words.ts';
import { cut, type Html, html } from './html.ts';
import type { PastRun } from './past.ts';
import { dateText, trimmed } from './scale.ts';
import { spread } from './spread.ts';
import { table } from './table.ts';

const mostMilestones = 6;
const height = 72;

/** A bar a run, oldest first: filled where it was reborn, hollow where not. */
export function runsChart(runs: readonly PastRun[]): Html {
  const longest = Math.max(...runs.map(({ wallSeconds }) => wallSeconds)) || 1;
  const bars = runs.map(({ verdict, wallSeconds }, index) => {
    const tall = Math.max(2, (wallSeconds / longest) * (height - 4));
    const tone =
      verdict === 'failed'
        ? 'broken'
        : verdict === 'cancelled'
          ? 'part'
          : index === runs.length - 1
            ? 'path'
            : 'work';
    return html`<rect class="${tone}" x="${index * 10 + 1}" y="${trimmed(height - tall - 1)}" width="8" height="${trimmed(tall)}"/>`;
  });
  const good = spread(
    runs.filter(({ verdict }) => verdict === 'reborn').map(({ wallSeconds }) => wallSeconds),
  );
  const told =
    good === undefined
      ? 'No run of these ended reborn.'
      : `Reborn in ${duration(good.median)} at the median, ${duration(good.p95)} at the 95th percentile, ${duration(good.most)} at most.`;
  return html`<figure><svg class="runs" viewBox="0 0 ${runs.length * 10} ${height}" preserveAspectRatio="none" aria-hidden="true">${bars}</svg><figcaption>Wall clock by run, oldest first; failed ones are hatched, cancelled ones hollow. ${told}</figcaption></figure>`;
}

/** The same with dates, newest first. */
export function runsTable(runs: readonly PastRun[]): Html {
  const goals = [...new Set(runs.flatMap(({ milestones }) => Object.keys(milestones)))].slice(
    0,
    mostMilestones,
  );
  const columns = [
    { title: 'Started' },
    { title: 'Verdict' },
    { title: 'Wall clock', numeric: true },
    ...goals.map((goal) => ({ title: cut(goal, 40), numeric: true })),
    { title: 'Retries', numeric: true },
    { title: 'Leaks', numeric: true },
    { title: 'Error' },
  ];
  const rows = runs
    .toReversed()
    .map((run) => [
      dateText(run.started),
      run.verdict,
      duration(run.wallSeconds),
      ...goals.map((goal) => milestoneCell(run.milestones[goal])),
      String(run.retries),
      String(run.leaks),
      cut(run.error ?? '', 60),
    ]);
  return html`<details><summary>The runs in figures</summary>${table('The runs', columns, rows)}</details>`;
}

function milestoneCell(reached: PastRun['milestones'][string] | undefined): string {
  if (reached === undefined) return '';
  if (reached.seconds === null) return 'not reached';
  return `${duration(reached.seconds)}${reached.met ? '' : ' late'}`;
}
