import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Probe } from '../../src/castle/probes.ts';
import { type Cluster, connectCluster } from '../../src/cluster/client.ts';
import { kinds } from '../../src/cluster/kinds.ts';
import type { KubeApi } from '../../src/rehearsal/kube-api.ts';
import { hold } from '../../src/verify/hold.ts';
import { lookerOf } from '../../src/verify/lookers.ts';
import { openPodDesk, probeNamespace } from '../../src/verify/probe-pod.ts';
import { eventually, nodeTools, openTestBox, type TestBox } from '../support/box.ts';
import { warmTools } from '../support/world.ts';

beforeAll(
  () => warmTools(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok']),
  1_800_000,
);

interface ProbePod {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly [{ readonly command: string[]; readonly args: string[] }];
  };
  readonly status: { readonly phase: string };
}

describe('probes of a cluster with real controllers and scheduler', () => {
  let world: TestBox;
  let api: KubeApi;
  let cluster: Cluster;
  const { signal } = new AbortController();
  const made: string[] = [];
  const stopping = new AbortController();

  /** kwok plays pods and runs nothing: this runs the script of a probe pod that was placed, as a kubelet would. */
  const playKubelet = async () => {
    const pods = `/api/v1/namespaces/${probeNamespace}/pods`;
    while (!stopping.signal.aborted) {
      await sleep(100);
      const { items = [] } = ((await api.request('GET', pods)).body ?? {}) as { items?: ProbePod[] };
      for (const { metadata, spec } of items) {
        if (spec.nodeName === undefined || made.includes(metadata.name)) continue;
        made.push(metadata.name);
        const [{ command, args }] = spec.containers;
        const report = join(world.stateDir, metadata.name);
        const env = { PATH: process.env['PATH'] ?? '', REPORT: report, ROOM: '200' };
        const local = args.map((each) => (each === 'kubernetes.default.svc' ? 'localhost' : each));
        await promisify(execFile)('sh', [...command.slice(1), ...local], { env });
        const message = await readFile(report, 'utf8');
        const containerStatuses = [
          ...[{ name: 'probe', image: 'x', imageID: '', ready: false, restartCount: 0 }].map((each) => ({
            ...each,
            state: { terminated: { exitCode: 0, reason: 'Completed', message } },
          })),
        ];
        await api.request('PATCH', `${pods}/${metadata.name}/status`, {
          status: { phase: 'Succeeded', containerStatuses },
        });
      }
    }
  };
  let playing: Promise<void>;

  beforeAll(async () => {
    world = await openTestBox({ tools: await nodeTools(), node: 'kwok' });
    expect((await world.machine()).at(-1)).toHaveProperty('machine');
    api = await world.api();
    const file = join(world.dir, 'test-kubeconfig');
    await writeFile(file, await world.kubeconfig(), { mode: 0o600 });
    cluster = await connectCluster(file);
    playing = playKubelet();
  });
  afterAll(async () => {
    stopping.abort();
    await playing;
    await world[Symbol.asyncDispose]();
  });

  const held = async (probe: Probe, seconds = 30, pods = openPodDesk(cluster, 'test:1')) => {
    await using desk = pods;
    const looker = lookerOf(probe, { cluster, sha: 'a'.repeat(40), pods: desk, database: undefined });
    return await hold(looker, { passes: 2, everyMs: 200, seconds, signal });
  };
  const workload = (name: string, replicas: number, more: object = {}) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image: 'nginx:1.27.5' }], ...more },
      },
    },
  });

  it('see that all nodes are Ready, and that one is missing', async () => {
    expect(await held({ kind: 'nodes' })).toMatchObject({ passed: true, inARow: 2 });
    expect(await held({ kind: 'nodes', count: 9 }, 1)).toMatchObject({ passed: false, trouble: 'node' });
  });

  it('see a workload become available, and the words of the scheduler where it cannot', async () => {
    const probe = (name: string) =>
      ({ kind: 'workload', workload: 'Deployment', namespace: 'default', name }) as const;
    await cluster.apply(workload('blog', 2));
    expect(await held(probe('blog'), 60)).toMatchObject({ passed: true });
    await cluster.apply(workload('nowhere', 1, { nodeSelector: { nobody: 'has' } }));
    expect(await held(probe('nowhere'), 5)).toMatchObject({
      passed: false,
      lastSeen: expect.stringMatching(/has 0 of 1 available: pod nowhere-\S+ is not placed: 0\/\d+ nodes/),
    });
  });

  it('see an address that a Service has not got', async () => {
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default' },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    });
    const end = await held({ kind: 'load-balancer', namespace: 'default', name: 'web', pool: [] }, 1);
    expect(end).toMatchObject({
      passed: false,
      trouble: 'address',
      lastSeen: expect.stringContaining('no address yet'),
    });
  });

  it('ask in one pod what is asked at the same time, and leave no namespace behind', async () => {
    const dns = { kind: 'dns', addresses: [], inside: true } as const;
    const before = made.length;
    await using pods = openPodDesk(cluster, 'test:1');
    const look = (name: string) =>
      hold(lookerOf({ ...dns, name }, { cluster, sha: '', pods, database: undefined }), {
        passes: 1,
        everyMs: 200,
        seconds: 60,
        signal,
      });
    const [good, bad] = await Promise.all([
      look('localhost'),
      pods.ask({ args: ['dns', 'nobody.invalid'] }, signal),
    ]);
    expect(good).toMatchObject({ passed: true });
    expect(bad).toMatchObject({ good: false, seen: expect.stringContaining('nobody.invalid') });
    expect(made.length - before).toBe(1);
    await pods[Symbol.asyncDispose]();
    await eventually(
      'the namespace is gone',
      60,
      async () => (await cluster.read(kinds.namespace, probeNamespace)) === undefined,
    );
  });

  it('name the missing volume where a claim cannot be bound', async () => {
    await cluster.apply({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'castle' },
      ...{ provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' },
    });
    const end = await held({ kind: 'volume', storageClass: 'castle', size: '64Mi', writeMiB: 1 }, 10);
    expect(end).toMatchObject({
      passed: false,
      trouble: 'volume',
      lastSeen: expect.stringContaining('persistent volumes to bind'),
    });
  });

  it('tell that the cluster DNS is not there, and pass once it is and a pod has asked it', async () => {
    const probe = { kind: 'network', dns: { namespace: 'kube-system', name: 'kube-dns' } } as const;
    expect((await held(probe, 2)).lastSeen).toContain('does not exist');
    const selector = { app: 'coredns' };
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace: 'kube-system' },
      spec: { selector, ports: [{ port: 53, protocol: 'UDP' }] },
    });
    expect((await held(probe, 2)).lastSeen).toContain('it has no pod');
    const coredns = workload('coredns', 1);
    await cluster.apply({ ...coredns, metadata: { name: 'coredns', namespace: 'kube-system' } });
    expect(await held(probe, 60)).toMatchObject({ passed: true, inARow: 2 });
  });
});
