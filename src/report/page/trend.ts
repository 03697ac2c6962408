import { duration } from '../words.ts';
import { type Html, html, name } from './html.ts';
import type { PastRun } from './past.ts';
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

/** How long the parts took from run to run. `runs` are those of the castle, oldest first. */
export function trend(runs: readonly PastRun[]): Html {
  const kept = runs.filter(({ verdict }) => verdict !== 'untouched');
  const shown = kept.slice(-mostRuns);
  const good = shown.filter(({ verdict }) => verdict === 'reborn');
  if (shown.length < 2)
    return html`<section><h2>Trend</h2><p>There is no history yet: a trend begins with the second run that is kept.</p></section>`;
  const older = kept.length - shown.length;
  return html`<section class="long"><h2>Trend</h2>
<p>${tally(shown)} since ${dateText(shown[0]?.started ?? '')}${older === 0 ? '' : `; ${older} older ones are left out`}.</p>
${runsChart(shown)}${runsTable(shown)}${cards('Milestones', milestoneSeries(good))}${cards('Layers', layerSeries(good))}</section>`;
}

function tally(runs: readonly PastRun[]): string {
  const count = (test: (run: PastRun) => boolean) => runs.filter(test).length;
  const [failed, cancelled] = [
    count(({ verdict }) => verdict === 'failed'),
    count(({ verdict }) => verdict === 'cancelled'),
  ];
  const bad = [
    failed === 0 ? '' : `${failed} failed`,
    cancelled === 0 ? '' : `${cancelled} cancelled`,
  ].filter((text) => text !== '');
  return [`${runs.length} runs, ${count(({ verdict }) => verdict === 'reborn')} reborn`, ...bad].join(', ');
}

function layerSeries(runs: readonly PastRun[]): Series[] {
  // A layer that never ran has no time at all, which is not the same as a short one.
  return seriesOf(runs, ({ layers }) =>
    Object.entries(layers).map(([of, seconds]) => [of, seconds === 0 ? null : seconds]),
  );
}

function milestoneSeries(runs: readonly PastRun[]): Series[] {
  return seriesOf(runs, (run) => Object.entries(run.milestones).map(([of, { seconds }]) => [of, seconds]));
}

function seriesOf(
  runs: readonly PastRun[],
  figuresOf: (run: PastRun) => (readonly [string, number | null])[],
): Series[] {
  const byRun = runs.map((run) => new Map(figuresOf(run)));
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
  return html`<h3 class="sub">${title}, of the runs that ended reborn, the longest first; each in a scale of its own, dashed: the median</h3><ul class="cards">${shown.map(card)}</ul>${rest === 0 ? '' : html`<p class="quiet">${rest} shorter ones are not drawn.</p>`}${seriesTable(title, shown)}`;
}

function card({ name: of, values, numbers }: Series): Html {
  const last = numbers.at(-1) ?? 0;
  const { median = 0, least = 0, most = 0 } = spread(numbers) ?? {};
  const range = `of ${duration(median)}; ${duration(least)} to ${duration(most)} in ${numbers.length} runs`;
  const missing = values.at(-1) === undefined ? ' when it last ran,' : '';
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
