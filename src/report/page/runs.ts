import { duration } from '../words.ts';
import { cut, type Html, html } from './html.ts';
import type { Measure } from './measured.ts';
import type { PastRun } from './past.ts';
import { dateText, place, trimmed } from './scale.ts';
import { spread } from './spread.ts';
import { table } from './table.ts';

const mostMilestones = 6;
const height = 72;
/** Few runs are few bars, not wide ones. */
const leastSlots = 30;

/** A bar a run, oldest first: filled where it came good, hatched where not. */
export function runsChart(runs: readonly PastRun[], measure: Measure): Html {
  const longest = Math.max(0, ...runs.map((run) => measure.secondsOf(run) ?? 0)) || 1;
  const slots = Math.max(leastSlots, runs.length);
  const bars = runs.map((run, index) => {
    const seconds = measure.secondsOf(run);
    // One that did not come so far has no length; it is drawn as high as any, so that nobody overlooks it.
    const tall = seconds === null ? height - 4 : Math.max(2, (seconds / longest) * (height - 4));
    const outcome = measure.outcomeOf(run);
    const tone =
      outcome === 'failed'
        ? 'broken'
        : outcome === 'void'
          ? 'part'
          : index === runs.length - 1
            ? 'path'
            : 'work';
    return html`<rect class="${tone}" x="${place(index + 0.1, slots)}" y="${trimmed(height - tall - 1)}" width="${place(0.8, slots)}" height="${trimmed(tall)}"/>`;
  });
  const good = spread(
    runs
      .flatMap((run) => (measure.outcomeOf(run) === 'good' ? [measure.secondsOf(run)] : []))
      .filter((seconds) => seconds !== null),
  );
  const one = measure.ofDrills ? 'drill' : 'run';
  const told =
    good === undefined
      ? `No ${one} of these ended well.`
      : good.count === 1
        ? `The one that ended well took ${duration(good.median)}.`
        : `Of those that ended well: ${duration(good.median)} at the median, ${duration(good.p95)} at the 95th percentile, ${duration(good.most)} at most.`;
  const beside = measure.ofDrills ? 'cancelled ones and those with a fault put in' : 'cancelled ones';
  const title = `${measure.what.charAt(0).toUpperCase()}${measure.what.slice(1)}`;
  return html`<figure><svg class="runs" aria-hidden="true">${bars}</svg><figcaption>${cut(title, 120)} by ${one}, oldest first; failed ones are hatched, ${beside} hollow. ${told}</figcaption></figure>`;
}

/** The same with dates, newest first. */
export function runsTable(runs: readonly PastRun[], measure: Measure): Html {
  const { ofDrills } = measure;
  const goals = [...new Set(runs.flatMap((run) => Object.keys(measure.goalsOf(run))))].slice(
    0,
    mostMilestones,
  );
  const columns = [
    { title: 'Started' },
    { title: 'Verdict' },
    ...(ofDrills ? [{ title: 'Score', numeric: true }] : []),
    ...goals.map((goal) => ({ title: `${ofDrills ? 'RTO ' : ''}${cut(goal, 40)}`, numeric: true })),
    ...(ofDrills ? [{ title: 'RPO', numeric: true }] : []),
    { title: 'Wall clock', numeric: true },
    { title: 'Retries', numeric: true },
    { title: 'Leaks', numeric: true },
    { title: 'Error' },
  ];
  const rows = runs
    .toReversed()
    .map((run) => [
      dateText(run.started),
      run.drill === undefined || !ofDrills
        ? run.verdict
        : `${run.drill.verdict}${faultsText(run.drill.faults)}`,
      ...(ofDrills ? [String(run.drill?.score ?? '')] : []),
      ...goals.map((goal) => goalCell(run, goal, measure)),
      ...(ofDrills ? [run.drill?.rpoSeconds == null ? 'not known' : duration(run.drill.rpoSeconds)] : []),
      duration(run.wallSeconds),
      String(run.retries),
      String(run.leaks),
      cut(run.error ?? '', 60),
    ]);
  const title = ofDrills ? 'The drills in figures' : 'The runs in figures';
  return html`<details><summary>${title}</summary>${table(ofDrills ? 'The drills' : 'The runs', columns, rows)}</details>`;
}

function faultsText(faults: readonly string[]): string {
  return faults.length === 0 ? '' : `, put in: ${cut(faults.join(', '), 60)}`;
}

function goalCell(run: PastRun, goal: string, measure: Measure): string {
  const seconds = measure.goalsOf(run)[goal];
  if (seconds === undefined) return '';
  if (seconds === null) return 'not reached';
  return `${duration(seconds)}${run.milestones[goal]?.met === false ? ' late' : ''}`;
}
