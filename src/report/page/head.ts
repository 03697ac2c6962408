import type { Report } from '../schema.ts';
import { affectedText, fromNothingText } from '../words.ts';
import { failureBody, failureSource, failureTitle, leadOf } from './failure.ts';
import { figures, type Tone } from './figures.ts';
import { course, headline } from './headline.ts';
import { cut, type Html, html } from './html.ts';
import { dateText } from './scale.ts';

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

/** The verdict in words; where it is bad, the cause and the next move; then the figures that are asked for first. */
export function head(report: Report): Html {
  const { run, mode, started, drill } = report;
  const tone = toneOf(report);
  const more = [
    course(report),
    drill === undefined ? fromNothingText(report) : undefined,
    affectedText(report.affected),
  ].filter((text) => text !== undefined);
  return html`<header><div class="verdict"><svg class="${tone}" viewBox="0 0 24 24" aria-hidden="true">${signs[tone]}</svg><div>
<h1>${cut(headline(report), 300)}</h1>
${more.map((text) => html`<p>${cut(text, 600)}</p>`)}<p class="quiet">${drill === undefined ? '' : 'Drill, '}${dateText(started)}, ${modes[mode]}, run <code>${cut(run, 80)}</code></p>
</div></div>${lead(report, tone)}${figures(report)}</header>`;
}

/** What decided a bad end, and what to do: all else on the page can wait. */
function lead(report: Report, tone: Tone): Html | undefined {
  const failure = leadOf(report);
  if (failure === undefined) return undefined;
  return html`<section class="lead ${tone}"><h2>${failureTitle(failure)}</h2>${failureBody(failure)}<p class="quiet">${failureSource(failure)}</p></section>`;
}
