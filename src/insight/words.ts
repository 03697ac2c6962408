import type { Report } from '../report/schema.ts';
import { duration } from '../report/words.ts';

/** What the ledger tells, as rows of a name and its words: the terminal and the job summary share them. */
export function insightRows(report: Report): { readonly name: string; readonly text: string }[] {
  const { parallel, advice = [] } = report;
  const slack = slackText(report);
  const slowest = slowestText(report);
  return [
    ...(slack === undefined ? [] : [{ name: 'Slack', text: slack }]),
    ...(parallel === undefined ? [] : [{ name: 'Side by side', text: parallelText(parallel) }]),
    ...(slowest === undefined ? [] : [{ name: 'Slowest', text: slowest }]),
    ...advice.map((text, index) => ({ name: index === 0 ? 'To be faster' : '', text })),
  ];
}

const mostShown = 5;
/** Less than people or the next run could tell from none. */
const leastSlack = 0.1;

/** Who could take longer before the end moves, the most first; undefined where nobody could. */
function slackText({ slack = [] }: Report): string | undefined {
  const free = slack
    .filter(({ seconds }) => seconds >= leastSlack)
    .toSorted((a, b) => b.seconds - a.seconds)
    .map(({ name, seconds }) => `${name} ${duration(seconds)}`);
  return free.length === 0 ? undefined : `before the end moves: ${listed(free)}`;
}

function slowestText({ slowest = [] }: Report): string | undefined {
  const each = slowest.map(
    ({ layer, address, action, seconds }) => `${address} of ${layer} ${duration(seconds)} (${action})`,
  );
  return each.length === 0 ? undefined : listed(each);
}

function parallelText({ sequentialSeconds, wallSeconds, savedSeconds }: NonNullable<Report['parallel']>) {
  const less = savedSeconds >= 0 ? 'less' : 'more';
  return `${duration(wallSeconds)}, ${duration(Math.abs(savedSeconds))} ${less} than one after another (${duration(sequentialSeconds)})`;
}

function listed(texts: readonly string[]): string {
  const left = texts.length - mostShown;
  return [...texts.slice(0, mostShown), ...(left > 0 ? [`${left} more`] : [])].join(', ');
}
