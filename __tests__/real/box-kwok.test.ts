import { access, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identify } from '../../src/process-identity.ts';
import type { KubeApi } from '../../src/rehearsal/kube-api.ts';
import { boxTools, eventually, nodeTools, openTestBox, type TestBox } from '../support/box.ts';
import { warmTools } from '../support/world.ts';

/** A program of the kind a controller is, ready as soon as a certain file is there. */
const program = `#!${process.execPath}
const { createServer } = require('node:http');
const { existsSync } = require('node:fs');
const [address, file] = process.argv.slice(2);
const [host, port] = address.split(':');
createServer((request, response) => {
  response.writeHead(existsSync(file) ? 200 : 503).end();
}).listen(Number(port), host);
`;

const own = 'ghcr.io/external-secrets/external-secrets';
const apps = '/apis/apps/v1/namespaces/default';
const core = '/api/v1/namespaces/default';

function workload(name: string, container: object, more: object = {}, spec: object = {}) {
  const labels = { app: name };
  return {
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [{ name: 'main', image: 'docker.io/library/nginx:1.27.5', ...container }],
          ...more,
        },
      },
      ...spec,
    },
  };
}

/** A Deployment of a program that the box runs: ready once `file` is there. */
function ownWorkload(name: string, file: string, tag = 'v0') {
  return workload(name, {
    image: `${own}:${tag}`,
    args: ['$(BIND_ADDRESS):$(PORT_HEALTH)', file],
    ports: [{ name: 'health', containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/readyz', port: 'health' } },
  });
}

interface Pod {
  readonly metadata: { readonly name: string; readonly annotations?: Record<string, string> };
  readonly spec: { readonly nodeName?: string; readonly schedulerName: string };
  readonly status: {
    readonly phase: string;
    readonly conditions?: { readonly type: string; readonly status: string; readonly reason?: string }[];
    readonly containerStatuses?: {
      readonly ready: boolean;
      readonly state: Record<string, { exitCode?: number }>;
    }[];
  };
}

// Where they must be built, this takes minutes once.
beforeAll(
  () => warmTools(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok']),
  1_800_000,
);

describe('a box whose nodes kwok plays', () => {
  let folder: string;
  let world: TestBox;
  let api: KubeApi;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'phoenix-program-'));
    const file = join(folder, 'program');
    await writeFile(file, program);
    await chmod(file, 0o755);
    world = await openTestBox({ tools: await nodeTools({ 'external-secrets': file }), node: 'kwok' });
    expect((await world.machine()).at(-1)).toHaveProperty('machine');
    api = await world.api();
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const create = async (path: string, object: object) => {
    const { status, body } = await api.request('POST', path, object);
    expect(status, JSON.stringify(body)).toBe(201);
    return body as Pod;
  };
  const status = async (path: string) =>
    ((await api.request('GET', path)).body as { status?: Record<string, unknown> }).status ?? {};
  const podsOf = async (app: string) =>
    ((await api.request('GET', `${core}/pods?labelSelector=app%3D${app}`)).body as { items: Pod[] }).items;
  /** Everything that was said of the readiness of an app's pods from now on. */
  const watchReady = (app: string) => {
    const said: (string | undefined)[] = [];
    const stopping = new AbortController();
    const watching = (async () => {
      const path = `${core}/pods?labelSelector=app%3D${app}`;
      for await (const event of api.watch(path, stopping.signal)) {
        const { status } = (event as { object: Pod }).object;
        said.push(status.conditions?.find(({ type }) => type === 'Ready')?.status);
      }
    })().catch(() => {});
    return {
      said,
      async [Symbol.asyncDispose]() {
        stopping.abort();
        await watching;
      },
    };
  };
  const running = async () =>
    (await world.box.processes()).filter(({ name }) => name === 'external-secrets').map(({ pid }) => pid);
  const isAvailable = async (name: string) =>
    (await status(`${apps}/deployments/${name}`))['availableReplicas'] === 1;

  it('runs the real controllers and scheduler beside its API server', async () => {
    expect((await world.box.processes()).map(({ name }) => name)).toEqual([
      ...['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'],
    ]);
    const nodes = (await api.request('GET', '/api/v1/nodes')).body as { items: Pod[] };
    expect(nodes.items.map(({ metadata }) => metadata.name).toSorted()).toEqual([
      'box-host',
      'kwok-0',
      'kwok-1',
    ]);
    for (const { metadata, status: said } of nodes.items) {
      expect(metadata.annotations).toHaveProperty(['phoenix.dev/stand-in']);
      expect(said.conditions).toContainEqual(
        expect.objectContaining({ type: 'Ready', status: 'True', reason: 'SimulatedByKwok' }),
      );
    }
    expect(await podsOf('')).toEqual([]);
  });

  it('makes a Deployment available, with pods that are placed on simulated nodes', async () => {
    await create(`${apps}/deployments`, workload('blog', {}, {}, { replicas: 3 }));
    await eventually('it is available', 60, async () => {
      const { availableReplicas, conditions } = await status(`${apps}/deployments/blog`);
      return (
        availableReplicas === 3 &&
        (conditions as Pod['status']['conditions'])?.some(
          (each) => each.type === 'Available' && each.status === 'True',
        ) === true
      );
    });
    for (const { spec } of await podsOf('blog')) expect(spec.nodeName).toMatch(/^kwok-[01]$/);
  });

  it('makes a Deployment of a program that it runs available when the program is ready, and not before', async () => {
    const file = join(folder, 'open');
    await using watched = watchReady('real');
    await create(`${apps}/deployments`, ownWorkload('real', file));
    await eventually(
      'its process runs',
      60,
      async () => (await podsOf('real'))[0]?.status.phase === 'Running',
    );
    const [before] = await podsOf('real');
    expect(before?.spec.nodeName).toBe('box-host');
    expect(before?.metadata.annotations).toMatchObject({ 'phoenix.dev/run-by': 'box-node' });
    expect(before?.status.containerStatuses?.[0]).toMatchObject({ ready: false, state: { running: {} } });
    // A Deployment made later is available first: the controller is not just late.
    await create(`${apps}/deployments`, workload('later', {}));
    await eventually('a later one is available', 60, () => isAvailable('later'));
    expect(await isAvailable('real')).toBe(false);
    // Nobody said otherwise for a moment, either.
    expect(watched.said).not.toEqual([]);
    expect(watched.said).not.toContain('True');
    await writeFile(file, '');
    await eventually('it is available', 60, () => isAvailable('real'));
    expect(world.deaths).toEqual([]);
  });

  it('follows a rollout: another process for the new pod, and the end of the old one', async () => {
    const [before = 0] = await running();
    const changed = ownWorkload('real', join(folder, 'open'), 'v1');
    await api.request('PATCH', `${apps}/deployments/real`, { spec: changed.spec });
    await eventually('only the new one runs', 60, async () => {
      const now = await running();
      return now.length === 1 && now[0] !== before && (await podsOf('real')).length === 1;
    });
    await eventually('it is available', 60, () => isAvailable('real'));
    expect(await identify(before)).toBeUndefined();
    expect(world.deaths).toEqual([]);
  });

  it('ends the process with its Deployment', async () => {
    const [pid = 0] = await running();
    await api.request('DELETE', `${apps}/deployments/real`);
    await eventually('the process has ended', 60, async () => (await identify(pid)) === undefined);
    await eventually('the pod is gone', 60, async () => (await podsOf('real')).length === 0);
    expect(world.deaths).toEqual([]);
  });

  it('keeps from the scheduler what it has a program for, and nothing else', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const schedulerOf = async (pod: object) =>
      (await create(`${core}/pods?dryRun=All`, { metadata: { name: 'x' }, spec: pod })).spec.schedulerName;
    const of = (image: string) => schedulerOf({ containers: [{ name: 'main', image }] });
    for (const image of [own, `${own}:v1`, `${own}@${digest}`, `${own}:v1@${digest}`])
      expect(await of(image), image).toBe('phoenix-box');
    for (const image of [`${own}-webhook:v1`, `${own}/more:v1`, `mirror.invalid/${own}:v1`, 'nginx:1.27.5'])
      expect(await of(image), image).toBe('default-scheduler');
    const containers = [{ name: 'main', image: own }];
    const initContainers = [{ name: 'first', image: own }];
    expect(await schedulerOf({ containers, initContainers })).toBe('default-scheduler');
    expect(await schedulerOf({ containers: [...containers, { name: 'second', image: own }] })).toBe(
      'default-scheduler',
    );
  });

  it('ends the pods of a Job well, after init containers that it only says are done', async () => {
    const initContainers = [{ name: 'wait', image: 'docker.io/library/busybox:1.37.0' }];
    const template = {
      spec: { restartPolicy: 'Never', initContainers, containers: [{ name: 'main', image: 'a:1' }] },
    };
    await create('/apis/batch/v1/namespaces/default/jobs', {
      metadata: { name: 'once' },
      spec: { template },
    });
    await eventually('it is complete', 60, async () => {
      const { succeeded } = await status('/apis/batch/v1/namespaces/default/jobs/once');
      return succeeded === 1;
    });
  });

  it('plays a DaemonSet on every node that it tolerates', async () => {
    await create(`${apps}/daemonsets`, workload('everywhere', {}, { tolerations: [{ operator: 'Exists' }] }));
    await create(`${apps}/daemonsets`, workload('ordinary', {}));
    for (const [name, count] of [
      ['everywhere', 3],
      ['ordinary', 2],
    ] as const)
      await eventually(`${name} is ready`, 60, async () => {
        const { numberReady, desiredNumberScheduled } = await status(`${apps}/daemonsets/${name}`);
        return numberReady === count && desiredNumberScheduled === count;
      });
  });

  it('leaves a StatefulSet pending whose volume nobody provisions', async () => {
    const claim = {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    const spec = { serviceName: 'store', volumeClaimTemplates: [claim] };
    const volumeMounts = [{ name: 'data', mountPath: '/data' }];
    await create(`${apps}/statefulsets`, workload('store', { volumeMounts }, {}, spec));
    const scheduled = async () =>
      (await podsOf('store'))[0]?.status.conditions?.find(({ type }) => type === 'PodScheduled');
    await eventually('the scheduler has refused it', 60, async () => (await scheduled())?.status === 'False');
    expect(await scheduled()).toMatchObject({ reason: 'Unschedulable' });
    expect((await podsOf('store'))[0]?.status.phase).toBe('Pending');
    expect(await status(`${core}/persistentvolumeclaims/data-store-0`)).toMatchObject({ phase: 'Pending' });
  });

  it('tells of the death of a program by name, and the real controller says that it is not available', async () => {
    const file = join(folder, 'doomed');
    await writeFile(file, '');
    await create(`${apps}/deployments`, ownWorkload('doomed', file));
    await eventually('it is available', 60, () => isAvailable('doomed'));
    const [pid = 0] = await running();
    process.kill(pid, 'SIGKILL');
    await eventually('it is not available', 60, async () => !(await isAvailable('doomed')));
    expect(world.deaths).toMatchObject([
      { name: 'external-secrets', how: expect.stringContaining('SIGKILL') },
    ]);
    const pods = await podsOf('doomed');
    expect(pods).toHaveLength(1);
    expect(pods[0]?.status.containerStatuses?.[0]?.state['terminated']).toMatchObject({ exitCode: 137 });
    expect(await running()).toEqual([]);
  });

  it('tells of the death of a controller by name, and leaves nothing when it ends', async () => {
    const processes = await world.box.processes();
    process.kill(processes.find(({ name }) => name === 'kube-scheduler')?.pid ?? 0, 'SIGKILL');
    await eventually('the death is told', 60, async () =>
      world.deaths.some(({ name }) => name === 'kube-scheduler'),
    );
    await world.box[Symbol.asyncDispose]();
    for (const { pid } of processes) expect(await identify(pid)).toBeUndefined();
    await expect(access(world.dir)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a box that was asked for nodes of kwok', () => {
  it('gives no machine without the tools for it, and starts none', async () => {
    await using world = await openTestBox({ tools: await boxTools(), node: 'kwok' });
    const answer = await world.machine();
    expect(answer.at(-1)).toMatchObject({
      error: { code: 'PHX-BOX-TOOL', what: 'The box has no kube-controller-manager.' },
    });
    expect(await world.box.processes()).toEqual([]);
  });

  it('gives no machine where one of them cannot be started, and leaves none running', async () => {
    const tools = await nodeTools({ 'kube-scheduler': '/nonexistent' });
    await using world = await openTestBox({ tools, node: 'kwok' });
    expect((await world.machine()).at(-1)).toMatchObject({
      error: { code: 'PHX-BOX-START', what: 'kube-scheduler could not be started.' },
    });
    expect(await world.box.processes()).toEqual([]);
    expect(world.deaths).toEqual([]);
  });

  it('gives no machine where one of them ends at once, tells its last words and leaves none running', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'phoenix-program-'));
    const file = join(folder, 'kwok');
    await writeFile(file, '#!/bin/sh\necho "no stages found" >&2\nexit 3\n');
    await chmod(file, 0o755);
    try {
      await using world = await openTestBox({ tools: await nodeTools({ kwok: file }), node: 'kwok' });
      expect((await world.machine()).at(-1)).toMatchObject({
        error: { code: 'PHX-BOX-WORKLOADS', why: 'kwok ended with exit code 3: no stages found' },
      });
      expect(await world.box.processes()).toEqual([]);
      expect(world.deaths).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
