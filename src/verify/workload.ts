import { type ApiObject, type Cluster, conditionOf, describeCondition } from '../cluster/client.ts';
import { kinds } from '../cluster/kinds.ts';
import { type PodCause, type PodEvent, podsCause } from '../cluster/pod-cause.ts';
import type { Look } from './hold.ts';

export interface WorkloadName {
  readonly workload: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  readonly namespace: string;
  readonly name: string;
}

/** A workload at its newest spec with all replicas available; where not, its pods' own cause. */
export async function lookAtWorkload(cluster: Cluster, wanted: WorkloadName): Promise<Look> {
  const object = await cluster.read(kinds[wanted.workload], wanted.name, wanted.namespace);
  const wrong = judgeRollout(object, wanted);
  if (wrong === undefined) return { good: true, seen: `${shown(wanted)} is available` };
  const cause = object && (await workloadCause(cluster, wanted));
  if (cause === undefined)
    return { good: false, seen: `${shown(wanted)} ${wrong}`, trouble: 'workload', symptom: true };
  return { good: false, seen: `${shown(wanted)} ${wrong}: ${cause.words}`, ...lookOf(cause) };
}

/** What a pod's cause means for the probe that meets it. */
export function lookOf({ kind, lasting }: PodCause): Pick<Look, 'trouble' | 'final' | 'symptom'> {
  return {
    trouble: kind === 'image' ? 'image' : 'workload',
    ...(lasting ? { final: true } : {}),
    ...(kind === 'ready' ? { symptom: true } : {}),
  };
}

/** Why the pods of a workload do not run; undefined where they say nothing, or where there is none. */
export async function workloadCause(
  cluster: Pick<Cluster, 'read' | 'list'>,
  { workload, namespace, name }: WorkloadName,
): Promise<PodCause | undefined> {
  const object = await cluster.read(kinds[workload], name, namespace);
  const { matchLabels } = (object?.spec?.['selector'] ?? {}) as {
    readonly matchLabels?: Readonly<Record<string, string>>;
  };
  if (matchLabels === undefined) return undefined;
  const pods = await cluster.list(kinds.pod, namespace);
  const own = pods.filter(({ metadata }) =>
    Object.entries(matchLabels).every(([key, value]) => metadata?.labels?.[key] === value),
  );
  const cause = podsCause(own, (await cluster.list(kinds.event, namespace)) as readonly PodEvent[]);
  if (cause !== undefined || own.length > 0) return cause;
  const failed = conditionOf(object, 'ReplicaFailure');
  return failed?.status === 'True'
    ? { words: `its pods are refused: ${describeCondition(failed)}`, kind: 'config', lasting: false }
    : undefined;
}

/** What lacks; undefined where it is rolled out. */
export function judgeRollout(object: ApiObject | undefined, { workload }: WorkloadName): string | undefined {
  if (object === undefined) return 'does not exist';
  const status = object.status ?? {};
  if ((status.observedGeneration ?? 0) < (object.metadata?.generation ?? 0)) return 'is not looked at yet';
  const count = (field: string) => Number(status[field] ?? 0);
  const daemon = workload === 'DaemonSet';
  const wanted = daemon ? count('desiredNumberScheduled') : Number(object.spec?.['replicas'] ?? 1);
  if (wanted === 0) return daemon ? 'is wanted on no node' : 'is scaled to 0';
  const updated = count(daemon ? 'updatedNumberScheduled' : 'updatedReplicas');
  // An old revision's pods are not the wanted ones; a StatefulSet of one revision counts all as updated.
  const revised = workload !== 'StatefulSet' || status['currentRevision'] === status['updateRevision'];
  if (updated < wanted && !(workload === 'StatefulSet' && revised))
    return `has ${updated} of ${wanted} updated`;
  const available = count(daemon ? 'numberAvailable' : 'availableReplicas');
  return available < wanted ? `has ${available} of ${wanted} available` : undefined;
}

function shown({ workload, namespace, name }: WorkloadName): string {
  return `${workload} ${namespace}/${name}`;
}
