import { workloadKinds } from '../castle/probe-forms.ts';
import { type ApiObject, type Cluster, conditionOf, describeCondition } from '../cluster/client.ts';
import { fluxNamespace } from '../cluster/identity-manifests.ts';
import { kinds } from '../cluster/kinds.ts';
import type { Judgement } from '../cluster/wait.ts';
import type { Look } from './hold.ts';
import { lookAtWorkload, type WorkloadName } from './workload.ts';

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

/**
 * Looks at one Kustomization, or at every one there is; where a workload or an ExternalSecret holds it back, at that one's
 * pods, or at what it says.
 */
export async function lookAtKustomizations(
  cluster: Cluster,
  name: string | undefined,
  sha: string,
): Promise<Look> {
  const all = await cluster.list(kinds.kustomization, fluxNamespace);
  const items = name === undefined ? all : all.filter(({ metadata }) => metadata?.name === name);
  const judgement = name === undefined ? judgeAll(items, sha) : judgeKustomization(items[0], name, sha);
  if ('done' in judgement)
    return { good: true, seen: `${name ?? 'every Kustomization'} is Ready at ${sha.slice(0, 12)}` };
  if ('refused' in judgement) throw judgement.refused;
  const held: Look[] = [];
  for (const item of rootsFirst(items)) {
    if (conditionOf(item, 'Ready')?.status === 'True') continue;
    const secret = await unsynced(cluster, item);
    if (secret !== undefined)
      return { good: false, seen: `${judgement.waiting}; ${secret}`, trouble: 'secret' };
    for (const workload of workloadsOf(item)) {
      const look = await lookAtWorkload(cluster, workload);
      if (!look.good) held.push(look);
    }
  }
  const worst = held.find(({ final }) => final) ?? held.find(({ symptom }) => !symptom) ?? held[0];
  return worst === undefined
    ? { good: false, seen: judgement.waiting }
    : { ...worst, seen: `${judgement.waiting}; ${worst.seen}` };
}

/** The first of the ExternalSecrets that a Kustomization has applied which has no value, in its own words. */
async function unsynced(cluster: Cluster, item: ApiObject): Promise<string | undefined> {
  for (const { namespace, name, group, kind } of inventoryOf(item)) {
    if (group !== 'external-secrets.io' || kind !== kinds.externalSecret.kind) continue;
    const ready = conditionOf(await cluster.read(kinds.externalSecret, name, namespace), 'Ready');
    if (ready?.status === 'False') return `ExternalSecret ${namespace}/${name}: ${describeCondition(ready)}`;
  }
  return undefined;
}

/** The workloads that a Kustomization has applied. */
export function workloadsOf(item: ApiObject): WorkloadName[] {
  return inventoryOf(item).flatMap(({ namespace, name, group, kind }) => {
    const workload = workloadKinds.find((each) => each === kind);
    return group === 'apps' && workload !== undefined ? [{ workload, namespace, name }] : [];
  });
}

/** What a Kustomization has applied, by its inventory: NAMESPACE_NAME_GROUP_KIND. */
function inventoryOf({ status }: ApiObject) {
  const { entries = [] } = (status?.['inventory'] ?? {}) as {
    readonly entries?: readonly { readonly id?: string }[];
  };
  return entries.map(({ id = '' }) => {
    const [namespace = '', name = '', group = '', kind = ''] = id.split('_');
    return { namespace, name, group, kind };
  });
}

/** Those that wait for another are not what the others wait for: they come last. */
function rootsFirst(items: readonly ApiObject[]): ApiObject[] {
  const waits = (item: ApiObject) => (conditionOf(item, 'Ready')?.reason === 'DependencyNotReady' ? 1 : 0);
  return items.toSorted((one, other) => waits(one) - waits(other));
}

/**
 * Whether every Kustomization there is is there. The tree grows while Flux works through it, so a set counts as complete
 * only once each member is Ready at the revision, and each that another depends on is in it.
 */
export function judgeAll(items: readonly ApiObject[], sha: string): Judgement<true> {
  if (items.length === 0) return { waiting: 'there is no Kustomization yet' };
  for (const item of rootsFirst(items)) {
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
