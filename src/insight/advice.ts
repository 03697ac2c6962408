import type { Report } from '../report/schema.ts';
import { duration } from '../report/words.ts';
import { endOf, gainOf, type Slack } from './slack.ts';
import type { Timed, TimedNode } from './timed-nodes.ts';

/** Below this share of the run nothing is worth a sentence. */
const worthSaying = 0.05;

/**
 * What would make the run faster, in two or three plain sentences; none where it has no layer. What holds the end comes
 * first: a layer of the critical path, or the wait for a milestone behind the last layer; then what is on no path.
 */
export function adviceOf(
  timed: Timed,
  slack: readonly Slack[],
  { criticalPath, slowest = [] }: Pick<Report, 'criticalPath' | 'slowest'>,
): string[] {
  const end = endOf(timed);
  const path = new Set(criticalPath);
  const onPath = timed.nodes.filter(({ name }) => path.has(name));
  const [longest] = onPath.toSorted((a, b) => secondsOf(b) - secondsOf(a));
  if (longest === undefined || end === 0) return [];
  const work = onPath.reduce((sum, node) => sum + secondsOf(node), 0);
  const behind = waitBehind(timed);
  const holds = holdingText(timed, longest, work, slowest);
  const waits = behind === undefined || behind.seconds < worthSaying * end ? [] : [behind];
  const first = [
    { seconds: secondsOf(longest), text: holds },
    ...waits.map(({ seconds, text }) => ({ seconds, text })),
  ].toSorted((a, b) => b.seconds - a.seconds);
  return [...first.map(({ text }) => text), ...offPathText(slack, end)];
}

function holdingText(
  timed: Timed,
  node: TimedNode,
  work: number,
  slowest: NonNullable<Report['slowest']>,
): string {
  const seconds = secondsOf(node);
  const share = work === 0 ? 0 : Math.round((seconds / work) * 100);
  const inside = slowest.find(({ layer }) => node.kind === 'layer' && layer === node.name);
  const part =
    inside === undefined || inside.seconds < seconds / 4
      ? ''
      : `, ${duration(inside.seconds)} of it ${inside.address}`;
  const gain = gainOf(timed, node.id);
  // What else runs beside it comes up to the end as soon as it gets shorter.
  const most = gain < seconds * 0.9 ? `; no more than ${duration(gain)} can be won there` : '';
  return `${node.name} holds ${share} % of the critical path (${duration(seconds)})${part}${most}.`;
}

/** The milestone that came last of all, and how long behind everything that it could have waited for. */
function waitBehind({
  nodes,
  reached,
}: Timed): { readonly seconds: number; readonly text: string } | undefined {
  const [last] = reached.toSorted((a, b) => b.at - a.at);
  if (last === undefined) return undefined;
  const before = nodes
    .filter(({ id, kind }) => kind !== 'stage' && last.behind.includes(id))
    .reduce<TimedNode | undefined>((a, b) => (a === undefined || b.ended > a.ended ? b : a), undefined);
  if (before === undefined || before.ended < Math.max(...nodes.map(({ ended }) => ended))) return undefined;
  const seconds = last.at - before.ended;
  return {
    seconds,
    text: `${last.name} came ${duration(seconds)} behind ${before.name}, the last that ended before it: what the cluster does in that time decides, no layer.`,
  };
}

function offPathText(slack: readonly Slack[], end: number): string[] {
  const large = slack.filter(({ node }) => node.kind === 'layer' && secondsOf(node) >= worthSaying * end);
  const off = new Map<string, string[]>();
  for (const { node, milestones } of large) {
    const names = [...milestones].filter(([, seconds]) => seconds === null).map(([name]) => name);
    if (names.length > 0) off.set(names.join(' and '), [...(off.get(names.join(' and ')) ?? []), node.name]);
  }
  const texts = [...off].map(
    ([milestones, layers]) =>
      `${layers.join(', ')} ${layers.length === 1 ? 'is' : 'are'} off the path of ${milestones}.`,
  );
  if (texts.length > 0) return texts.slice(0, 1);
  const free = large
    .filter(({ seconds }) => seconds >= worthSaying * end)
    .toSorted((a, b) => b.seconds - a.seconds);
  const [most] = free;
  return most === undefined
    ? []
    : [
        `${most.node.name} is off the critical path: ${duration(most.seconds)} longer would not move the end.`,
      ];
}

function secondsOf({ started, ended }: TimedNode): number {
  return ended - started;
}
