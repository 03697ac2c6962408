import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAdmissionWebhook } from '../support/admission-webhook.ts';
import { eventually } from '../support/box.ts';
import { expectCode } from '../support/codes.ts';
import { temporaryFolder } from '../support/folder.ts';
import { goModule } from '../support/go-module.ts';
import { type LocalServer, serveLocally } from '../support/local-server.ts';
import { type ModuleCluster, openModuleCluster } from '../support/module-cluster.ts';
import { warmTools } from '../support/world.ts';

const namespace = 'metallb-system';
const service = 'metallb-webhook-service';
const configuration = 'metallb-webhook-configuration';

let cluster: ModuleCluster;
let publisher: LocalServer;
let metallb: { source: string; sha256: string };

beforeAll(async () => {
  await warmTools(['etcd', 'kube-apiserver', 'kubectl', 'tofu']);
  const folder = await goModule('go.universe.tf/metallb', 'v0.16.2');
  const content = await readFile(join(folder, 'config/manifests/metallb-native.yaml'));
  publisher = await serveLocally((_request, response) => response.end(content));
  const sha256 = createHash('sha256').update(content).digest('hex');
  metallb = { source: `${publisher.url}/metallb-native.yaml`, sha256 };
  cluster = await openModuleCluster();
}, 900_000);

afterAll(async () => {
  await publisher?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

const variables = (more: object = {}) => ({
  ...{ cluster_id: 'one', metallb, addresses: ['10.0.0.240-10.0.0.250'], timeout: '60s', ...more },
});

/** The API server of the box reaches no Service: MetalLB's own webhook configuration is pointed at the test's. */
async function pointAt(url: string, caBundle: string): Promise<void> {
  const { webhooks } = await cluster.json('validatingwebhookconfiguration', configuration);
  const changed = webhooks.map((one: { clientConfig: { service?: { path?: string } } }) => ({
    ...one,
    timeoutSeconds: 2,
    clientConfig: { url, caBundle },
  }));
  await cluster.kube([
    ...['patch', 'validatingwebhookconfiguration', configuration, '--type=merge'],
    `--patch=${JSON.stringify({ webhooks: changed })}`,
  ]);
}

const pools = async () => (await cluster.json('ipaddresspools.metallb.io', '--all-namespaces')).items;

describe('networking with MetalLB', () => {
  test('applies the pinned manifest, and the pool once the webhook answers; again, it changes nothing', async () => {
    await using own = await startAdmissionWebhook();
    const applying = cluster.tofu('networking', 'apply', variables());
    await eventually('the manifest is applied', 60, () =>
      cluster.json('validatingwebhookconfiguration', configuration).then(
        () => true,
        () => false,
      ),
    );
    await pointAt(own.url, own.caBundle);
    await cluster.sayRolledOut(namespace, 'deployment', 'controller');
    await cluster.sayEndpoint(namespace, service, false);
    await sleep(2_000);
    expect(own.asked()).toBe(0);
    await cluster.sayEndpoint(namespace, service, true);
    await sleep(2_000);
    expect(await pools()).toEqual([]);
    await own.become('admits');
    const applied = await applying;
    expect(applied.code, applied.output).toBe(0);
    expect(applied.output).toMatch(/none of its 1 endpoints is ready/);
    expect(applied.output).toMatch(/failed calling webhook .*connection refused/);
    expect(await pools()).toMatchObject([
      { metadata: { name: 'castle' }, spec: { addresses: ['10.0.0.240-10.0.0.250'] } },
    ]);
    const speaker = await cluster.json('daemonset', 'speaker', `--namespace=${namespace}`);
    const [container] = speaker.spec.template.spec.containers;
    expect(container.readinessProbe).toMatchObject({ periodSeconds: 2 });
    expect(container.args).toContain('--ignore-exclude-lb');
    const { metadata } = await cluster.json('namespace', namespace);
    expect(metadata.labels['pod-security.kubernetes.io/enforce']).toBe('privileged');
    await cluster.json('ingressclass', 'traefik');
    expectCode(await cluster.tofu('networking', 'plan', variables()), 0);
    const other = await cluster.tofu('networking', 'plan', variables({ cluster_id: 'two' }));
    expect(other.code, other.output).toBe(2);
    expect(other.output).toContain('3 to add, 0 to change, 3 to destroy');
  });

  test('applies nothing of a manifest that is not the one that was pinned', async () => {
    const other = { ...metallb, sha256: '0'.repeat(64) };
    const applied = await cluster.tofu('networking', 'apply', variables({ metallb: other }));
    expect(applied.code, applied.output).toBe(1);
    expect(applied.output).toContain('is not the file that was pinned');
    expect(applied.output).not.toContain('serverside-applied');
  });

  test('runs the controller alone where the CRDs are all that is given, and no speaker', async () => {
    await using folder = await temporaryFolder();
    const bases = join(await goModule('go.universe.tf/metallb', 'v0.16.2'), 'config/crd/bases');
    const texts = await Promise.all(
      (await readdir(bases)).map((name) => readFile(join(bases, name), 'utf8')),
    );
    const source = join(folder.dir, 'crds.yaml');
    await writeFile(source, texts.join('\n---\n'));
    await using alone = await openModuleCluster();
    const given = { cluster_id: 'node', crds: [{ source }], addresses: ['10.99.0.100-10.99.0.120'] };
    const applying = alone.tofu('networking', 'apply', { ...given, timeout: '5s' });
    await alone.rollOutWhenThere(namespace, 'deployment', 'controller');
    const applied = await applying;
    // Nothing answers for the webhook here, and the pool is not applied before it has been asked.
    expect(applied.code, applied.output).toBe(1);
    expect(applied.output).toContain(`service/${namespace}/${service}: not within 5s`);
    const { items } = await alone.json('daemonsets', '--all-namespaces');
    expect(items).toEqual([]);
    const { metadata } = await alone.json('namespace', namespace);
    expect(metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
    const { spec } = await alone.json('deployment', 'controller', `--namespace=${namespace}`);
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'one', namespace },
      spec: spec.template.spec,
    };
    await alone.kube(['create', '--dry-run=server', '--filename=-'], JSON.stringify(pod));
    const crd = await alone.json('customresourcedefinition', 'bgppeers.metallb.io');
    expect(crd.spec.conversion.strategy).toBe('Webhook');
    const { webhooks } = await alone.json('validatingwebhookconfiguration', configuration);
    expect(webhooks).toHaveLength(6);
  });
});
