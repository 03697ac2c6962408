import type { Castle } from '../castle/load.ts';
import type { CommandResult } from '../commands/result.ts';
import type { Edge } from '../edge.ts';
import { PhoenixError } from '../errors.ts';
import { jobToken, openGitHub } from '../github/api.ts';
import { keepFiles, readHistory } from '../github/history.ts';
import { keepIssue } from '../github/issue.ts';
import { duration } from '../report/words.ts';
import { readEntries } from './entries.ts';
import { openFolder } from './folder.ts';
import { overdueText } from './issue-text.ts';
import { badgeFiles } from './record.ts';
import type { Trend } from './schema.ts';
import { trendOf } from './trend.ts';

/**
 * The dead man's switch: fails where the last good drill is too old, however that came. It reads the history alone, so it
 * can run where the drill does not; with `branch` that on GitHub, whose badge is drawn again.
 */
export async function watchDrills(castle: Castle, edge: Edge, branch: boolean): Promise<CommandResult> {
  const now = Date.now();
  const github = branch ? await openGitHub(edge, jobToken(edge.env)) : undefined;
  const lines =
    github === undefined
      ? await openFolder(castle, edge.env).read()
      : await readHistory(github, castle.report.history, castle.name);
  const trend = trendOf(readEntries(lines, castle.name, now));
  const error = overdue(castle, trend, now);
  const cautions: string[] = [];
  const tried = async (step: () => Promise<void>) => {
    await step().catch((thrown: unknown) => {
      const text =
        thrown instanceof PhoenixError ? `${thrown.what} ${thrown.why} ${thrown.next}` : String(thrown);
      edge.log.warn(text);
      cautions.push(text);
    });
  };
  if (github !== undefined) {
    await tried(() => keepFiles(github, castle.report.history, castle.name, badgeFiles(castle, lines, now)));
    const body = overdueText(castle.name, trend, castle.drill.everySeconds);
    // A day's looks are one word: the issue is brought up to date, and nobody is told by the hour.
    const key = `overdue-${new Date(now).toISOString().slice(0, 10)}`;
    if (error !== undefined && castle.drill.issue)
      await tried(() => keepIssue(github, castle.name, { kind: 'failed', key, body }));
  }
  const last = trend.lastGood === null ? 'there was none so far' : `it ended ${trend.lastGood.ended}`;
  const text =
    error === undefined
      ? `The last good drill of ${castle.name} is young enough: ${last}.`
      : `${error.what} ${error.why}`;
  return {
    exitCode: error?.exitCode ?? 0,
    json: {
      castle: castle.name,
      overdue: error !== undefined,
      everySeconds: castle.drill.everySeconds,
      trend,
    },
    text: () => text,
    summary: `## ${error === undefined ? '✅' : '❌'} ${text}\n`,
    outputs: { verdict: error === undefined ? 'verified' : 'failed', 'error-code': error?.code ?? '' },
    ...(error === undefined ? {} : { error }),
    cautions,
  };
}

/** What is wrong where the last good drill is older than it may be; undefined where it is not. */
export function overdue(
  castle: Pick<Castle, 'name' | 'drill'>,
  { lastGood, failedInARow }: Trend,
  now: number,
): PhoenixError | undefined {
  const { everySeconds } = castle.drill;
  const age = lastGood === null ? Number.POSITIVE_INFINITY : (now - Date.parse(lastGood.ended)) / 1000;
  if (age <= everySeconds) return undefined;
  const since =
    lastGood === null
      ? 'None was good so far'
      : `The last good one ended ${lastGood.ended}, ${duration(age)} ago`;
  return new PhoenixError({
    code: 'PHX-DRILL-OVERDUE',
    class: 'verify',
    what: `No good drill of ${castle.name} for longer than ${duration(everySeconds)}.`,
    why: `${since}; failed since then: ${failedInARow}.`,
    next: 'See why drills fail or do not run: the last runs of the workflow, whether its schedule is turned off, whether a runner is there. docs/drill.md says more.',
  });
}
