import type { Milestone } from '../castle/milestones.ts';
import type { Probe } from '../castle/probes.ts';
import { PhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Held, hold } from './hold.ts';
import { lookerOf, type ProbeContext, subjectOf } from './lookers.ts';
import { moveFor } from './moves.ts';
import { lastSeenText, type ProbeResult, resultOf } from './result.ts';

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

/** Waits until every probe passes; returns the seconds since the tools were ready. Throws what the last probe lacked. */
export async function reachMilestone(
  { name, withinSeconds, all }: Omit<Milestone, 'all'> & { readonly all: readonly Probe[] },
  context: MilestoneContext,
): Promise<number> {
  const limit = Math.max(1, withinSeconds * patience - context.elapsed());
  const missed = new AbortController();
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
    // The first that fails speaks for all: what the others saw last stands in their results.
    if (!held.passed) missed.abort(notReached(name, probe, subject, held));
  };
  await Promise.all(all.map(reach));
  missed.signal.throwIfAborted();
  return context.elapsed();
}

function notReached(milestone: string, probe: Probe, subject: string, held: Held): PhoenixError {
  const move = held.trouble === undefined ? undefined : moveFor(held.trouble);
  const ofCluster = probe.kind === 'kustomization' || probe.kind === 'kustomizations';
  return new PhoenixError({
    code: 'PHX-VERIFY-MILESTONE',
    class: ofCluster ? 'cluster' : 'verify',
    what: held.final
      ? `Milestone ${milestone}: ${subject} will not come by itself.`
      : `Waited ${Math.round(held.seconds)} s for milestone ${milestone}: ${subject}.`,
    why: lastSeenText(held),
    next:
      move?.next ??
      'Look at the object and its events with kubectl describe; mend the cause, then run again.',
  });
}
