import type { Report } from '../schema.ts';
import { duration } from '../words.ts';
import { type Html, html, name } from './html.ts';
import { place } from './scale.ts';

type Milestone = Report['milestones'][number];

const most = 60;

/** Each milestone as a bar against its target. Empty where the castle has none. */
export function milestones(report: Report): Html | undefined {
  const shown = report.milestones.slice(0, most);
  if (shown.length === 0) return undefined;
  const end =
    Math.max(...shown.flatMap(({ seconds, targetSeconds }) => [seconds ?? 0, targetSeconds ?? 0])) * 1.02;
  const rest = report.milestones.length - shown.length;
  const from = report.fromNothing === undefined ? 'the tools were ready' : 'the destroy had ended';
  return html`<section><h2>Milestones</h2><p>From when ${from}; the dashed line is the target.</p>
<ul class="goals">${shown.map((each) => goal(each, end, report.drill?.rto[each.name] ?? undefined))}</ul>${rest === 0 ? '' : html`<p class="quiet">${rest} more stand in the report.</p>`}</section>`;
}

function goal(milestone: Milestone, end: number, rto: number | undefined): Html {
  const { name: of, seconds, targetSeconds, met } = milestone;
  const bar =
    seconds === null
      ? html`<rect class="broken" x="0" y="5" width="100%" height="8"/>`
      : html`<rect class="${met ? 'path' : 'broken'}" x="0" y="5" width="${place(seconds, end)}" height="8"/>`;
  const at = targetSeconds === null ? undefined : place(targetSeconds, end);
  const target =
    at === undefined ? undefined : html`<line class="target" x1="${at}" x2="${at}" y1="0" y2="18"/>`;
  return html`<li><h3>${name(of)}<span>${seconds === null ? 'not reached' : duration(seconds)}</span></h3><svg class="bar" aria-hidden="true">${bar}${target}</svg><p class="quiet">${spare(milestone)}${rto === undefined ? '' : `; ${duration(rto)} from gone (RTO)`}</p></li>`;
}

function spare({ seconds, targetSeconds, met }: Milestone): Html {
  if (targetSeconds === null) return html`no target`;
  const target = `target ${duration(targetSeconds)}`;
  if (seconds === null) return html`<span class="bad">missed</span>, ${target}`;
  const between = duration(Math.abs(targetSeconds - seconds));
  return met
    ? html`<span class="good">met</span>, ${target}, ${between} to spare`
    : html`<span class="bad">missed</span>, ${target}, ${between} late`;
}
