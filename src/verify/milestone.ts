import type { Cluster } from '../cluster/client.ts';
import type { WaitOptions } from '../cluster/wait.ts';
import type { Log } from '../log.ts';
import { waitForPage } from './http.ts';
import { waitForAllKustomizations, waitForKustomization } from './kustomization.ts';

export type Probe =
  | { readonly kind: 'kustomization'; readonly name: string }
  | { readonly kind: 'kustomizations' }
  | { readonly kind: 'http'; readonly url: string; readonly contains?: string };

export interface Milestone {
  readonly name: string;
  /** Seconds from when the tools were ready. A target: reaching it late is reported, never reaching it fails the run. */
  readonly targetSeconds: number;
  readonly all: readonly Probe[];
}

export interface MilestoneContext {
  /** The cluster, and the commit that its GitOps tree must arrive at; undefined for a castle that claims no token. */
  readonly gitops: { readonly cluster: Cluster; readonly sha: string } | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly fetch: typeof fetch;
  /** Seconds since the tools were ready. */
  readonly elapsed: () => number;
}

/** How much longer than its target a milestone is waited for, so that a slow castle is told from a dead one. */
const patience = 2;

/** Waits until every probe passes; returns the seconds since the tools were ready. Throws what the last probe lacked. */
export async function reachMilestone(milestone: Milestone, context: MilestoneContext): Promise<number> {
  const limit = Math.max(1, milestone.targetSeconds * patience - context.elapsed());
  const wait = (reason: string): WaitOptions => ({
    reason: `milestone ${milestone.name}: ${reason}`,
    code: 'PHX-VERIFY-MILESTONE',
    seconds: limit,
    signal: context.signal,
    onChange: (waiting) => context.log.from(milestone.name, waiting),
  });
  await Promise.all(milestone.all.map((probe) => runProbe(probe, context, wait)));
  return context.elapsed();
}

async function runProbe(
  probe: Probe,
  { gitops, fetch }: MilestoneContext,
  wait: (reason: string) => WaitOptions,
): Promise<void> {
  if (probe.kind === 'http') return waitForPage(probe.url, probe.contains, fetch, wait(probe.url));
  if (gitops === undefined) throw new Error('a Kustomization was probed without a claim');
  const { cluster, sha } = gitops;
  return probe.kind === 'kustomization'
    ? waitForKustomization(cluster, probe.name, sha, wait(`Kustomization ${probe.name}`))
    : waitForAllKustomizations(cluster, sha, wait('all Kustomizations'));
}
