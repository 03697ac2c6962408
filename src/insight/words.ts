import type { Report } from '../report/schema.ts';
import { duration } from '../report/words.ts';

/** What the ledger tells, as rows of a name and its words: the terminal and the job summary share them. */
export function insightRows(
  report: Report,
): { readonly name: string; readonly text: string; readonly bad?: boolean }[] {
  const { parallel, advice = [], comparison, budget, jobs } = report;
  const slack = slackText(report);
  const slowest = slowestText(report);
  return [
    ...(slack === undefined ? [] : [{ name: 'Slack', text: slack }]),
    ...(parallel === undefined ? [] : [{ name: 'Side by side', text: parallelText(parallel) }]),
    ...(slowest === undefined ? [] : [{ name: 'Slowest', text: slowest }]),
    ...(jobs === undefined ? [] : [{ name: 'Runners', text: jobsText(jobs) }]),
    ...(comparison === undefined ? [] : [{ name: 'Earlier runs', text: comparisonText(comparison) }]),
    ...(budget?.parts ?? []).map((part) => ({
      name: `Budget ${part.name}`,
      text: budgetText(part),
      bad: part.is === 'over',
    })),
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

/** What differs from the last runs, by how much; that nothing does, or that too few are known to tell. */
function comparisonText({ runs, parts }: NonNullable<Report['comparison']>): string {
  const other = parts.filter(({ is }) => is === 'slower' || is === 'faster');
  const each = other.map(({ kind, name, seconds, medianSeconds, runs: of, is }) => {
    const middle = medianSeconds ?? 0;
    const share = middle === 0 ? '' : `${Math.round((Math.abs(seconds - middle) / middle) * 100)} % `;
    const what = kind === 'total' ? 'the whole' : name;
    return `${what} ${share}${is} than the median of the last ${of} (${duration(middle)})`;
  });
  if (each.length > 0) return listed(each);
  if (parts.every(({ is }) => is === 'unknown'))
    return `${runs} that did the same ${runs === 1 ? 'is' : 'are'} known, too few to compare`;
  return runs === 0 ? 'nothing unusual in its parts' : `as the last ${runs} that did the same`;
}

function budgetText({ is, seconds, limitSeconds, reason }: NonNullable<Report['budget']>['parts'][number]) {
  if (is === 'unknown') return `not held: ${reason ?? ''}`;
  return `${duration(seconds ?? 0)} of ${duration(limitSeconds ?? 0)}${is === 'over' ? ', OVER' : ''}`;
}

/** What the jobs of a matrix waited for their runners, and what those took before the work began. */
function jobsText(jobs: NonNullable<Report['jobs']>): string {
  const known = jobs.filter(({ queueSeconds }) => queueSeconds !== null);
  if (known.length === 0) return 'not known: GitHub does not tell what the jobs waited for theirs';
  const sum = (of: (job: (typeof jobs)[number]) => number | null) =>
    duration(known.reduce((all, job) => all + (of(job) ?? 0), 0));
  const [longest] = known.toSorted((a, b) => (b.queueSeconds ?? 0) - (a.queueSeconds ?? 0));
  const most = longest === undefined ? '' : `, ${longest.name} ${duration(longest.queueSeconds ?? 0)}`;
  const rest = jobs.length === known.length ? '' : `; of ${jobs.length - known.length} more it is not known`;
  return `${known.length} ${known.length === 1 ? 'job' : 'jobs'} waited ${sum((job) => job.queueSeconds)} for one${most} the longest; setting up took ${sum((job) => job.setupSeconds)}${rest}`;
}
