import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { createAuthority } from '../../src/rehearsal/pki.ts';
import { type Machines, openMachines, template, topology } from '../support/machines.ts';

// The whole layer `platform`. Of its two providers that of Proxmox is the real one; that of Talos is a stand-in, for no
// registry here serves the real one: what it would make of the configuration, and of a machine, is not seen here.

const apply = ['apply', '-auto-approve', '-input=false', '-no-color'] as const;
const plan = ['plan', '-detailed-exitcode', '-input=false', '-no-color'] as const;

const vip = '127.0.66.10';
const values = {
  ...{ vip, kubernetes: '1.34.1', source_of_disk: { template: template.vmid } },
  talos: { version: 'v1.13.0', installer: 'factory.talos.dev/nocloud-installer/0123:v1.13.0' },
  // The API server that answers at the VIP is on loopback, and so is all else then.
  network: { ...topology.network, gateway: '127.0.66.1' },
  machines: {
    'cp-1': { ...topology.machines['cp-1'], address: '127.0.66.11' },
    'worker-1': { ...topology.machines['worker-1'], address: '127.0.66.14' },
  },
  registry_mirrors: { 'ghcr.io': ['https://mirror.example.org/ghcr'] },
};
/** As the stand-in of Talos shows the cluster of the secrets that a file has. */
const firstCluster = `# cluster ${Buffer.from('first.cluster.id').toString('base64')}\n`;
const machineSecrets = (cluster: string) => `cluster: { id: ${cluster} }\ncerts: { os: { key: abc } }\n`;

/** The layer, and an API server that answers strangers with 401 at its VIP. */
async function openPlatform() {
  const castle = await openMachines({ talos: true });
  const authority = createAuthority('kubernetes');
  const { certificate, key } = authority.server({ commonName: 'kube-apiserver' }, [vip]);
  const server = createServer({ cert: certificate, key }, (_, response) => response.writeHead(401).end());
  await new Promise<void>((resolve) => server.listen(6443, vip, resolve));
  await writeFile(join(castle.talosDir, 'ca.pem'), authority.certificate);
  const secretsFile = join(castle.talosDir, 'secrets.yaml');
  await writeFile(secretsFile, machineSecrets('first'));
  await castle.set({ ...values, machine_secrets_file: secretsFile });
  return {
    ...castle,
    secretsFile,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await castle[Symbol.asyncDispose]();
    },
  };
}

async function configurationOf({ talosDir }: Machines, address: string) {
  const text = await readFile(join(talosDir, `${address}.yaml`), 'utf8');
  return { text, documents: parseAllDocuments(text).map((document): unknown => document.toJS()) };
}

describe('the whole platform', { timeout: 180_000 }, () => {
  test('configures its machines, bootstraps once, and hands over what the other layers need', async () => {
    await using castle = await openPlatform();
    const first = await castle.tofu(...apply);
    expect(first.output).toContain('Apply complete!');
    expect(existsSync(join(castle.talosDir, 'bootstrapped'))).toBe(true);

    const control = await configurationOf(castle, '127.0.66.11');
    expect(control.text).toMatch(/^# controlplane of tazlab\n/);
    expect(control.text).toContain(firstCluster);
    const sans = [vip, '127.0.66.11'];
    for (const part of [
      { machine: { certSANs: sans, install: { image: values.talos.installer } } },
      { cluster: { apiServer: { certSANs: sans }, allowSchedulingOnControlPlanes: false } },
      { kind: 'HostnameConfig', hostname: 'tazlab-cp-1', auto: 'off' },
      {
        kind: 'RegistryMirrorConfig',
        name: 'ghcr.io',
        endpoints: [{ url: 'https://mirror.example.org/ghcr' }],
      },
      { kind: 'Layer2VIPConfig', name: vip, link: 'castle' },
    ])
      expect(control.documents).toContainEqual(expect.objectContaining(deep(part)));
    const worker = await configurationOf(castle, '127.0.66.14');
    expect(worker.text).toMatch(/^# worker of tazlab\n/);
    expect(worker.text).not.toMatch(/Layer2VIPConfig|apiServer/);
    // 1.12 would refuse the whole configuration for its `mount`, and 1.13 does not need it.
    expect(control.text + worker.text).not.toContain('VolumeConfig');

    const outputs = JSON.parse((await castle.tofu('output', '-json')).output) as Record<
      string,
      { sensitive: boolean }
    >;
    expect(outputs).toMatchObject({
      kubeconfig: { sensitive: true },
      talosconfig: { sensitive: true, value: expect.stringContaining('endpoints: [127.0.66.11]') },
      endpoint: { sensitive: false, value: `https://${vip}:6443` },
      addresses: { value: { 'cp-1': '127.0.66.11', 'worker-1': '127.0.66.14' } },
      cluster_id: { sensitive: false, value: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    expect((await castle.tofu(...plan)).output).toContain('No changes.');
    expect(await castle.tofu('destroy', '-auto-approve', '-input=false', '-no-color')).toMatchObject({
      code: 0,
    });
    expect(castle.proxmox.machines.map(({ vmid }) => vmid)).toEqual([template.vmid]);
  });

  test('of which the state is lost is adopted with its secrets and without another bootstrap', async () => {
    await using castle = await openPlatform();
    expect((await castle.tofu(...apply)).output).toContain('Apply complete!');
    await rm(join(castle.root, 'terraform.tfstate'));
    const adopt = { 'cp-1': 421, 'worker-1': 424 };

    await castle.set({ ...values, adopt });
    expect((await castle.tofu(...plan)).output).toContain('`adopt` without MACHINE_SECRETS');

    const adopted = { ...values, machine_secrets_file: castle.secretsFile };
    await castle.set({ ...adopted, adopt });
    const again = await castle.tofu(...apply);
    expect(again.output).toMatch(/Resources: 4 imported, \d added, \d changed, 0 destroyed/);
    expect((await configurationOf(castle, '127.0.66.11')).text).toContain(firstCluster);
    await castle.set(adopted);
    expect((await castle.tofu(...plan)).output).toContain('No changes.');
  });

  test.each([
    ['v1.14.0', true, true],
    ['v1.14.0-beta.1', true, true],
    ['v1.12.5', true, false],
    ['v1.14.0', false, false],
  ])(
    'of Talos %s with Longhorn %s may run programs from /var by a document: %s',
    async (version, longhorn, is) => {
      await using castle = await openPlatform();
      await castle.set({ ...values, longhorn, talos: { ...values.talos, version } });
      expect((await castle.tofu(...apply)).output).toContain('Apply complete!');
      for (const address of ['127.0.66.11', '127.0.66.14']) {
        const { documents } = await configurationOf(castle, address);
        const volumes = documents.filter(
          (document) => (document as { kind?: string }).kind === 'VolumeConfig',
        );
        const opened = {
          apiVersion: 'v1alpha1',
          kind: 'VolumeConfig',
          name: 'EPHEMERAL',
          mount: { secure: false },
        };
        expect(volumes).toEqual(is ? [opened] : []);
      }
    },
  );

  test('is bootstrapped all the same where only a worker is adopted', async () => {
    await using castle = await openPlatform();
    await castle.set({ ...values, machine_secrets_file: castle.secretsFile });
    expect(await castle.tofu('apply', '-target=module.machines', '-auto-approve', '-no-color')).toMatchObject(
      { code: 0 },
    );
    const { 'worker-1': worker } = values.machines;
    expect(
      await castle.tofu('state', 'rm', 'module.machines.proxmox_virtual_environment_vm.machine["worker-1"]'),
    ).toMatchObject({ code: 0 });
    await castle.set({
      ...values,
      machine_secrets_file: castle.secretsFile,
      adopt: { 'worker-1': worker.vmid },
    });
    expect((await castle.tofu(...apply)).output).toContain('Apply complete!');
    expect(existsSync(join(castle.talosDir, 'bootstrapped'))).toBe(true);
  });
});

/** `part` as a matcher that lets its inner objects have more. */
function deep(part: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [
      key,
      typeof value === 'object' && !Array.isArray(value)
        ? expect.objectContaining(deep(value as object))
        : value,
    ]),
  );
}
