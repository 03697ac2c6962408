import type { ApiObject, Cluster } from '../cluster/client.ts';
import { kinds } from '../cluster/kinds.ts';
import { type PodEvent, podsCause } from '../cluster/pod-cause.ts';
import type { Look } from './hold.ts';
import type { PodDesk } from './probe-pod.ts';
import { lookOf } from './workload.ts';

interface DnsName {
  readonly namespace: string;
  readonly name: string;
}

/** The cluster DNS has endpoints, and a pod that got a network asked it and was answered. */
export async function lookAtNetwork(
  cluster: Cluster,
  pods: PodDesk,
  dns: DnsName,
  signal: AbortSignal,
): Promise<Look> {
  const service = await cluster.read(kinds.service, dns.name, dns.namespace);
  const shown = `${dns.namespace}/${dns.name}`;
  if (service === undefined)
    return {
      good: false,
      seen: `the Service ${shown} of the cluster DNS does not exist`,
      trouble: 'workload',
    };
  const slices = await cluster.list(kinds.endpointSlice, dns.namespace);
  if (readyEndpoints(slices, dns.name) === 0) {
    const selector = Object.entries((service.spec?.['selector'] ?? {}) as Readonly<Record<string, string>>);
    const own = (await cluster.list(kinds.pod, dns.namespace)).filter(({ metadata }) =>
      selector.every(([key, value]) => metadata?.labels?.[key] === value),
    );
    const cause = podsCause(own, (await cluster.list(kinds.event, dns.namespace)) as readonly PodEvent[]);
    const why = cause?.words ?? (own.length === 0 ? 'it has no pod' : 'none of its pods is ready');
    const seen = `nobody stands behind the cluster DNS ${shown}: ${why}`;
    return { good: false, seen, trouble: 'workload', ...(cause === undefined ? {} : lookOf(cause)) };
  }
  const asked = await pods.ask({ args: ['dns', 'kubernetes.default.svc'] }, signal);
  return asked.good
    ? { good: true, seen: `a pod asked the cluster DNS, which answered ${asked.seen.trim()}` }
    : { ...asked, trouble: asked.trouble ?? 'workload' };
}

export function readyEndpoints(slices: readonly ApiObject[], service: string): number {
  const own = slices.filter(({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === service);
  return own
    .flatMap(
      (slice) => (slice as { endpoints?: readonly { conditions?: { ready?: boolean } }[] }).endpoints ?? [],
    )
    .filter(({ conditions }) => conditions?.ready !== false).length;
}
