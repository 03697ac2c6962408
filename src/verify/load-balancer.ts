import { BlockList, isIP } from 'node:net';
import type { ApiObject } from '../cluster/client.ts';
import type { PodEvent } from '../cluster/pod-cause.ts';
import type { Look } from './hold.ts';

/** Whether a Service has an address, of `pool` where that is not empty; `events` are the Service's. */
export function judgeLoadBalancer(
  service: ApiObject | undefined,
  name: string,
  pool: readonly string[],
  events: readonly PodEvent[],
): Look {
  const bad = (words: string): Look => ({
    good: false,
    seen: `Service ${name} ${words}`,
    trouble: 'address',
  });
  if (service === undefined) return bad('does not exist');
  const type = String(service.spec?.['type'] ?? 'ClusterIP');
  if (type !== 'LoadBalancer') return bad(`is of type ${type}`);
  const { ingress = [] } = (service.status?.['loadBalancer'] ?? {}) as {
    readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[];
  };
  const addresses = ingress.flatMap(({ ip, hostname }) => ip ?? hostname ?? []);
  if (addresses.length === 0) {
    const told = events.at(-1);
    const why = told === undefined ? 'nobody says why' : `${told.reason ?? ''}: ${told.message ?? ''}`;
    return bad(`has no address yet (${why})`);
  }
  const strange = pool.length === 0 ? [] : addresses.filter((address) => !within(address, pool));
  if (strange.length > 0) return bad(`has ${strange.join(', ')}, which is not of ${pool.join(', ')}`);
  return { good: true, seen: `Service ${name} has ${addresses.join(', ')}` };
}

function within(address: string, pool: readonly string[]): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) === 0) return false;
  const list = new BlockList();
  for (const each of pool) {
    const [first = '', rest = ''] = each.split(/[-/]/);
    const of = isIP(first) === 6 ? 'ipv6' : 'ipv4';
    if (each.includes('-')) list.addRange(first, rest, of);
    else list.addSubnet(first, Number(rest), of);
  }
  return list.check(address, family);
}
