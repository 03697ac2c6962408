import type { Milestone } from '../castle/milestones.ts';
import type { Probe } from '../castle/probes.ts';
import { lastSeenText } from '../cluster/last-seen.ts';
import { PhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Held, hold } from './hold.ts';
import { lookerOf, type ProbeContext, subjectOf } from './lookers.ts';
import { moveFor } from './moves.ts';
import { type ProbeResult, resultOf } from './result.ts';

export interface MilestoneContext extends ProbeContext {
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Seconds since the tools were ready. */
  readonly elapsed: () => number;
  readonly onResult: (result: ProbeResult) => void;
}

/** How much longer than its target a milestone is waited for, so that a slow castle is told from a dead one. */
const patience = 2;
const everyMs = 500;

/** Waits until every probe passes; returns the seconds since the tools were ready. Throws what the probes lacked. */
export async function reachMilestone(
  { name, withinSeconds, all }: Omit<Milestone, 'all'> & { readonly all: readonly Probe[] },
  context: MilestoneContext,
): Promise<number> {
  const limit = Math.max(1, withinSeconds * patience - context.elapsed());
  const missed = new AbortController();
  const failed: Missed[] = [];
  const reach = async (probe: Probe) => {
    const subject = subjectOf(probe);
    const held = await hold(lookerOf(probe, context), {
      passes: probe.passes ?? 1,
      everyMs,
      seconds: Math.min(limit, probe.withinSeconds ?? limit),
      until: missed.signal,
      signal: context.signal,
      onChange: (seen) => context.log.from(name, seen),
    });
    context.onResult(resultOf(`${name}: ${subject}`, probe.kind, held));
    if (held.passed) return;
    failed.push({ probe, subject, held });
    missed.abort();
  };
  await Promise.all(all.map(reach));
  const [first, ...others] = speaking(failed);
  if (first !== undefined) throw notReached(name, first, others);
  return context.elapsed();
}

interface Missed {
  readonly probe: Probe;
  readonly subject: string;
  readonly held: Held;
}

/** One that will not come by itself speaks for all; else each says what it saw, those first that look at one thing only. */
function speaking(failed: readonly Missed[]): readonly Missed[] {
  const final = failed.find(({ held }) => held.final);
  return final === undefined ? failed.toSorted((one, other) => breadth(one) - breadth(other)) : [final];
}

/** Kustomizations are held back by whatever is wrong in the cluster. */
const breadth = ({ probe }: Missed) =>
  probe.kind === 'kustomizations' ? 2 : probe.kind === 'kustomization' ? 1 : 0;

function notReached(
  milestone: string,
  { probe, subject, held }: Missed,
  others: readonly Missed[],
): PhoenixError {
  const seen = [held, ...others.map((each) => each.held)].map(({ lastSeen }) => lastSeen.replace(/\.$/, ''));
  const move = held.trouble === undefined ? undefined : moveFor(held.trouble);
  const ofCluster = probe.kind === 'kustomization' || probe.kind === 'kustomizations';
  return new PhoenixError({
    code: 'PHX-VERIFY-MILESTONE',
    class: ofCluster ? 'cluster' : 'verify',
    what: held.final
      ? `Milestone ${milestone}: ${subject} will not come by itself.`
      : `Waited ${Math.round(held.seconds)} s for milestone ${milestone}: ${subject}.`,
    why: lastSeenText(seen.join('. ')),
    next:
      move?.next ??
      'Look at the object and its events with kubectl describe; mend the cause, then run again.',
  });
}
