import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../src/command.ts';
import { accountKubeconfig } from '../../src/rehearsal/account.ts';
import type { Deployment } from '../../src/rehearsal/container.ts';
import { openTestBox, type TestBox } from '../support/box.ts';
import { expectCode } from '../support/codes.ts';
import { built, type Manifest, podTemplateOf } from '../support/reference-tree.ts';
import { tool } from '../support/tools.ts';

const secret = 'tazlab-db-pguser-mnemosyne';
let world: TestBox;
let folder: string;
let file: string;
let apps: Manifest[];

beforeAll(async () => {
  world = await openTestBox();
  await world.machine();
  folder = await mkdtemp(join(tmpdir(), 'phoenix-wait-'));
  file = await tool('kubectl');
  await writeFile(join(folder, 'admin'), await world.kubeconfig(), { mode: 0o600 });
  apps = await built('apps/data');
  expectCode(await admin(['create', 'namespace', 'tazlab-db']), 0);
  const items = apps.filter(({ kind }) => ['ServiceAccount', 'Role', 'RoleBinding'].includes(kind));
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  expectCode(await admin(['apply', '--server-side', '--filename=-'], input), 0);
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** A container has no home that can be written. */
const bare = { HOME: '/nonexistent', PATH: '' };
const admin = (args: readonly string[], input?: string) =>
  capture(file, [`--kubeconfig=${join(folder, 'admin')}`, ...args], {
    env: bare,
    ...(input === undefined ? {} : { input }),
  });

/** Runs kubectl with the arguments of the init container and the token of the pod's own ServiceAccount. */
async function waits(app: string, change: (arg: string) => string = (arg) => arg) {
  const manifest = apps.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === app);
  const [init] = (manifest && podTemplateOf(manifest)?.spec.initContainers) ?? [];
  const { server, ca } = await world.access();
  const kubeconfig = join(folder, app);
  const signal = AbortSignal.timeout(30_000);
  const account = await accountKubeconfig(
    { api: await world.api(), server, ca },
    manifest as unknown as Deployment,
    signal,
  );
  await writeFile(kubeconfig, account, { mode: 0o600 });
  return capture(file, (init?.args ?? []).map(change), { env: { ...bare, KUBECONFIG: kubeconfig } });
}

describe.each(['mnemosyne-mcp', 'pgadmin'])('the init container of %s', (app) => {
  const can = async (...what: readonly string[]) => {
    const as = `--as=system:serviceaccount:tazlab-db:${app}`;
    return (await admin(['auth', 'can-i', as, '--namespace=tazlab-db', ...what])).stdout.trim();
  };

  it('may get the one Secret that it waits for, and nothing else', async () => {
    expect(await can('get', `secret/${secret}`)).toBe('yes');
    expect(await can('get', 'secret/s3-backrest-creds')).toBe('no');
    for (const verb of ['list', 'watch', 'create', 'delete', '*'])
      expect(await can(verb, 'secrets'), verb).toBe('no');
    expect(await can('update', `secret/${secret}`)).toBe('no');
    expect(await can('get', 'configmaps')).toBe('no');
    expect(await can('get', `secret/${secret}`, '--namespace=kube-system')).toBe('no');
  });

  it('waits until the Secret is made, and no longer', async () => {
    let ended = false;
    const waiting = waits(app).finally(() => {
      ended = true;
    });
    await sleep(2500);
    expect(ended).toBe(false);
    const made = await admin(['create', 'secret', 'generic', secret, '--namespace=tazlab-db']);
    const since = Date.now();
    expectCode(made, 0);
    expect(await waiting).toMatchObject({ code: 0, stderr: '' });
    expect(Date.now() - since).toBeLessThan(10_000);
    await admin(['delete', 'secret', secret, '--namespace=tazlab-db']);
  });

  it('gives up at its deadline', async () => {
    const { code, stderr } = await waits(app, (arg) => (arg.startsWith('--timeout=') ? '--timeout=1s' : arg));
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('timed out waiting') });
  });

  it('fails at once, instead of waiting in vain, where it waits for another Secret than its Role names', async () => {
    const { code, stderr } = await waits(app, (arg) => arg.replace(secret, 'another'));
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('forbidden') });
  });
});
