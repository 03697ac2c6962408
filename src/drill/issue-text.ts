import { createPage, literal, preformatted } from '../report/markdown.ts';
import type { Report } from '../report/schema.ts';
import { duration, shownFailures } from '../report/words.ts';
import type { Entry } from './entries.ts';
import type { Drill, Trend } from './schema.ts';

/** GitHub takes 65,536 characters of a body; what is written around this one must fit too. */
const limitBytes = 60_000;
const longestCause = 4_000;
const shownEarlier = 10;

/** The diagnosis of a failed drill, for the body of its issue. Text from outside is literal. */
export function failureText(
  report: Report,
  drill: Drill,
  { url, earlier }: { readonly url: string; readonly earlier: readonly Entry[] },
): string {
  const page = createPage(limitBytes);
  page.add(
    `**The drill of ${literal(report.castle)} fails**: ended ${literal(report.ended)}${url === '' ? '' : `, [its run](${url})`}, score ${drill.score}.`,
  );
  page.add(lastGoodText(drill.trend));
  for (const why of drill.why) page.add(`- ${literal(why)}`);
  for (const { name, code, what, why, next } of shownFailures(report)) {
    const cause = why.length > longestCause ? `${why.slice(0, longestCause)} … (shortened)` : why;
    page.add(
      `### ${literal(code)} in ${literal(name)}\n\n${literal(what)}\n\n${preformatted(cause)}\n\n**Next:** ${literal(next)}`,
    );
  }
  const rows = earlier
    .filter(({ run, verdict }) => run !== report.run && verdict === 'failed')
    .slice(-shownEarlier)
    .toReversed()
    .map(({ endedAt, error }) => [new Date(endedAt).toISOString(), literal(error ?? '')]);
  page.table(['Failed before', 'Error'], rows);
  return page.text((leftOut) => `${leftOut} parts are left out: all of it is in the report.`);
}

/** The figures of a good drill, for the last comment of its issue. */
export function goodText({ ended, castle }: Report, drill: Drill, url: string): string {
  const rto = Object.entries(drill.rto).map(
    ([name, seconds]) => `${literal(name)} ${seconds === null ? '-' : duration(seconds)}`,
  );
  const rpo = drill.rpoSeconds === null ? '' : `, RPO ${duration(drill.rpoSeconds)}`;
  return `The drill of ${literal(castle)} is good again: ended ${literal(ended)}${url === '' ? '' : `, [its run](${url})`}. RTO ${rto.join(', ') || 'not measured'}${rpo}, score ${drill.score}.`;
}

/** What an overdue drill says. */
export function overdueText(castle: string, trend: Pick<Trend, 'lastGood'>, everySeconds: number): string {
  return [
    `**No good drill of ${literal(castle)} for longer than ${duration(everySeconds)}.** ${lastGoodText(trend)}`,
    'Either drills fail, or they do not run: GitHub turns schedules off after 60 days without activity, and a runner may be gone. See docs/drill.md.',
  ].join('\n\n');
}

function lastGoodText(trend: Pick<Trend, 'lastGood'> | null): string {
  if (trend === null) return 'When the last good one was is not known: no history could be read.';
  return trend.lastGood === null
    ? 'There was no good one so far.'
    : `The last good one ended ${literal(trend.lastGood.ended)}.`;
}
