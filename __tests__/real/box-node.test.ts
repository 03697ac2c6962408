import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identify } from '../../src/process-identity.ts';
import type { KubeApi } from '../../src/rehearsal/kube-api.ts';
import { boxTools, eventually, openTestBox, statusOf, type TestBox } from '../support/box.ts';

/** A program of the kind a controller is: listens where its arguments say, and tells what it was given. */
const program = `#!${process.execPath}
const { createServer } = require('node:http');
const { appendFileSync, readdirSync, readFileSync, unlinkSync } = require('node:fs');
const [address, greeting] = process.argv.slice(2);
// One file for each start that is to fail.
const [trouble] = readdirSync(__dirname).filter((name) => name.startsWith('trouble'));
if (trouble !== undefined) {
  unlinkSync(__dirname + '/' + trouble);
  appendFileSync(__dirname + '/taken', address + '\\n');
  console.error('listen tcp ' + address + ': bind: address already in use');
  process.exit(1);
}
const [host, port] = address.split(':');
createServer((request, response) => {
  if (request.url === '/die') process.exit(3);
  const told = { greeting, env: process.env, kubeconfig: JSON.parse(readFileSync(process.env.KUBECONFIG, 'utf8')) };
  response.end(JSON.stringify(told));
}).listen(Number(port), host);
`;

const deployments = '/apis/apps/v1/namespaces/default/deployments';

function manifest(name: string, image: string) {
  const labels = { app: name };
  return {
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: 'runner',
          containers: [
            {
              name: 'main',
              image,
              args: ['$(BIND_ADDRESS):$(PORT_HEALTH_Z)', 'of $(WHERE) for $$(WHERE) and $(NOBODY)'],
              env: [
                { name: 'WHERE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
                { name: 'BIND_ADDRESS', value: '' },
                { name: 'PORT_HEALTH_Z', value: '8080' },
              ],
              ports: [{ name: 'health-z', containerPort: 8080 }],
              readinessProbe: { httpGet: { path: '/readyz', port: 'health-z' } },
            },
          ],
        },
      },
    },
  };
}

interface Seen {
  readonly metadata: { readonly generation: number; readonly annotations?: Record<string, string> };
  readonly status: {
    readonly availableReplicas?: number;
    readonly observedGeneration?: number;
    readonly conditions?: { type: string; status: string; reason: string; message: string }[];
  };
}

describe('the node of a box', () => {
  let folder: string;
  let world: TestBox;
  let api: KubeApi;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'phoenix-program-'));
    const file = join(folder, 'program');
    await writeFile(file, program);
    await chmod(file, 0o755);
    world = await openTestBox({ tools: await boxTools({ 'external-secrets': file }) });
    await world.machine();
    api = await world.api();
    await api.request('POST', '/api/v1/namespaces/default/serviceaccounts', {
      metadata: { name: 'runner' },
    });
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const seen = async (name: string) => (await api.request('GET', `${deployments}/${name}`)).body as Seen;
  const isAvailable = async (name: string) => {
    const { metadata, status } = await seen(name);
    return status.availableReplicas === 1 && status.observedGeneration === metadata.generation;
  };
  const running = async () => (await world.box.processes()).find(({ name }) => name === 'external-secrets');

  it('never makes a Deployment ready whose image it has no program for', async () => {
    await api.request('POST', deployments, manifest('stranger', 'docker.io/library/nginx:1.27.5'));
    await api.request('POST', deployments, manifest('known', 'ghcr.io/external-secrets/external-secrets:v0'));
    await eventually('the known one is available', 30, () => isAvailable('known'));
    expect((await seen('stranger')).status).toEqual({});
  });

  it('runs a known image with the arguments of its manifest, on loopback, as its own service account', async () => {
    const { annotations } = (await seen('known')).metadata;
    expect(annotations).toMatchObject({ 'phoenix.dev/run-by': 'box-node' });
    const { pid = 0 } = (await running()) ?? {};
    const told = await tellingOf(pid);
    expect(told.greeting).toBe('of default for $(WHERE) and $(NOBODY)');
    expect(told.env['HOME']).toContain(world.dir);
    expect(told.env['PATH']).toBeUndefined();
    const claims = JSON.parse(
      Buffer.from(told.kubeconfig.users[0]?.user.token.split('.')[1] ?? '', 'base64url').toString(),
    );
    expect(claims.sub).toBe('system:serviceaccount:default:runner');
  });

  it('starts it anew when its pod changes, and not when anything else does', async () => {
    const before = await running();
    await api.request('PATCH', `${deployments}/known`, { metadata: { labels: { touched: 'yes' } } });
    await api.request('PATCH', `${deployments}/known`, { spec: { progressDeadlineSeconds: 500 } });
    await eventually('the new generation is observed', 30, () => isAvailable('known'));
    expect(await running()).toEqual(before);
    const changed = manifest('known', 'ghcr.io/external-secrets/external-secrets:v1');
    await api.request('PATCH', `${deployments}/known`, { spec: changed.spec });
    await eventually('another process runs', 30, async () => {
      const now = await running();
      return now !== undefined && now.pid !== before?.pid && (await isAvailable('known'));
    });
    expect(await identify(before?.pid ?? 0)).toBeUndefined();
    expect(world.deaths).toEqual([]);
  });

  it('ends the process with its Deployment', async () => {
    const { pid = 0 } = (await running()) ?? {};
    const { server, ca, certificate: cert, key } = await world.access();
    const options = { method: 'DELETE', ca, cert, key };
    expect(await statusOf(`${server}${deployments}/known`, options)).toBe(200);
    await eventually('the process has ended', 30, async () => (await identify(pid)) === undefined);
    expect(world.deaths).toEqual([]);
  });

  const troubles = async (count: number) => {
    await rm(join(folder, 'taken'), { force: true });
    for (let each = 0; each < count; each += 1) await writeFile(join(folder, `trouble-${each}`), '');
  };
  const taken = async () => (await readFile(join(folder, 'taken'), 'utf8')).trim().split('\n');

  it('starts one again that ends before it is ready, with other ports', async () => {
    await troubles(2);
    const unlucky = manifest('unlucky', 'ghcr.io/external-secrets/external-secrets:v0');
    await api.request('POST', deployments, unlucky);
    await eventually('it is available', 30, () => isAvailable('unlucky'));
    const { pid = 0 } = (await running()) ?? {};
    expect(new Set([...(await taken()), await addressOf(pid)]).size).toBe(3);
    expect(world.deaths).toEqual([]);
    await api.request('DELETE', `${deployments}/unlucky`);
    await eventually('the process has ended', 30, async () => (await running()) === undefined);
  });

  it('tells of a death by name, sets the Deployment unavailable and does not start it again', async () => {
    await api.request(
      'POST',
      deployments,
      manifest('doomed', 'ghcr.io/external-secrets/external-secrets:v0'),
    );
    await eventually('it is available', 30, () => isAvailable('doomed'));
    const { pid = 0 } = (await running()) ?? {};
    process.kill(pid, 'SIGKILL');
    await eventually('the death is told', 30, async () => world.deaths.length > 0);
    expect(world.deaths[0]).toMatchObject({ name: 'external-secrets' });
    await eventually('it is unavailable', 30, async () => !(await isAvailable('doomed')));
    const condition = (await seen('doomed')).status.conditions?.find(({ type }) => type === 'Available');
    expect(condition).toMatchObject({ status: 'False', message: expect.stringContaining('SIGKILL') });
    expect(await running()).toBeUndefined();
  });

  it('gives one up that ends at each start, and tells its last words', async () => {
    await troubles(3);
    const hopeless = manifest('hopeless', 'ghcr.io/external-secrets/external-secrets:v0');
    await api.request('POST', deployments, hopeless);
    await eventually('the death is told', 30, async () => world.deaths.length > 1);
    const told = 'exit code 1: listen tcp 127.0.0.1:0: bind: address already in use';
    const { name, how } = world.deaths.at(-1) ?? {};
    expect({ name, how: how?.replace(/:\d+:/, ':0:') }).toEqual({ name: 'external-secrets', how: told });
    expect(await taken()).toHaveLength(3);
  });
});

interface Told {
  readonly greeting: string;
  readonly env: Record<string, string | undefined>;
  readonly kubeconfig: { readonly users: { readonly user: { readonly token: string } }[] };
}

/** What the program says of itself, asked at the address that its command line has. */
async function tellingOf(pid: number): Promise<Told> {
  const address = await addressOf(pid);
  expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
  return (await fetch(`http://${address}/`)).json() as Promise<Told>;
}

async function addressOf(pid: number): Promise<string> {
  const [, , address = ''] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  return address;
}
