import type { Report } from '../schema.ts';
import { drillSection } from './drill.ts';
import { circumstances, whereTheTimeWent } from './facts.ts';
import { findings } from './findings.ts';
import { head, toneOf } from './head.ts';
import { headline } from './headline.ts';
import { cut, html, trusted } from './html.ts';
import { milestones } from './milestones.ts';
import type { Past } from './past.ts';
import { proofs } from './proofs.ts';
import { pageStyle, styleHash } from './style.ts';
import { timeline } from './timeline.ts';
import { iconColors } from './tokens.ts';
import { trend } from './trend.ts';

export interface PageInput {
  readonly report: Report;
  readonly past: Past;
  /** What people should know of the run and its report does not have. */
  readonly cautions: readonly string[];
}

/** Nothing is loaded from anywhere and nothing runs; the one style is named by its hash. */
const policy = `default-src 'none'; style-src '${styleHash}'; img-src data:; base-uri 'none'; form-action 'none'`;

/**
 * The run as one HTML file that needs nothing else. The same input makes the same bytes. All texts are literal and cut
 * where they are very long; what is left out is counted, so the page stays below 1.5 MiB whatever the run was.
 */
export function renderPage({ report, past, cautions }: PageInput): string {
  const tone = toneOf(report);
  const color = iconColors[tone === 'warn' ? 'idle' : tone];
  const icon = `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="${color}"/></svg>`)}`;
  const { markup } = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">${mark}
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">
<title>${cut(headline(report), 200)}</title><link rel="icon" href="${icon}">
<style>${trusted(pageStyle)}</style></head>
<body><a class="skip" href="#main">To the findings and the timeline</a>
${patterns}
${head(report)}
<main id="main">
${tone === 'good' ? milestones(report) : undefined}
${findings(report, cautions)}
${tone === 'good' ? undefined : milestones(report)}
${proofs(report)}
${timeline(report)}
${drillSection(report)}
${trend(report, past)}
<div class="pair">${whereTheTimeWent(report)}${circumstances(report)}</div>
</main>
<footer><p>Made by Phoenix from the report of run <code>${cut(report.run, 80)}</code>, ended ${report.ended}. Nothing here is loaded from elsewhere.</p></footer>
</body></html>
`;
  return markup;
}

/** By which a later run knows that what lies there is a page of Phoenix, and may be replaced. */
const mark = html`<meta name="generator" content="Phoenix">`;

const patterns = html`<svg class="defs" aria-hidden="true"><defs>
<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch" y2="6"/></pattern>
<pattern id="cross" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><line class="cross" y2="5"/></pattern>
<g id="mark"><path d="M0 2L7 9L0 16L-7 9Z"/></g><g id="fault" class="x"><path d="M-5 4L5 14M-5 14L5 4"/></g>
</defs></svg>`;
