import { type Lane, lanesOf } from './lanes.ts';
import type { Report } from './schema.ts';

/** GitHub refuses to draw a diagram whose source is longer than 50,000 characters (mermaid's maxTextSize). */
const mostCharacters = 48_000;
const mostLanes = 120;

/**
 * The timeline as a Mermaid gantt. Times are milliseconds since the run's start, read as such by `dateFormat x`;
 * `crit` marks the critical path. Undefined where there is nothing to draw.
 */
export function renderGantt(report: Report): string | undefined {
  const head = ['gantt', '  dateFormat x', '  axisFormat %M:%S'];
  const lines: string[] = [];
  let left = mostCharacters - head.join('\n').length;
  for (const lane of lanesOf(report, mostLanes)) {
    for (const line of [`  section ${named(lane.name)}`, ...lane.spans.map((span) => task(lane, span))]) {
      left -= line.length + 1;
      if (left < 0) return [...head, ...lines].join('\n');
      lines.push(line);
    }
  }
  return lines.length === 0 ? undefined : [...head, ...lines].join('\n');
}

function task({ kind, critical }: Lane, { name, from, to, verdict }: Lane['spans'][number]): string {
  const label = `${named(name)}${verdict === 'ok' ? '' : ` (${verdict})`}`;
  const at = Math.round((kind === 'milestone' ? to : from) * 1000);
  if (kind === 'milestone') return `  ${label} :milestone, ${at}, 0ms`;
  const tags = critical ? 'crit, ' : '';
  return `  ${label} :${tags}${at}, ${Math.max(1, Math.round((to - from) * 1000))}ms`;
}

/** Mermaid has no escape for its own marks (`:`, `;`, `#`, `%%`, a keyword at the start): only tame characters stay. */
function named(name: string): string {
  const tame = name
    .replaceAll(/[^\p{L}\p{N} ._/-]+/gu, ' ')
    .trim()
    .slice(0, 60);
  if (tame === '') return 'unnamed';
  return keyword.test(tame) ? `${tame[0]}\u2060${tame.slice(1)}` : tame;
}

const keyword =
  /^(section|title|dateFormat|axisFormat|tickInterval|inclusiveEndDates|topAxis|excludes|includes|todayMarker|weekday|weekend|click|accTitle|accDescr|gantt|call|href)\b|^\d{4}-/i;
