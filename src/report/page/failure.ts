import type { Report } from '../schema.ts';
import { shownFailures } from '../words.ts';
import { cut, type Html, html, name } from './html.ts';

const longest = { what: 1_000, why: 8_000, next: 1_000, line: 400 } as const;

type Failure = Report['failures'][number];

/** The error that decided a bad end and stands above all else; undefined where the run ended well. */
export function leadOf(report: Report): Failure | undefined {
  return report.verdict === 'failed' || report.verdict === 'cancelled' ? shownFailures(report)[0] : undefined;
}

/** Every other error of the run. */
export function othersOf(report: Report): Failure[] {
  return shownFailures(report).slice(leadOf(report) === undefined ? 0 : 1);
}

export function failureTitle({ what }: Failure): Html {
  return html`${cut(what, longest.what)}`;
}

export function failureSource({ code, name: of }: Failure): Html {
  return html`<code>${cut(code, 80)}</code> in ${name(of)}`;
}

/** The cause, the next move, and the last lines of what failed. */
export function failureBody({ why, next, tail }: Failure): Html {
  return html`${why.trim() === '' ? '' : html`<pre>${cut(why.trim(), longest.why)}</pre>`}<p class="next">Next: ${cut(next, longest.next)}</p>${tailOf(tail)}`;
}

function tailOf(tail: readonly string[]): Html | undefined {
  if (tail.length === 0) return undefined;
  const lines = tail.map((line) => cut(line, longest.line)).join('\n');
  return html`<details><summary>${tail.length === 1 ? 'Its last line' : `Its last ${tail.length} lines`}</summary><pre>${lines}</pre></details>`;
}
