import type { Report } from '../schema.ts';
import { duration, fromNothingText, percent } from '../words.ts';
import { cut, type Html, html, name, names } from './html.ts';
import { table } from './table.ts';

const most = 40;
const longest = 400;

type Drill = NonNullable<Report['drill']>;

/** What the drill is not good for, what its score lost, and how it compares. Undefined for any other run. */
export function drillSection(report: Report): Html | undefined {
  const { drill } = report;
  if (drill === undefined) return undefined;
  const { verdict, why, parts, score } = drill;
  // What the castle did not come back for is what the drill is not good for, which stands here already.
  const lost = parts.filter(({ part, points, of }) => points < of && part !== 'reborn').slice(0, most);
  // The error stands above, in its own words.
  const told = why.filter((text) => report.error === null || !text.startsWith(report.error.code));
  return html`<section class="long"><h2>Drill: ${verdict}, ${score} of 100</h2>${told.slice(0, most).map((text) => html`<p>${cut(text, longest)}</p>`)}
<dl class="facts">${[...facts(report, drill), ...lost.map(lostPart)].map(([of, is]) => html`<dt>${of}</dt><dd>${is}</dd>`)}</dl>${scored(parts)}</section>`;
}

type Row = readonly [Html | string, Html | string];

function facts(report: Report, drill: Drill): Row[] {
  const { rto, witness, flakes, faults, trend, destroySeconds } = drill;
  const destroyed = fromNothingText(report);
  return [
    ...Object.entries(rto)
      .slice(0, most)
      .map(
        ([of, seconds]): Row => [
          html`RTO ${name(of)}`,
          `${seconds === null ? 'not reached' : duration(seconds)}${usual(trend?.milestones[of])}`,
        ],
      ),
    [
      'witness',
      `row in the backup: ${witness.a}; row in the WAL alone: ${witness.b}${witness.reason === '' ? '' : ` (${cut(witness.reason, longest)})`}`,
    ],
    ...(destroyed === undefined
      ? []
      : [['destroy', `${duration(destroySeconds)}: ${cut(destroyed, longest)}`] as const]),
    ...flakes.slice(0, most).map((each): Row => [html`flake ${name(each.name)}`, cut(each.what, longest)]),
    ...(faults.length === 0 ? [] : [['put in on purpose', names(faults)] as const]),
    ...(trend?.flakeRate == null || trend.flakeRate === 0
      ? []
      : [['flakes', `in ${percent(trend.flakeRate)} of the last ${trend.drills} drills`] as const]),
    ...(trend?.mttrSeconds == null
      ? []
      : [
          [
            'mended',
            `${duration(trend.mttrSeconds)} from a failed drill to the next good one, on average`,
          ] as const,
        ]),
  ];
}

function usual(spread: NonNullable<Drill['trend']>['milestones'][string] | undefined): string {
  if (spread === undefined) return '';
  return `, of good ones p50 ${duration(spread.p50)}, p95 ${duration(spread.p95)}`;
}

function lostPart({ part, points, of, why }: Drill['parts'][number]): Row {
  return [
    html`lost in ${name(part)}`,
    `${Math.round((of - points) * 10) / 10} of ${of} points: ${cut(why, longest)}`,
  ];
}

const columns = [
  { title: 'Part' },
  { title: 'Points', numeric: true },
  { title: 'Of', numeric: true },
  { title: 'Why' },
];

function scored(parts: Drill['parts']): Html | undefined {
  if (parts.length === 0) return undefined;
  const rows = parts
    .slice(0, most)
    .map(({ part, points, of, why }) => [name(part), String(points), String(of), cut(why, longest)]);
  return html`<details><summary>What the score is made of</summary>${table('What the score is made of', columns, rows)}</details>`;
}
