import type { Report } from '../report/schema.ts';
import { adviceOf } from './advice.ts';
import { slackOf } from './slack.ts';
import { timedOf } from './timed-nodes.ts';

type Books = Pick<Report, 'started' | 'layers' | 'gates' | 'spans' | 'criticalPath' | 'slowest'>;

/**
 * What a report's own figures tell: slack, what ran side by side, what would make it faster. Nothing where nothing ran.
 * `stages`: the layers and gates of a matrix by stage.
 */
export function insightOf(
  report: Books,
  stages: readonly (readonly string[])[] = [],
): Pick<Report, 'slack' | 'parallel' | 'advice'> {
  const timed = timedOf(report, stages);
  const nodes = timed.nodes.filter(({ kind }) => kind !== 'stage');
  if (nodes.length === 0) return {};
  const slack = slackOf(timed);
  const sequential = nodes.reduce((sum, { started, ended }) => sum + ended - started, 0);
  const wall =
    Math.max(...nodes.map(({ ended }) => ended)) - Math.min(...nodes.map(({ started }) => started));
  return {
    slack: slack.map(({ node, seconds, milestones }) => ({
      name: node.name,
      kind: node.kind === 'gate' ? ('gate' as const) : ('layer' as const),
      seconds: rounded(seconds),
      milestones: Object.fromEntries(
        [...milestones].map(([name, least]) => [name, least === null ? null : rounded(least)]),
      ),
    })),
    parallel: {
      sequentialSeconds: rounded(sequential),
      wallSeconds: rounded(wall),
      savedSeconds: rounded(sequential - wall),
    },
    advice: adviceOf(timed, slack, report),
  };
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
