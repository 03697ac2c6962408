import { describe, expect, it } from 'vitest';
import type { ApiObject } from '../../src/cluster/client.ts';
import { judgeAddresses } from '../../src/verify/dns.ts';
import { workloadsOf } from '../../src/verify/kustomization.ts';
import { judgeLoadBalancer } from '../../src/verify/load-balancer.ts';
import { readyEndpoints } from '../../src/verify/network.ts';
import { judgeNodes } from '../../src/verify/nodes.ts';
import { judgeSecret } from '../../src/verify/secrets.ts';
import { judgeRollout } from '../../src/verify/workload.ts';

const now = Date.UTC(2026, 10, 28);

const node = (conditions: object[] = [], taints: object[] = []) =>
  ({
    metadata: { name: 'n1' },
    spec: { taints },
    status: { conditions: [{ type: 'Ready', status: 'True' }, ...conditions] },
  }) as ApiObject;
const lease = (ms: number) =>
  ({ metadata: { name: 'n1' }, spec: { renewTime: new Date(now + ms).toISOString() } }) as ApiObject;

describe('nodes', () => {
  it('hold where they are Ready, as many as wanted, with clocks that agree', () => {
    expect(judgeNodes([node()], [lease(-9_000)], 1, now)).toMatchObject({ good: true });
    expect(judgeNodes([node()], [lease(25_000)], undefined, now)).toMatchObject({ good: true });
    expect(judgeNodes([], [], undefined, now)).toMatchObject({ good: false });
    expect(judgeNodes([node()], [], 2, now).seen).toContain('1 of 2');
  });

  it('do not where one is under pressure, tainted, without a network, or its clock is off', () => {
    const bad = (of: ApiObject, at = 0) => judgeNodes([of], [lease(at)], undefined, now);
    expect(bad(node([{ type: 'DiskPressure', status: 'True' }])).seen).toContain('DiskPressure');
    expect(bad(node([{ type: 'NetworkUnavailable', status: 'True' }])).seen).toContain('NetworkUnavailable');
    expect(bad(node([], [{ key: 'node.kubernetes.io/not-ready' }])).seen).toContain('taint');
    expect(bad(node(), 93_000)).toMatchObject({
      trouble: 'clock',
      seen: expect.stringContaining('93 s before'),
    });
    expect(bad(node(), -93_000)).toMatchObject({
      trouble: 'clock',
      seen: expect.stringContaining('93 s behind'),
    });
  });
});

describe('an ExternalSecret', () => {
  const external = (more: object = {}) =>
    ({
      metadata: { name: 'db', namespace: 'apps', uid: 'e1' },
      spec: { data: [{ secretKey: 'password' }], ...more },
      status: { conditions: [{ type: 'Ready', status: 'True', reason: 'SecretSynced' }] },
    }) as ApiObject;
  const secret = (data: Record<string, string>, uid = 'e1') =>
    ({ metadata: { name: 'db', ownerReferences: [{ uid }] }, data }) as unknown as ApiObject;
  const encoded = (text: string) => Buffer.from(text).toString('base64');

  it('that says it synced does not hold with an empty, missing or foreign Secret, and no value is told', () => {
    const value = 'correct horse';
    expect(judgeSecret(external(), secret({ password: encoded(value) }))).toBeUndefined();
    expect(judgeSecret(external(), undefined)).toContain('does not exist');
    expect(judgeSecret(external(), secret({ password: '' }))).toContain('no value for password');
    expect(judgeSecret(external(), secret({ password: encoded(' \n') }))).toContain('no value for password');
    expect(judgeSecret(external(), secret({}))).toContain('no key');
    expect(judgeSecret(external(), secret({ other: encoded(value) }))).toBe('its Secret db lacks password');
    expect(judgeSecret(external(), secret({ password: encoded(value) }, 'e2'))).toContain('not its own');
  });
});

describe('a load balancer', () => {
  const service = (ip?: string) =>
    ({
      spec: { type: 'LoadBalancer' },
      status: { loadBalancer: ip === undefined ? {} : { ingress: [{ ip }] } },
    }) as unknown as ApiObject;
  const pool = ['10.99.0.100-10.99.0.120', '192.0.2.0/24'];

  it('holds with an address of the pool, and tells the events of a Service that has none', () => {
    const judge = (ip?: string, events: object[] = []) =>
      judgeLoadBalancer(service(ip), 'apps/blog', pool, events);
    expect(judge('10.99.0.120')).toMatchObject({ good: true });
    expect(judge('192.0.2.7')).toMatchObject({ good: true });
    expect(judge('10.99.0.121').seen).toContain('not of 10.99.0.100-10.99.0.120');
    const event = { reason: 'AllocationFailed', message: 'no available IPs' };
    expect(judge(undefined, [event]).seen).toContain('AllocationFailed: no available IPs');
    expect(judgeLoadBalancer(undefined, 'apps/blog', [], []).seen).toContain('does not exist');
  });
});

describe('a name', () => {
  it('that resolves to an address that is not wanted is told as old', () => {
    expect(judgeAddresses('blog', ['10.0.0.1'], ['10.0.0.2']).seen).toBe(
      'blog still resolves to 10.0.0.1, not yet to 10.0.0.2',
    );
    expect(judgeAddresses('blog', ['10.0.0.2', '10.0.0.1'], ['10.0.0.1', '10.0.0.2'])).toMatchObject({
      good: true,
    });
    expect(judgeAddresses('blog', [], [])).toMatchObject({ good: false });
    expect(judgeAddresses('blog', ['10.0.0.1'], [])).toMatchObject({ good: true });
  });
});

describe('a workload', () => {
  const of = (workload: 'Deployment' | 'DaemonSet') => ({ workload, namespace: 'apps', name: 'blog' });
  const deployment = (status: object, replicas = 2) =>
    ({
      metadata: { generation: 3 },
      spec: { replicas },
      status: { observedGeneration: 3, ...status },
    }) as ApiObject;

  it('holds only with all replicas of its newest spec available', () => {
    const judge = (status: object, replicas = 2) =>
      judgeRollout(deployment(status, replicas), of('Deployment'));
    expect(judge({ updatedReplicas: 2, availableReplicas: 2 })).toBeUndefined();
    expect(judge({ updatedReplicas: 1, availableReplicas: 2 })).toContain('1 of 2 updated');
    expect(judge({ updatedReplicas: 2, availableReplicas: 1 })).toContain('1 of 2 available');
    expect(judge({ observedGeneration: 2, updatedReplicas: 2, availableReplicas: 2 })).toContain(
      'not looked at',
    );
    expect(judge({}, 0)).toContain('scaled to 0');
    expect(judgeRollout(undefined, of('DaemonSet'))).toBe('does not exist');
  });
});

it('reads the workloads of a Kustomization, and no other object, from its inventory', () => {
  const entries = [
    { id: 'apps_blog_apps_Deployment' },
    { id: 'apps_blog__Service' },
    { id: '_apps__Namespace' },
  ];
  expect(workloadsOf({ status: { inventory: { entries } } } as unknown as ApiObject)).toEqual([
    { workload: 'Deployment', namespace: 'apps', name: 'blog' },
  ]);
});

it('counts the endpoints that are ready, of one Service alone', () => {
  const slice = (service: string, ready: boolean) =>
    ({
      metadata: { labels: { 'kubernetes.io/service-name': service } },
      endpoints: [{ conditions: { ready } }],
    }) as unknown as ApiObject;
  expect(
    readyEndpoints([slice('kube-dns', true), slice('kube-dns', false), slice('other', true)], 'kube-dns'),
  ).toBe(1);
});
