import type { Lane } from '../lanes.ts';
import type { Report } from '../schema.ts';
import type { Act } from './acts.ts';
import { type Html, html } from './html.ts';
import { place, stretch } from './scale.ts';

const mostPieces = 60;
const mostGaps = 200;

type Span = Lane['spans'][number];

/** Layers end a little before the next begins; what is rounded must not count as the other life. */
const rounding = 0.005;

/** Whether in this span a layer was destroyed, and not raised. */
export function wasDestroyed({ kind, to }: Span, raisedAt: number): boolean {
  return kind === 'layer' && to <= raisedAt + rounding;
}

/** What stands in the lane, by the act's clock. */
export function bars(lane: Lane, { report, raisedAt }: Act): Html[] {
  const whole = report.wallSeconds;
  if (lane.kind === 'milestone')
    return lane.spans.slice(0, mostPieces).map((span) => milestoneMark(span, report));
  const tone = lane.critical ? 'path' : lane.kind === 'layer' || lane.kind === 'gate' ? 'work' : 'part';
  const [top, height] = lane.critical ? [2, 14] : lane.kind === 'layer' ? [4, 10] : [6, 6];
  return lane.spans.slice(0, mostPieces).map((span) => {
    const { from, to, verdict } = span;
    const { x, width } = stretch(from, to, whole);
    if (verdict === 'ok' && wasDestroyed(span, raisedAt))
      return html`<rect class="ruin" x="${x}" y="5" width="${width}" height="8"/>`;
    const bar = html`<rect class="${verdict === 'ok' ? tone : 'broken'}" x="${x}" y="${top}" width="${width}" height="${height}"/>`;
    return verdict === 'failed' ? html`${bar}<use href="#fault" x="${place(to, whole)}"/>` : bar;
  });
}

/** A milestone counts from when the tools were ready, so its target does as well. */
function milestoneMark({ name: of, from, to, verdict }: Span, { milestones, wallSeconds }: Report): Html {
  const goal = milestones.find((each) => each.name === of);
  const due =
    goal?.targetSeconds == null || goal.seconds === null
      ? undefined
      : Math.max(from, to - goal.seconds) + goal.targetSeconds;
  const at = due === undefined || due > wallSeconds ? undefined : place(due, wallSeconds);
  const target =
    at === undefined ? undefined : html`<line class="target" x1="${at}" x2="${at}" y1="0" y2="18"/>`;
  if (verdict !== 'ok') return html`${target}<use href="#fault" x="${place(to, wallSeconds)}"/>`;
  return html`${target}<use href="#mark" class="${goal?.met === false ? 'late' : 'mark'}" x="${place(to, wallSeconds)}"/>`;
}

/** The seconds that no span explains. */
export function gapBars({ gaps, wallSeconds }: Report): Html[] {
  return gaps
    .toSorted((a, b) => b.to - b.from - (a.to - a.from))
    .slice(0, mostGaps)
    .map(({ from, to }) => {
      const { x, width } = stretch(from, to, wallSeconds);
      return html`<rect class="none" x="${x}" y="4" width="${width}" height="10"/>`;
    });
}
