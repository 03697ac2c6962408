import type { Report } from '../schema.ts';
import { duration, percent, unattributedText, witnessText } from '../words.ts';
import { cut, type Html, html, name } from './html.ts';

const most = 60;
/** Seconds; what takes less is only counted. */
const shortest = 0.05;

/** Where the time went, by part of the run; parts that overlap count each. */
export function whereTheTimeWent(report: Report): Html {
  const { phases, wallSeconds, fromNothing } = report;
  const parts = Object.entries(phases).toSorted(([, a], [, b]) => b - a);
  const shown = parts.slice(0, most).filter(([, seconds]) => seconds >= shortest);
  const rows = shown.map(
    ([of, seconds]) =>
      html`<dt>${name(of)}</dt><dd>${duration(seconds)} (${percent(seconds / (wallSeconds || 1))})</dd>`,
  );
  const rest = parts.slice(shown.length);
  const together = duration(rest.reduce((sum, [, seconds]) => sum + seconds, 0));
  const shorter =
    rest.length === 0 ? undefined : html`<dt>${rest.length} shorter ones</dt><dd>${together} together</dd>`;
  return html`<section><h2>Where the time went</h2><p>Parts that overlap count each${fromNothing?.firstBirthSeconds === undefined ? '' : ', and both lives of the castle'}.</p><dl class="facts">${rows}${shorter}<dt>unattributed</dt><dd>${unattributedText(report)}</dd></dl></section>`;
}

/** What ran, and what was not the real thing. */
export function circumstances(report: Report): Html {
  const { versions, standIns, resources, identity } = report;
  const tools = Object.entries(versions).slice(0, most);
  const witness = witnessText(report);
  const rows: readonly (readonly [Html | string, Html | string])[] = [
    ...tools.map(([tool, version]) => [name(tool), cut(version, 120)] as const),
    ...(identity === undefined
      ? []
      : [
          [
            'identity',
            `${identity.way}, ${identity.proved ? 'proved' : 'NOT proved'}; ${identity.revoked} older revoked, ${identity.kept} kept`,
          ] as const,
        ]),
    ...(witness === undefined ? [] : [['witness', cut(witness, 400)] as const]),
    ['memory of Phoenix', `${Math.round(resources.peakRssBytes / 1e6)} MB at its peak`],
  ];
  const pretended = standIns
    .slice(0, most)
    .map((each) => html`<dt>${name(each.name)}</dt><dd>stands for ${name(each.standsFor)}</dd>`);
  return html`<section><h2>Versions and circumstances</h2><dl class="facts">${rows.map(([of, is]) => html`<dt>${of}</dt><dd>${is}</dd>`)}</dl>${
    standIns.length === 0
      ? html`<p class="quiet">No stand-in: everything was the real thing.</p>`
      : html`<h3 class="sub">Stand-ins (everything else was real)</h3><dl class="facts">${pretended}</dl>`
  }</section>`;
}
