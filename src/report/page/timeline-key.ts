import type { Lane } from '../lanes.ts';
import type { Act } from './acts.ts';
import { type Html, html } from './html.ts';
import { wasDestroyed } from './timeline-bars.ts';

/** Only the signs that stand in this timeline. */
export function key({ report, raisedAt }: Act, lanes: readonly Lane[]): Html {
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
      has((lane) => lane.spans.some((span) => wasDestroyed(span, raisedAt))),
      box('ruin', 3, 8),
      'the destroy of a layer',
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
    [report.gaps.length > 0, box('none', 2, 10), 'no part explains it'],
  ];
  const items = signs
    .filter(([shown]) => shown)
    .map(([, sign, text]) => html`<li><svg aria-hidden="true">${sign}</svg>${text}</li>`);
  return html`<ul class="key" aria-label="Signs">${items}</ul>`;
}
