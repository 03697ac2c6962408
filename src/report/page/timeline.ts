import { type Lane, lanesOf } from '../lanes.ts';
import type { Report } from '../schema.ts';
import { duration, percent } from '../words.ts';
import { type Html, html, name } from './html.ts';
import { place, stretch, tickLabel, ticks } from './scale.ts';
import { timelineTable } from './timeline-table.ts';

/** Past these the page says how many it left out: it is to stay a page. */
const mostLanes = 400;
const mostPieces = 60;
const mostGaps = 200;

/** The run as lanes by time: what ran when, what held up the end, and what no span explains. */
export function timeline(report: Report): Html {
  const all = lanesOf(report, Number.POSITIVE_INFINITY);
  const lanes = lanesOf(report, mostLanes).sort((a, b) => momentOf(a) - momentOf(b));
  const idle = neverRan(report);
  if (all.length + idle.length === 0) {
    return html`<section><h2>Timeline</h2><p>Nothing ran in this run, or nothing of it is on record.</p></section>`;
  }
  const left = all.length - lanes.length + Math.max(0, idle.length - mostLanes);
  return html`<section class="long"><h2>Timeline</h2>
<p>${pathText(report)}</p>
<figure>${grid(report.wallSeconds)}${axis(report.wallSeconds)}
<ol class="lanes">${lanes.map((lane) => laneRow(lane, report))}${gapRow(report)}${idle.slice(0, mostLanes).map(idleRow)}</ol>
${key(report, lanes)}${left === 0 ? '' : html`<figcaption>${left} more parts are left out here, the shortest; the report has all.</figcaption>`}</figure>
${timelineTable(report, lanes)}</section>`;
}

/** A milestone stands where it was reached, anything else where it began. */
function momentOf({ kind, spans }: Lane): number {
  return kind === 'milestone'
    ? Math.max(...spans.map(({ to }) => to))
    : Math.min(...spans.map(({ from }) => from));
}

function pathText({ criticalPath, criticalPathSeconds, wallSeconds }: Report): Html {
  if (criticalPath.length === 0) return html`No layer or gate ran, so there is no critical path.`;
  const most = 24;
  const shown = criticalPath.slice(-most);
  const hidden = criticalPath.length - shown.length;
  const chain = shown.map((each, index) => html`${index === 0 ? '' : ' → '}${name(each)}`);
  return html`Critical path: ${hidden === 0 ? '' : `${hidden} earlier → `}${chain}, ${duration(criticalPathSeconds)} of its own work, ${percent(criticalPathSeconds / (wallSeconds || 1))} of the run.`;
}

/** The lines of every lane are drawn once and used by each. */
function grid(whole: number): Html {
  const lines = ticks(whole).map(
    (at) => html`<line x1="${place(at, whole)}" x2="${place(at, whole)}" y1="-3" y2="21"/>`,
  );
  return html`<svg class="defs" aria-hidden="true"><defs><g id="grid" class="grid">${lines}</g>
<g id="mark"><path d="M0 2L7 9L0 16L-7 9Z"/></g><g id="fault" class="x"><path d="M-5 4L5 14M-5 14L5 4"/></g></defs></svg>`;
}

function axis(whole: number): Html {
  const labels = ticks(whole).map(
    (at) =>
      html`<text x="${place(at, whole)}" y="11" text-anchor="${at === 0 ? 'start' : at > whole * 0.94 ? 'end' : 'middle'}">${tickLabel(at)}</text>`,
  );
  return html`<div class="axis" aria-hidden="true"><svg class="bar">${labels}</svg></div>`;
}

function laneRow(lane: Lane, report: Report): Html {
  const title = lane.critical
    ? html`<b title="${lane.name}">${name(lane.name)}</b>`
    : html`<span class="n" title="${lane.name}">${name(lane.name)}</span>`;
  return html`<li>${title}<svg class="bar" aria-hidden="true"><use href="#grid"/>${marks(lane, report)}</svg><span class="t">${laneTime(lane)}</span><span class="vh">${spoken(lane)}</span></li>
`;
}

function marks(lane: Lane, report: Report): Html[] {
  const whole = report.wallSeconds;
  if (lane.kind === 'milestone')
    return lane.spans.slice(0, mostPieces).map((span) => milestoneMark(span, report));
  const tone = lane.critical ? 'path' : lane.kind === 'layer' || lane.kind === 'gate' ? 'work' : 'part';
  const [top, height] = lane.critical ? [2, 14] : lane.kind === 'layer' ? [4, 10] : [6, 6];
  return lane.spans.slice(0, mostPieces).map(({ from, to, verdict }) => {
    const { x, width } = stretch(from, to, whole);
    const bar = html`<rect class="${verdict === 'ok' ? tone : 'broken'}" x="${x}" y="${top}" width="${width}" height="${height}"/>`;
    return verdict === 'failed' ? html`${bar}<use href="#fault" x="${place(to, whole)}"/>` : bar;
  });
}

/** A milestone counts from when the tools were ready, so its target does as well. */
function milestoneMark(
  { name: of, from, to }: Lane['spans'][number],
  { milestones, wallSeconds }: Report,
): Html {
  const goal = milestones.find((each) => each.name === of);
  const due =
    goal?.targetSeconds == null || goal.seconds === null
      ? undefined
      : Math.max(from, to - goal.seconds) + goal.targetSeconds;
  const at = due === undefined || due > wallSeconds ? undefined : place(due, wallSeconds);
  const target =
    at === undefined ? undefined : html`<line class="target" x1="${at}" x2="${at}" y1="0" y2="18"/>`;
  return html`${target}<use href="#mark" class="${goal?.met === false ? 'late' : 'mark'}" x="${place(to, wallSeconds)}"/>`;
}

function laneTime({ kind, spans }: Lane): string {
  if (kind === 'milestone') return `at ${duration(Math.max(...spans.map(({ to }) => to)))}`;
  const seconds = duration(spans.reduce((sum, { from, to }) => sum + to - from, 0));
  const bad = spans.findLast(({ verdict }) => verdict !== 'ok');
  return bad === undefined ? seconds : `${bad.verdict}, ${seconds}`;
}

function spoken({ kind, critical, spans }: Lane): string {
  const [first] = spans;
  const from = first === undefined || kind === 'milestone' ? '' : `, from ${duration(first.from)}`;
  return ` (${kind}${critical ? ', on the critical path' : ''}${from})`;
}

function gapRow({ gaps, unattributedSeconds, wallSeconds }: Report): Html {
  const pieces = gaps
    .toSorted((a, b) => b.to - b.from - (a.to - a.from))
    .slice(0, mostGaps)
    .map(({ from, to }) => {
      const { x, width } = stretch(from, to, wallSeconds);
      return html`<rect class="none" x="${x}" y="4" width="${width}" height="10"/>`;
    });
  return html`<li><span class="n">unattributed</span><svg class="bar" aria-hidden="true"><use href="#grid"/>${pieces}</svg><span class="t">${duration(unattributedSeconds)}</span><span class="vh"> (seconds that no part explains)</span></li>
`;
}

interface Idle {
  readonly name: string;
  readonly why: string;
}

/** What the run was to do and has no time of, each with what is said of it. */
function neverRan({ layers, gates, milestones }: Report): Idle[] {
  return [
    ...[...layers, ...gates]
      .filter(({ started }) => started === null)
      .map((each) => ({
        name: each.name,
        why: each.verdict === 'skipped' ? 'never ran' : `never ran, ${each.verdict}`,
      })),
    ...milestones
      .filter(({ seconds }) => seconds === null)
      .map((each) => ({ name: each.name, why: 'not reached' })),
  ];
}

function idleRow({ name: of, why }: Idle): Html {
  return html`<li class="idle"><span class="n" title="${of}">${name(of)}</span><svg class="bar" aria-hidden="true"><use href="#grid"/></svg><span class="t">${why}</span></li>
`;
}

/** Only the signs that stand in this timeline. */
function key({ gaps }: Report, lanes: readonly Lane[]): Html {
  const has = (test: (lane: Lane) => boolean) => lanes.some(test);
  const broken = (lane: Lane) =>
    lane.kind !== 'milestone' && lane.spans.some(({ verdict }) => verdict !== 'ok');
  const box = (tone: string, y: number, height: number) =>
    html`<rect class="${tone}" x="1" y="${y}" width="20" height="${height}"/>`;
  const signs: readonly (readonly [boolean, Html, string])[] = [
    [has(({ critical }) => critical), box('path', 1, 12), 'on the critical path (bold)'],
    [
      has(({ critical, kind }) => !critical && (kind === 'layer' || kind === 'gate')),
      box('work', 2, 10),
      'another layer or gate',
    ],
    [
      has(({ kind }) => kind !== 'layer' && kind !== 'gate' && kind !== 'milestone'),
      box('part', 4, 6),
      'a part of the run',
    ],
    [has(broken), box('broken', 1, 12), 'failed (✕), cancelled or unfinished'],
    [
      has(({ kind }) => kind === 'milestone'),
      html`<use href="#mark" class="mark" x="11" y="-2"/>`,
      'milestone; hollow where late, dashed line: its target',
    ],
    [gaps.length > 0, box('none', 2, 10), 'no part explains it'],
  ];
  const items = signs
    .filter(([shown]) => shown)
    .map(([, sign, text]) => html`<li><svg aria-hidden="true">${sign}</svg>${text}</li>`);
  return html`<ul class="key" aria-label="Signs">${items}</ul>`;
}
