import type { Report } from '../schema.ts';
import { affectedText, duration, fromNothingText, leaksText, percent, verdictText } from '../words.ts';
import type { Drill } from './extras.ts';
import { cut, type Html, html } from './html.ts';
import { dateText } from './scale.ts';

export type Tone = 'good' | 'bad' | 'warn';

/** How the run ended, as one look is to see it. */
export function toneOf({ verdict }: Report): Tone {
  return verdict === 'failed' ? 'bad' : verdict === 'cancelled' ? 'warn' : 'good';
}

const signs: Readonly<Record<Tone, Html>> = {
  good: html`<circle cx="12" cy="12" r="10"/><path d="M7.5 12.5l3 3 6-6.5"/>`,
  bad: html`<circle cx="12" cy="12" r="10"/><path d="M8.5 8.5l7 7m0-7l-7 7"/>`,
  warn: html`<circle cx="12" cy="12" r="10"/><path d="M7.5 12h9"/>`,
};

const modes = {
  job: 'in one job',
  matrix: 'in a matrix of jobs',
  rehearsal: 'a rehearsal in the box',
} as const;

/** The verdict in words and the figures that are asked for first. */
export function head(report: Report, drill: Drill | undefined): Html {
  const { run, mode, started } = report;
  const tone = toneOf(report);
  const more = [fromNothingText(report), affectedText(report.affected)].filter((text) => text !== undefined);
  return html`<header><div class="verdict"><svg class="${tone}" viewBox="0 0 24 24" aria-hidden="true">${signs[tone]}</svg><div>
<h1>${cut(verdictText(report), 300)}</h1>
<p class="quiet">${dateText(started)}, ${modes[mode]}, run <code>${cut(run, 80)}</code></p>${more.map((text) => html`<p class="quiet">${cut(text, 600)}</p>`)}
</div></div><dl class="figures">${[...figures(report), ...drillFigures(drill)].map(figure)}</dl></header>`;
}

interface Figure {
  readonly title: string;
  readonly value: string;
  readonly more?: string;
  readonly tone?: Tone | undefined;
}

function figure({ title, value, more, tone }: Figure): Html {
  return html`<div><dt>${title}</dt><dd>${value}</dd>${more === undefined ? undefined : html`<dd class="${tone ?? ''}">${more}</dd>`}</div>`;
}

function figures(report: Report): Figure[] {
  const {
    wallSeconds,
    criticalPathSeconds,
    unattributedSeconds,
    unattributedLimit,
    milestones,
    layers,
    leaks,
  } = report;
  const share = (part: number) => percent(wallSeconds === 0 ? 0 : part / wallSeconds);
  const over = unattributedSeconds > wallSeconds * unattributedLimit;
  const met = milestones.filter((each) => each.met).length;
  const retries = layers.reduce((sum, each) => sum + each.retries, 0);
  const ran = layers.filter(({ started }) => started !== null).length;
  return [
    { title: 'Wall clock', value: duration(wallSeconds) },
    {
      title: 'Critical path',
      value: duration(criticalPathSeconds),
      more: `${share(criticalPathSeconds)} of the run`,
    },
    {
      title: 'Unattributed',
      value: duration(unattributedSeconds),
      more: `${share(unattributedSeconds)}, ${over ? 'over' : 'within'} ${percent(unattributedLimit)}`,
      tone: over ? 'warn' : undefined,
    },
    {
      title: 'Layers',
      value: `${ran} of ${layers.length}`,
      more: retries === 0 ? 'ran, no retry' : `ran, ${retries} retries`,
      tone: retries === 0 ? undefined : 'warn',
    },
    {
      title: 'Milestones',
      value: milestones.length === 0 ? 'none' : `${met} of ${milestones.length}`,
      more: milestones.length === 0 ? 'are set' : 'met',
      tone: met < milestones.length ? 'bad' : undefined,
    },
    {
      title: 'Leaks',
      value: leaks.checked === 0 ? '?' : String(leaks.found.length),
      more: leaksText(report),
      tone: leaks.found.length > 0 ? 'bad' : leaks.checked === 0 ? 'warn' : undefined,
    },
  ];
}

function drillFigures(drill: Drill | undefined): Figure[] {
  if (drill === undefined) return [];
  const { score, streak, rpoSeconds } = drill;
  return [
    ...(score == null ? [] : [{ title: 'Drill score', value: `${score}`, more: 'of 100' }]),
    ...(streak == null ? [] : [{ title: 'Streak', value: `${streak}`, more: 'good drills in a row' }]),
    ...(rpoSeconds == null
      ? []
      : [{ title: 'RPO', value: duration(rpoSeconds), more: 'of rows lost at most' }]),
  ];
}
