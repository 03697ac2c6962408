import { duration } from '../words.ts';
import type { Drill } from './extras.ts';
import { cut, type Html, html, name, names } from './html.ts';
import { table } from './table.ts';

const most = 40;
const longest = 400;

/** What the drill proved, and what its score is made of. */
export function drillSection(drill: Drill | undefined): Html | undefined {
  if (drill === undefined) return undefined;
  const { verdict, why, parts, rto, witness, flakes, faults } = drill;
  const rows: readonly (readonly [Html | string, Html | string])[] = [
    ...Object.entries(rto)
      .slice(0, most)
      .map(
        ([of, seconds]) =>
          [html`RTO ${name(of)}`, seconds === null ? 'not reached' : duration(seconds)] as const,
      ),
    ...(witness === undefined
      ? []
      : [
          [
            'witness',
            `in the backup: ${witness.a}; in the archived WAL alone: ${witness.b}${witness.reason === '' ? '' : ` (${cut(witness.reason, longest)})`}`,
          ] as const,
        ]),
    ...flakes
      .slice(0, most)
      .map((each) => [html`flake ${name(each.name)}`, cut(each.what, longest)] as const),
    ...(faults.length === 0 ? [] : [['put in on purpose', names(faults)] as const]),
  ];
  const columns = [
    { title: 'Score' },
    { title: 'Points', numeric: true },
    { title: 'Of', numeric: true },
    { title: 'Why' },
  ];
  const scored = parts
    .slice(0, most)
    .map(({ part, points, of, why: because }) => [
      name(part),
      String(points),
      String(of),
      cut(because, longest),
    ]);
  return html`<section class="long"><h2>Drill</h2><p>${verdict === '' ? 'Destroyed and raised again' : cut(verdict, 40)}${why.length === 0 ? '' : html`: ${cut(why.join('; '), longest)}`}. Times count from when the castle was gone.</p>
<dl class="facts">${rows.map(([of, is]) => html`<dt>${of}</dt><dd>${is}</dd>`)}</dl>${scored.length === 0 ? undefined : table('What the score is made of', columns, scored)}</section>`;
}
