import type { Leak } from '../vault/audit.ts';
import { createFinder } from '../vault/audit-finder.ts';
import { leakError } from '../vault/leak-error.ts';
import { mask } from '../vault/mask.ts';
import { pageStyle } from './page/style.ts';
import { type Report, reportSchema } from './schema.ts';
import { renderSummary } from './summary.ts';
import { renderTerminal } from './terminal.ts';

type Secrets = ReadonlyMap<string, string>;

/** Looks for the secrets in all that is made of a report, before it is written: these come after the run's own audit. Of the `page` its style is left out, which is the same in each. */
export function leaksInReport(report: Report, secrets: Secrets, page?: string): Leak[] {
  const finder = createFinder(secrets);
  const texts = {
    'the report': JSON.stringify(report, undefined, 2),
    'what the run printed at its end': renderTerminal(report, { color: false, width: 1000 }),
    'the summary': renderSummary(report),
    ...(page === undefined ? {} : { 'the page': page.replace(pageStyle, '') }),
  };
  return Object.entries(texts).flatMap(([place, text]) => {
    const bytes = Buffer.from(text);
    return [...finder.find(bytes, bytes.length)].map((form) => ({ ...form, place }));
  });
}

/** What the report says where leaks were found after it was made; `found` has at least one. */
export function withLeaks(report: Report, found: readonly Leak[]): Report {
  const { code, what, why, next } = leakError(found);
  return {
    ...report,
    verdict: 'failed',
    error: { code, what, why, next },
    leaks: { checked: report.leaks.checked, found: [...report.leaks.found, ...found] },
  };
}

/**
 * The report without the texts that hold a secret in a form that the redactor does not know. Where it would then be no
 * report any more, it stays as it is: it has said already that it holds one.
 */
export function withheld(report: Report, secrets: Secrets): Report {
  const finder = createFinder(secrets);
  const clean = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(clean);
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, clean(each)]));
    if (typeof value !== 'string') return value;
    const bytes = Buffer.from(value);
    return [...finder.find(bytes, bytes.length)].length === 0 ? value : mask;
  };
  return reportSchema.safeParse(clean(report)).data ?? report;
}
