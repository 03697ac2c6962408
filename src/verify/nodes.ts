import type { ApiObject } from '../cluster/client.ts';
import { conditionOf, describeCondition } from '../cluster/client.ts';
import type { Look } from './hold.ts';

/** A kubelet renews its lease every ten seconds, by its own clock. */
const mostSkewMs = 30_000;
const renewsMs = 10_000;
const pressures = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable'] as const;

/** Whether all nodes are fit for pods, `count` of them where given. `now`: epoch ms. */
export function judgeNodes(
  nodes: readonly ApiObject[],
  leases: readonly ApiObject[],
  count: number | undefined,
  now: number,
): Look {
  if (nodes.length === 0) return { good: false, seen: 'there is no node', trouble: 'node' };
  const byName = new Map(leases.map((lease) => [lease.metadata?.name, lease]));
  for (const node of nodes) {
    const name = node.metadata?.name ?? '';
    const skew = skewOf(name, byName.get(name), now);
    // First: a node whose clock is off has other troubles that come of it.
    if (skew !== undefined) return { good: false, seen: skew, trouble: 'clock' };
    const wrong = wrongWith(node);
    if (wrong !== undefined) return { good: false, seen: `node ${name}: ${wrong}`, trouble: 'node' };
  }
  if (count !== undefined && nodes.length !== count)
    return { good: false, seen: `${nodes.length} of ${count} nodes are there`, trouble: 'node' };
  return { good: true, seen: `${nodes.length} ${nodes.length === 1 ? 'node is' : 'nodes are'} Ready` };
}

function wrongWith(node: ApiObject): string | undefined {
  const ready = conditionOf(node, 'Ready');
  if (ready?.status !== 'True') return describeCondition(ready);
  const pressure = pressures.map((type) => conditionOf(node, type)).find((each) => each?.status === 'True');
  if (pressure !== undefined) return describeCondition(pressure);
  const taints = (node.spec?.['taints'] ?? []) as readonly { readonly key: string }[];
  const taint = taints.find(({ key }) => key.startsWith('node.kubernetes.io/'));
  return taint === undefined ? undefined : `it has the taint ${taint.key}`;
}

function skewOf(name: string, lease: ApiObject | undefined, now: number): string | undefined {
  const renewed = new Date(String(lease?.spec?.['renewTime'] ?? '')).getTime();
  if (Number.isNaN(renewed)) return undefined;
  const ahead = renewed - now;
  if (ahead > mostSkewMs) return `the clock of node ${name} is ${Math.round(ahead / 1000)} s before ours`;
  if (-ahead <= mostSkewMs + renewsMs) return undefined;
  const behind = Math.round(-ahead / 1000);
  return `the clock of node ${name} is ${behind} s behind ours, or its kubelet has renewed no lease for so long`;
}
