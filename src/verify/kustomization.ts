import { type ApiObject, type Cluster, conditionOf, describeCondition } from '../cluster/client.ts';
import { fluxNamespace } from '../cluster/identity-manifests.ts';
import { kinds } from '../cluster/kinds.ts';
import type { Judgement, WaitOptions } from '../cluster/wait.ts';

/**
 * Whether a Kustomization is Ready *at the expected revision*. Ready alone is not enough: it stays True from the last
 * revision while a new one waits. `sha` is the commit; Flux writes revisions as `branch@sha1:COMMIT`. One that applies
 * another source, e.g. an operator's CRDs from upstream, is never at the castle's commit: Ready has to do there.
 */
export function judgeKustomization(
  object: ApiObject | undefined,
  name: string,
  sha: string,
): Judgement<true> {
  if (object === undefined) return { waiting: `Kustomization ${name} does not exist yet` };
  const ready = conditionOf(object, 'Ready');
  if (object.spec?.['suspend'] === true) return { waiting: `Kustomization ${name} is suspended` };
  if (ready?.status !== 'True') return { waiting: `Kustomization ${name}: ${describeCondition(ready)}` };
  const applied = String(object.status?.['lastAppliedRevision'] ?? 'none');
  const current = object.status?.observedGeneration === object.metadata?.generation;
  const arrived = applied.endsWith(`:${sha}`) || !appliesTheCastle(object);
  if (!arrived || !current) {
    return { waiting: `Kustomization ${name} is Ready at ${applied}, not yet at ${sha.slice(0, 12)}` };
  }
  return { done: true };
}

/** The source that the castle's own Kustomizations name is called like the namespace, as `flux bootstrap` does it. */
function appliesTheCastle({ spec }: ApiObject): boolean {
  const source = (spec?.['sourceRef'] ?? {}) as { readonly name?: string; readonly namespace?: string };
  return (
    (source.name ?? fluxNamespace) === fluxNamespace && (source.namespace ?? fluxNamespace) === fluxNamespace
  );
}

export async function waitForKustomization(
  cluster: Cluster,
  name: string,
  sha: string,
  wait: WaitOptions,
): Promise<void> {
  await cluster.waitFor(
    kinds.kustomization,
    name,
    fluxNamespace,
    (object) => judgeKustomization(object, name, sha),
    wait,
  );
}

/**
 * Waits for every Kustomization there is. The tree grows while Flux works through it, so a set counts as complete only
 * once each member is Ready at the revision, and each that another depends on is in it.
 */
export async function waitForAllKustomizations(
  cluster: Cluster,
  sha: string,
  wait: WaitOptions,
): Promise<void> {
  await cluster.waitForAll(kinds.kustomization, fluxNamespace, (items) => judgeAll(items, sha), wait);
}

export function judgeAll(items: readonly ApiObject[], sha: string): Judgement<true> {
  if (items.length === 0) return { waiting: 'there is no Kustomization yet' };
  for (const item of items) {
    const judgement = judgeKustomization(item, item.metadata?.name ?? '', sha);
    if ('waiting' in judgement) return judgement;
  }
  const known = new Set(items.map((item) => item.metadata?.name));
  for (const item of items) {
    const dependencies = (item.spec?.['dependsOn'] ?? []) as readonly { readonly name: string }[];
    const missing = dependencies.find(({ name }) => !known.has(name));
    if (missing !== undefined) return { waiting: `Kustomization ${missing.name} does not exist yet` };
  }
  return { done: true };
}
