import { z } from 'zod';
import type { KubeApi } from './kube-api.ts';
import { hostScheduler, probePod } from './workload-objects.ts';

// Each gives what is still missing, in words; undefined where nothing is.

const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ taints: z.array(z.object({ key: z.string() })).default([]) }),
    }),
  ),
});

/** As the controllers see it: they put a taint on a node that is not ready, and take it away. */
export async function nodesReady(api: KubeApi): Promise<string | undefined> {
  const { status, body } = await api.request('GET', '/api/v1/nodes');
  if (status !== 200) return `the list of nodes was answered ${status}`;
  const { items } = nodeList.parse(body);
  if (items.length === 0) return 'no node has registered';
  const unready = items.filter(({ spec }) =>
    spec.taints.some(({ key }) => key.startsWith('node.kubernetes.io/')),
  );
  return unready.length === 0
    ? undefined
    : `not ready: ${unready.map(({ metadata }) => metadata.name).join(', ')}`;
}

const pods = '/api/v1/namespaces/default/pods';
const pod = z.object({
  spec: z.object({ schedulerName: z.string(), nodeName: z.string().optional() }),
  status: z.object({ phase: z.string() }),
});

export async function ownPodsKept(api: KubeApi, images: readonly string[]): Promise<string | undefined> {
  for (const image of images) {
    const { status, body } = await api.request('POST', `${pods}?dryRun=All`, probePod(`${image}:v0`));
    if (status !== 201) return `a pod of ${image} was answered ${status}`;
    if (pod.parse(body).spec.schedulerName !== hostScheduler) return `a pod of ${image} is the scheduler's`;
  }
  return undefined;
}

export async function podPlayed(api: KubeApi): Promise<string | undefined> {
  const made = await api.request('POST', pods, probePod('phoenix.invalid/probe:v0'));
  if (made.status !== 201 && made.status !== 409) return `a pod was answered ${made.status}`;
  const path = `${pods}/phoenix-probe`;
  const read = await api.request('GET', path);
  if (read.status !== 200) return `a pod was answered ${read.status}`;
  const { spec, status } = pod.parse(read.body);
  if (status.phase !== 'Running')
    return spec.nodeName === undefined
      ? 'a pod is on no node'
      : `a pod on ${spec.nodeName} is ${status.phase}`;
  await api.request('DELETE', path, { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 });
  return undefined;
}
