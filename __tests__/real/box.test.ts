import { readdir, readFile, stat } from 'node:fs/promises';
import { request as plainRequest } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identify } from '../../src/process-identity.ts';
import { createKubeApi, type KubeApi } from '../../src/rehearsal/kube-api.ts';
import { eventually, openTestBox, statusOf, type TestBox } from '../support/box.ts';

describe('the control plane of a box', () => {
  let world: TestBox;
  let api: KubeApi;
  let lines: Record<string, unknown>[];

  beforeAll(async () => {
    world = await openTestBox();
    lines = await world.machine();
    ({ server } = await world.access());
    api = await world.api();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  let server: string;
  const ca = async () => (await world.access()).ca;

  it('says what it starts while it does, and is ready when it answers', async () => {
    expect(lines[0]?.['progress']).toMatch(/etcd on 127\.0\.0\.1:\d+, kube-apiserver on 127\.0\.0\.1:\d+/);
    expect((await api.request('GET', '/readyz')).status).toBe(200);
    expect((await world.box.processes()).map(({ name }) => name)).toEqual(['etcd', 'kube-apiserver']);
  });

  it('serves TLS by its own authority only, and nothing to a plain or an anonymous request', async () => {
    await expect(statusOf(`${server}/readyz`)).rejects.toThrow(/certificate/);
    expect(await statusOf(`${server}/readyz`, { ca: await ca() })).toBe(401);
    const plain = await new Promise<number>((resolve, reject) => {
      plainRequest(server.replace('https:', 'http:'), (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
    expect(plain).toBe(400);
  });

  it('denies a service account that no role names', async () => {
    const accounts = '/api/v1/namespaces/default/serviceaccounts';
    await api.request('POST', accounts, { metadata: { name: 'stranger' } });
    const { status, body } = await api.request('POST', `${accounts}/stranger/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 600 },
    });
    expect(status).toBe(201);
    const { token } = (body as { status: { token: string } }).status;
    const headers = { authorization: `Bearer ${token}` };
    expect(await statusOf(`${server}/api/v1/secrets`, { ca: await ca(), headers })).toBe(403);
    const forged = { authorization: `Bearer ${token.slice(0, -8)}AAAAAAAA` };
    expect(await statusOf(`${server}/api`, { ca: await ca(), headers: forged })).toBe(401);
  });

  it('writes no secret in clear into etcd', async () => {
    const canary = 'canary-1f0c9d3e7a';
    const created = await api.request('POST', '/api/v1/namespaces/default/secrets', {
      metadata: { name: 'canary' },
      stringData: { value: canary },
    });
    expect(created.status).toBe(201);
    const data = await files(join(world.dir, 'machines'), /etcd\//);
    const seen = data.filter((bytes) => bytes.includes('/registry/secrets/default/canary'));
    expect(seen.length).toBeGreaterThan(0);
    expect(data.filter((bytes) => bytes.includes(canary))).toEqual([]);
  });

  it('gives a kubeconfig with its key inside, as Talos does, in RAM and for its owner alone', async () => {
    const held = /client-key-data: (\S+)/.exec(await world.kubeconfig())?.[1] ?? '';
    expect(Buffer.from(held, 'base64').toString()).toMatch(/^-----BEGIN [A-Z ]*PRIVATE KEY-----\n/);
    const names = await readdir(join(world.dir, 'machines'), { recursive: true });
    const kubeconfigs = names.filter((name) => name.endsWith('/kubeconfig'));
    expect(kubeconfigs.length).toBeGreaterThan(0);
    for (const name of kubeconfigs)
      expect((await stat(join(world.dir, 'machines', name))).mode & 0o777).toBe(0o600);
  });

  it('refuses a port that is in use, by name, and leaves nothing running', async () => {
    await using other = await openTestBox();
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port));
    });
    try {
      const answer = await other.machine(port);
      expect(answer.at(-1)?.['error']).toMatchObject({
        code: 'PHX-BOX-PORT-IN-USE',
        what: expect.stringContaining(String(port)),
      });
      expect(await other.box.processes()).toEqual([]);
    } finally {
      taken.close();
    }
  });

  it('gives a new machine for the old one, with nothing of it left', async () => {
    const before = await world.box.processes();
    await world.machine();
    expect((await world.access()).server).not.toBe(server);
    for (const { pid } of before) expect(await identify(pid)).toBeUndefined();
    expect(await readdir(join(world.dir, 'machines'))).toHaveLength(1);
    const fresh = await world.api();
    expect((await fresh.request('GET', '/api/v1/namespaces/default/secrets/canary')).status).toBe(404);
    expect(world.deaths).toEqual([]);
  });

  it('tells by name that etcd died, and not what ended because it was asked to', async () => {
    const etcd = (await world.box.processes()).find(({ name }) => name === 'etcd');
    process.kill(etcd?.pid ?? 0, 'SIGKILL');
    await eventually('the death of etcd is told', 30, async () => world.deaths.length > 0);
    expect(world.deaths[0]).toMatchObject({ name: 'etcd', how: expect.stringMatching(/^signal SIGKILL/) });
  });
});

it('the kubeconfig of one machine does not trust another', async () => {
  await using first = await openTestBox();
  await using second = await openTestBox();
  await first.machine();
  await second.machine();
  const access = { ...(await first.access()), server: (await second.access()).server };
  await expect(createKubeApi(access).request('GET', '/readyz')).rejects.toThrow(/certificate/);
});

/** The contents of all files under `dir` whose path matches. */
async function files(dir: string, path: RegExp): Promise<Buffer[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const wanted = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => path.test(file));
  return Promise.all(wanted.map((file) => readFile(file)));
}
