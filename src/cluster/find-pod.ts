import type { PodReference } from '../castle/pod.ts';
import type { ApiObject, Cluster } from './client.ts';

const kind = { apiVersion: 'v1', kind: 'Pod', plural: 'pods' } as const;

/** The pod of that name; of those with the label the newest one that runs, or else the newest. */
export async function findPod(
  cluster: Pick<Cluster, 'read' | 'list'>,
  { namespace, name, label }: PodReference,
): Promise<ApiObject | undefined> {
  if (name !== undefined) return cluster.read(kind, name, namespace);
  if (label === undefined) return undefined;
  return newest(
    (await cluster.list(kind, namespace)).filter(
      ({ metadata }) => metadata?.labels?.[label.key] === label.value && metadata.deletionTimestamp == null,
    ),
  );
}

function newest(pods: readonly ApiObject[]): ApiObject | undefined {
  const runs = (pod: ApiObject) => Number(pod.status?.['phase'] === 'Running');
  const born = (pod: ApiObject) => new Date(pod.metadata?.creationTimestamp ?? 0).getTime();
  return pods.toSorted((a, b) => runs(b) - runs(a) || born(b) - born(a))[0];
}
