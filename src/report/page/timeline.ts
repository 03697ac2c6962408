import { type Lane, lanesOf } from '../lanes.ts';
import type { Report } from '../schema.ts';
import { duration, percent } from '../words.ts';
import { type Act, type Acts, actsOf, type Part } from './acts.ts';
import { cut, type Html, html, name } from './html.ts';
import { place, stretch, tickLabel, ticks } from './scale.ts';
import { bars, gapBars, wasDestroyed } from './timeline-bars.ts';
import { idleRow, neverRan } from './timeline-idle.ts';
import { key } from './timeline-key.ts';
import { timelineTable } from './timeline-table.ts';

/** Past these the page says how many it left out: it is to stay a page. */
const mostLanes = 400;

/** The run as lanes by time: what ran when, what held up the end, and what no span explains. */
export function timeline(run: Report): Html {
  const report = withRestore(run);
  const acts = actsOf(report);
  if (acts === undefined) {
    const chart = lanes({ report, raisedAt: 0 }, 'run');
    return chart === undefined
      ? html`<section><h2>Timeline</h2><p>Nothing ran in this run, or nothing of it is on record.</p></section>`
      : html`<section class="long"><h2>Timeline</h2>${pathText(report)}${chart}</section>`;
  }
  return html`<section class="long"><h2>From gone to back</h2><p>0 is the moment before the first deletion.</p>${pathText(acts.after.report)}${lanes(acts.after, 'after')}
<h3 class="sub">The whole run</h3>${whole(acts, report)}
<details><summary>What came before it was gone, in lanes</summary>${lanes(acts.before, 'before')}</details></section>`;
}

/** The restore of the database is no work of the run, which waits for it: beside the milestones it shows for what. */
function withRestore(report: Report): Report {
  const { database, started, wallSeconds, spans } = report;
  if (database?.restore == null) return report;
  const second = (moment: string) => (Date.parse(moment) - Date.parse(started)) / 1000;
  const [from, to] = [Math.max(0, second(database.restore.started)), second(database.restore.ended)];
  // The cluster's clock may be wrong, or the restore that of an earlier life.
  if (!(to >= from && to <= wallSeconds)) return report;
  const restore = {
    id: -1,
    parent: null,
    name: 'restore of the database',
    kind: 'phase',
    verdict: 'ok',
  } as const;
  return { ...report, spans: [...spans, { ...restore, from, to }] };
}

function pathText({ criticalPath, criticalPathSeconds, wallSeconds, drill }: Report): Html {
  if (criticalPath.length === 0) return html`<p>No layer or gate ran, so there is no critical path.</p>`;
  const most = 24;
  const shown = criticalPath.slice(-most);
  const hidden = criticalPath.length - shown.length;
  const chain = shown.map((each, index) => html`${index === 0 ? '' : ' → '}${name(each)}`);
  const times = Object.entries(drill?.rto ?? {});
  const back = times.every(([, seconds]) => seconds !== null) ? times : [];
  const last = back.reduce<readonly [string, number] | undefined>(
    (latest, [of, seconds]) => (seconds !== null && seconds > (latest?.[1] ?? 0) ? [of, seconds] : latest),
    undefined,
  );
  const share =
    last === undefined
      ? `${percent(criticalPathSeconds / (wallSeconds || 1))} of the run`
      : `of ${duration(last[1])} until ${cut(last[0], 80)}`;
  return html`<p>Critical path: ${hidden === 0 ? '' : `${hidden} earlier → `}${chain}, ${duration(criticalPathSeconds)} of its own work, ${share}.</p>`;
}

/** Undefined where nothing ran. `id` tells the drawings of one page apart. */
function lanes(act: Act, id: string): Html | undefined {
  const { report } = act;
  const all = lanesOf(report, Number.POSITIVE_INFINITY);
  const kept = lanesOf(report, mostLanes).sort((a, b) => momentOf(a, act) - momentOf(b, act));
  const { long, short } = apart(kept, report.wallSeconds);
  const idle = neverRan(report);
  if (all.length + idle.length === 0) return undefined;
  const left = all.length - kept.length + Math.max(0, idle.length - mostLanes);
  const captions = [
    longestGap(report),
    left === 0 ? undefined : `${left} more parts are left out here, the shortest; the report has all.`,
  ].filter((text) => text !== undefined);
  return html`<figure>${grid(report.wallSeconds, id)}${axis(report.wallSeconds)}
<ol class="lanes">${[...long, ...short].map((lane) => row(lane, act, id))}${gapRow(report, id)}${idle.slice(0, mostLanes).map((each) => idleRow(each, id))}</ol>
${key(act, kept)}${captions.map((text) => html`<figcaption>${text}</figcaption>`)}</figure>
${timelineTable(
  report,
  kept.flatMap((lane) => livesOf(lane, act)),
)}`;
}

/** Parts that can hardly be seen share one lane; the table has each. Layers, gates and milestones never do. */
function apart(all: readonly Lane[], wallSeconds: number): { long: Lane[]; short: Lane[] } {
  const tiny = all.filter(
    ({ kind, spans }) =>
      kind === 'phase' &&
      spans.every(({ verdict }) => verdict === 'ok') &&
      secondsOf(spans) < Math.min(1, wallSeconds / 100),
  );
  if (tiny.length < 3) return { long: [...all], short: [] };
  const spans = tiny.flatMap((lane) => lane.spans);
  const lane: Lane = { name: `${tiny.length} short parts`, kind: 'phase', critical: false, spans };
  return { long: all.filter((each) => !tiny.includes(each)), short: [lane] };
}

/** The two lives of a layer, which have one lane in the chart. */
function livesOf(lane: Lane, { raisedAt }: Act): Lane[] {
  const destroyed = lane.spans.filter((span) => wasDestroyed(span, raisedAt));
  if (destroyed.length === 0) return [lane];
  const raised = lane.spans.filter((span) => !destroyed.includes(span));
  const gone = { ...lane, name: `${lane.name}, destroyed`, critical: false, spans: destroyed };
  return raised.length === 0 ? [gone] : [gone, { ...lane, spans: raised }];
}

function secondsOf(spans: Lane['spans']): number {
  return spans.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** A milestone stands where it was reached, a layer where it was raised, anything else where it began. */
function momentOf({ kind, spans }: Lane, { raisedAt }: Act): number {
  if (kind === 'milestone') return Math.max(...spans.map(({ to }) => to));
  const raised = spans.filter((span) => !wasDestroyed(span, raisedAt));
  return Math.min(...(raised.length === 0 ? spans : raised).map(({ from }) => from));
}

/** The lines of every lane are drawn once and used by each. */
function grid(wallSeconds: number, id: string): Html {
  const lines = ticks(wallSeconds).map(
    (at) => html`<line x1="${place(at, wallSeconds)}" x2="${place(at, wallSeconds)}" y1="-3" y2="21"/>`,
  );
  return html`<svg class="defs" aria-hidden="true"><defs><g id="grid-${id}" class="grid">${lines}</g></defs></svg>`;
}

function axis(wallSeconds: number): Html {
  const labels = ticks(wallSeconds).map(
    (at) =>
      html`<text x="${place(at, wallSeconds)}" y="11" text-anchor="${at === 0 ? 'start' : at > wallSeconds * 0.94 ? 'end' : 'middle'}">${tickLabel(at)}</text>`,
  );
  return html`<div class="axis" aria-hidden="true"><svg class="bar">${labels}</svg></div>`;
}

function row(lane: Lane, act: Act, id: string): Html {
  const title = lane.critical
    ? html`<b title="${lane.name}">${name(lane.name)}</b>`
    : html`<span class="n" title="${lane.name}">${name(lane.name)}</span>`;
  return html`<li>${title}<svg class="bar" aria-hidden="true"><use href="#grid-${id}"/>${bars(lane, act)}</svg><span class="t">${timeOf(lane, act)}</span><span class="vh">${spoken(lane)}</span></li>
`;
}

/** Of a layer that was destroyed and raised, the time of its raising. */
function timeOf({ kind, spans }: Lane, { raisedAt }: Act): string {
  if (kind === 'milestone') {
    const last = spans.at(-1);
    return last === undefined ? '' : `${last.verdict === 'ok' ? 'at' : 'given up at'} ${duration(last.to)}`;
  }
  const raised = spans.filter((span) => !wasDestroyed(span, raisedAt));
  const seconds = duration(secondsOf(raised.length === 0 ? spans : raised));
  const bad = spans.findLast(({ verdict }) => verdict !== 'ok');
  return bad === undefined ? seconds : `${bad.verdict}, ${seconds}`;
}

function spoken({ kind, critical, spans }: Lane): string {
  const [first] = spans;
  const from = first === undefined || kind === 'milestone' ? '' : `, from ${duration(first.from)}`;
  return ` (${kind}${critical ? ', on the critical path' : ''}${from})`;
}

function gapRow(report: Report, id: string): Html {
  return html`<li><span class="n">unattributed</span><svg class="bar" aria-hidden="true"><use href="#grid-${id}"/>${gapBars(report)}</svg><span class="t">${duration(report.unattributedSeconds)}</span><span class="vh"> (seconds that no part explains)</span></li>
`;
}

/** A gap has no name of its own: it is told by what stands around it. */
function longestGap({ gaps }: Report): string | undefined {
  const gap = gaps.toSorted((a, b) => b.to - b.from - (a.to - a.from))[0];
  if (gap === undefined || gap.to - gap.from < 0.05) return undefined;
  const { from, to, inside, after, before } = gap;
  const around = [
    inside === 'the run' ? '' : `in ${inside}`,
    after === null ? '' : `after ${after}`,
    before === null ? '' : `before ${before}`,
  ].filter((text) => text !== '');
  return cut(`The longest gap: ${duration(to - from)} ${around.join(', ')}.`, 400);
}

function whole({ parts }: Acts, { wallSeconds }: Report): Html {
  return html`<figure>${grid(wallSeconds, 'whole')}${axis(wallSeconds)}<ol class="lanes">${parts.map((part) => partRow(part, wallSeconds))}</ol></figure>`;
}

function partRow({ name: of, from, to }: Part, wallSeconds: number): Html {
  const { x, width } = stretch(from, to, wallSeconds);
  return html`<li><span class="n">${of}</span><svg class="bar" aria-hidden="true"><use href="#grid-whole"/><rect class="part" x="${x}" y="6" width="${width}" height="6"/></svg><span class="t">${duration(to - from)}</span></li>
`;
}
