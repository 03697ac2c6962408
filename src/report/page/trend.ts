import type { Timed } from '../../journal/durations.ts';
import type { Report } from '../schema.ts';
import { duration } from '../words.ts';
import { cut, type Html, html, name } from './html.ts';
import { type Measure, measureOf, type Outcome } from './measured.ts';
import { type Past, type PastRun, withThisRun } from './past.ts';
import { runsChart, runsTable } from './runs.ts';
import { dateText, place, trimmed } from './scale.ts';
import { againstMedian, type Spread, spread } from './spread.ts';
import { table } from './table.ts';

/** Runs that are drawn; older ones are counted. */
const mostRuns = 120;
const mostCards = 48;

interface Series {
  readonly name: string;
  /** Seconds by run, oldest first; undefined where the run does not have it. */
  readonly values: readonly (number | undefined)[];
  readonly numbers: readonly number[];
}

/** How long the parts took from run to run, compared with runs of the same kind: drills with drills. */
export function trend(report: Report, { runs, timed = [], missing }: Past): Html {
  const ofDrills = report.drill !== undefined;
  const known = report.command === undefined ? withThisRun(runs, report) : runs;
  const kept = known.filter(
    ({ verdict, drill }) => verdict !== 'untouched' && (drill !== undefined) === ofDrills,
  );
  const lost =
    missing === undefined
      ? undefined
      : html`<p><span class="warn">Not all earlier runs are in it:</span> ${cut(missing, 600)}</p>`;
  if (kept.length < 2)
    return html`<section class="long"><h2>Trend</h2>${lost}${byTimes(report, timed)}</section>`;
  const shown = kept.slice(-mostRuns);
  const measure = measureOf(shown, ofDrills);
  const good = shown.filter((run) => measure.outcomeOf(run) === 'good');
  const older = kept.length - shown.length;
  return html`<section class="long"><h2>Trend</h2>${lost}
<p>${tally(shown, measure)} since ${dateText(shown[0]?.started ?? '')}${older === 0 ? '' : `; ${older} older ones are left out`}.</p>
${runsChart(shown, measure)}${runsTable(shown, measure)}${cards(ofDrills ? 'Milestones from gone' : 'Milestones', goalSeries(good, measure))}${cards('Layers', layerSeries(good))}</section>`;
}

/** Where no run is kept: the layers against those that this machine timed before. */
function byTimes(report: Report, timed: readonly Timed[]): Html {
  const now = Object.fromEntries(
    report.layers
      .filter(({ verdict }) => verdict === 'applied' || verdict === 'unchanged')
      .map(({ name: of, seconds }) => [of, seconds]),
  );
  const all = [...timed, ...(Object.keys(now).length === 0 ? [] : [{ layers: now }])].slice(-mostRuns);
  if (timed.length === 0 || all.length < 2)
    return html`<p>No earlier run is known here: a trend begins with the second that is kept.</p>`;
  return html`<p>No history of runs is kept here; these are the times of the layers of the last ${all.length} runs on this machine, each where it ran through.</p>${cards('Layers', layerSeries(all))}`;
}

function tally(runs: readonly PastRun[], { ofDrills, outcomeOf }: Measure): string {
  const count = (wanted: Outcome) => runs.filter((run) => outcomeOf(run) === wanted).length;
  const rest = [
    count('failed') === 0 ? '' : `${count('failed')} failed`,
    count('void') === 0 ? '' : `${count('void')} ${ofDrills ? 'not counted' : 'cancelled'}`,
  ].filter((text) => text !== '');
  const good = `${runs.length} ${ofDrills ? 'drills' : 'runs'}, ${count('good')} ${ofDrills ? 'good' : 'reborn'}`;
  return [good, ...rest].join(', ');
}

function layerSeries(runs: readonly Pick<PastRun, 'layers'>[]): Series[] {
  // A layer that never ran has no time at all, which is not the same as a short one.
  return seriesOf(
    runs.map(({ layers }) =>
      Object.entries(layers).map(([of, seconds]) => [of, seconds === 0 ? null : seconds]),
    ),
  );
}

function goalSeries(runs: readonly PastRun[], { goalsOf }: Measure): Series[] {
  return seriesOf(runs.map((run) => Object.entries(goalsOf(run))));
}

function seriesOf(runs: readonly (readonly (readonly [string, number | null])[])[]): Series[] {
  const byRun = runs.map((figures) => new Map(figures));
  const all = new Set(byRun.flatMap((figures) => [...figures.keys()]));
  return [...all]
    .map((of) => {
      const values = byRun.map((figures) => figures.get(of) ?? undefined);
      return { name: of, values, numbers: values.filter((value) => value !== undefined) };
    })
    .filter(({ numbers }) => numbers.length > 0)
    .sort((a, b) => (spread(b.numbers)?.median ?? 0) - (spread(a.numbers)?.median ?? 0));
}

function cards(title: string, all: readonly Series[]): Html | undefined {
  if (all.length === 0) return undefined;
  const shown = all.slice(0, mostCards);
  const rest = all.length - shown.length;
  return html`<h3 class="sub">${title}, where they ended well, the longest first; each in a scale of its own, dashed: the median</h3><ul class="cards">${shown.map(card)}</ul>${rest === 0 ? '' : html`<p class="quiet">${rest} shorter ones are not drawn.</p>`}${seriesTable(title, shown)}`;
}

function card({ name: of, values, numbers }: Series): Html {
  const last = numbers.at(-1) ?? 0;
  const { median = 0, least = 0, most = 0 } = spread(numbers) ?? {};
  const missing = values.at(-1) === undefined ? ' when it last ran,' : '';
  // One time is no trend: it has neither a median nor a line.
  if (numbers.length < 2)
    return html`<li><h4 title="${of}">${name(of)}</h4><p><b>${duration(last)}</b>${missing} the only time that is known</p></li>
`;
  const range = `of ${duration(median)}; ${duration(least)} to ${duration(most)} in ${numbers.length} runs`;
  return html`<li><h4 title="${of}">${name(of)}</h4>${spark(values, { median, least, most })}<p><b>${duration(last)}</b>${missing} ${againstMedian(last, median)}</p><p>${range}</p></li>
`;
}

const sparkWidth = 200;

/** A range narrower than this share of the median is drawn as if it were that wide: noise is to look like noise. */
const leastRange = 0.2;

/** The line breaks where a run does not have the part; the dot is the newest. Each has a scale of its own. */
function spark(
  values: readonly (number | undefined)[],
  { median, least, most }: Pick<Spread, 'median' | 'least' | 'most'>,
): Html {
  const range = Math.max(most - least, median * leastRange) || 1;
  const y = (value: number) => 17 - ((value - (least + most) / 2) / range) * 28;
  const x = (index: number) => (values.length < 2 ? sparkWidth : (index / (values.length - 1)) * sparkWidth);
  const lines: string[][] = [[]];
  for (const [index, value] of values.entries()) {
    if (value === undefined) lines.push([]);
    else lines.at(-1)?.push(`${trimmed(x(index))},${trimmed(y(value))}`);
  }
  const drawn = lines
    .filter(({ length }) => length > 0)
    .map(
      (points) =>
        html`<polyline points="${(points.length === 1 ? [points[0], points[0]] : points).join(' ')}"/>`,
    );
  const at = values.findLastIndex((value) => value !== undefined);
  return html`<svg class="spark" aria-hidden="true"><svg viewBox="0 0 ${sparkWidth} 34" preserveAspectRatio="none" width="100%" height="34"><polyline class="median" points="0,${trimmed(y(median))} ${sparkWidth},${trimmed(y(median))}"/>${drawn}</svg><circle cx="${place(x(at), sparkWidth)}" cy="${trimmed(y(values[at] ?? 0))}" r="3"/></svg>`;
}

const columns = [
  { title: 'Name' },
  { title: 'Last', numeric: true },
  { title: 'Median', numeric: true },
  { title: 'p95', numeric: true },
  { title: 'Least', numeric: true },
  { title: 'Most', numeric: true },
  { title: 'Runs', numeric: true },
];

function seriesTable(title: string, all: readonly Series[]): Html {
  const rows = all.map(({ name: of, numbers }) => {
    const { median = 0, p95 = 0, least = 0, most = 0, count = 0 } = spread(numbers) ?? {};
    return [name(of), ...[numbers.at(-1) ?? 0, median, p95, least, most].map(duration), String(count)];
  });
  return html`<details><summary>${title} in figures</summary>${table(`${title} over the runs`, columns, rows)}</details>`;
}
