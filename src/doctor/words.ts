import { logLine } from '../report/printable.ts';
import { type Status, statuses } from './check.ts';
import type { Examined } from './examine.ts';

export type Counts = Readonly<Record<Status, number>>;

export function countsOf(examined: readonly Examined[]): Counts {
  const count = (wanted: Status) => examined.filter(({ status }) => status === wanted).length;
  return { ok: count('ok'), warning: count('warning'), failed: count('failed'), skipped: count('skipped') };
}

/** A line a check; below it its findings and, for what is not well, why it matters and the next move. */
export function shownChecks(examined: readonly Examined[]): string[] {
  const width = Math.max(...examined.map(({ id }) => id.length));
  const indent = ' '.repeat(width + 9);
  const line = (text: string) => logLine(text).replaceAll(/ +/g, ' ');
  return examined.flatMap(({ id, status, saw, why, next, findings = [] }) => [
    `${id.padEnd(width)} ${status.padEnd(7)} ${line(saw)}`,
    ...findings.flatMap((found) => [
      `${indent}${line(`${found.file}:${found.line}:${found.column}`)} ${found.severity} ${found.rule}`,
      `${indent}  ${line(found.what)}`,
      `${indent}  why: ${line(found.why)}`,
      `${indent}  fix: ${line(found.fix)}`,
    ]),
    ...(status === 'warning' || status === 'failed' ? [`${indent}why:  ${line(why)}`] : []),
    ...(status === 'ok' || next === undefined ? [] : [`${indent}next: ${line(next)}`]),
  ]);
}

/** `14 ok, 1 warning, 0 failed, 2 skipped` */
export function shownCounts(counts: Counts): string {
  return statuses.map((status) => `${counts[status]} ${status}`).join(', ');
}
