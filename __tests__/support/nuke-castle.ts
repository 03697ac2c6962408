import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { connectProxmox } from '../../src/proxmox/client.ts';
import { deleteMachine, stopMachine } from '../../src/proxmox/machines.ts';
import { awaitTask } from '../../src/proxmox/tasks.ts';
import { createAuthority } from '../../src/rehearsal/pki.ts';
import { type ProxmoxStandIn, startProxmox } from '../../src/rehearsal/stand-ins/proxmox.ts';
import { freePort } from './backends/port.ts';
import { warmProxmoxProvider } from './backends/proxmox-provider.ts';
import { made, smallCastle } from './small-castle.ts';
import { unmaking } from './unmade.ts';
import type { World } from './world.ts';

export const token = { id: 'phoenix@pve!castle', secret: '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0' };
type Machines = NonNullable<Parameters<typeof startProxmox>[0]['machines']>;

const shown = (vmid: number, name: string, tags: string) => ({
  ...{ name, tags, smbios1: `uuid=00000000-0000-4000-8000-${String(vmid).padStart(12, '0')}` },
  scsi0: `local-lvm:vm-${vmid}-disk-0,size=8G`,
});

/** What is not the castle's and looks like it in part. */
export const strangers: Machines = [
  { vmid: 420, status: 'running', config: shown(420, 'small-old', 'phoenix') },
  { vmid: 423, status: 'running', config: shown(423, 'small-db', 'phoenix-old') },
  { vmid: 424, status: 'running', config: shown(424, 'db', 'phoenix') },
  { vmid: 425, kind: 'lxc', status: 'running', config: shown(425, 'small-ct', 'phoenix') },
  { vmid: 900, status: 'running', config: { ...shown(900, 'runner', 'runner'), protection: '1' } },
];

/** The castle's own VMs, as its layer would have made them. */
export const own: Machines = [
  { vmid: 421, status: 'running', config: shown(421, 'small-cp-1', 'phoenix;small') },
  { vmid: 422, status: 'stopped', config: shown(422, 'small-w-1', 'phoenix;small') },
];

export interface NukeCastle extends AsyncDisposable {
  readonly world: World;
  readonly proxmox: ProxmoxStandIn;
  /** The environment of its runs. */
  readonly env: Readonly<Record<string, string>>;
  /** Resources of each layer's state, as types; undefined where it has none. */
  states(): Promise<Readonly<Record<string, readonly string[] | undefined>>>;
  forgetStates(): Promise<void>;
  /** Makes a VM, makes it another one, or takes it away, as a hand would: with the castle's token. */
  byHand(vmid: number, config: Readonly<Record<string, string>> | 'deleted'): Promise<void>;
  /** Requests that would change something, since the last time they were asked for. */
  changes(): string[];
}

/**
 * A castle whose cluster is dead, on a stand-in of Proxmox over TLS: `engine` and `storage` live in the cluster and would
 * hang if they were destroyed; `platform` makes it, of VMs of the real provider where `real` says so, else of nothing;
 * `dns` stands beside.
 */
export async function nukeCastle(given: {
  readonly real?: boolean;
  readonly machines?: Machines;
  readonly faults?: readonly string[];
  readonly taskMs?: number;
  readonly yaml?: string;
  /** Files on a storage for images, from the beginning. */
  readonly images?: readonly string[];
}): Promise<NukeCastle> {
  const authority = createAuthority('authority');
  const {
    machines = [...own, ...strangers],
    faults = [],
    taskMs = 20,
    yaml = '',
    real = false,
    images,
  } = given;
  const proxmox = await startProxmox(
    {
      ...{ token: `${token.id}=${token.secret}`, machines, faults: [...faults], taskMs, agentMs: 20 },
      ...(images === undefined ? {} : { storages: storagesWith(images) }),
    },
    { tls: authority.server({ commonName: 'pve' }, ['127.0.0.1']) },
  );
  const vms = real ? realMachines(proxmox.url) : made;
  const world = await smallCastle(
    {
      secrets: { main: made },
      platform: { after: ['secrets'], main: `${vms}${await deadKubeconfig()}` },
      engine: { after: ['platform'], main: `${unmaking('sleep 600')}output "token" {\n  value = "t"\n}\n` },
      storage: { after: ['engine'], main: unmaking('sleep 600') },
      dns: { main: made },
    },
    {
      // Only a platform of real VMs needs the token itself.
      secrets: {
        ...(real ? { PROXMOX_TOKEN_SECRET: { value: token.secret, use: '{ layers: [platform] }' } } : {}),
        OTHER: { value: 'other-value-0123456789', use: '{}' },
      },
      yaml: [
        'kubeconfig: { layer: platform }',
        'lease: { place: machine }',
        `proxmox: { endpoint: ${proxmox.url}, token-id: "${token.id}", token-secret: PROXMOX_TOKEN_SECRET, ca-file: ca.pem }`,
        `destroy: { vmids: 421-432, tag: phoenix, mode: nuke${yaml} }`,
        '',
      ].join('\n'),
    },
  );
  await world.write({ 'ca.pem': authority.certificate });
  await world.writeSecrets({ PROXMOX_TOKEN_SECRET: token.secret });
  for (const [name, after] of Object.entries({
    ...{ secrets: [], platform: ['secrets'], engine: ['platform'], storage: ['engine'], dns: [] },
  }))
    await world.write({ [`live/${name}/terragrunt.hcl`]: unit(world, name, after) });
  const env: Record<string, string> = { SSL_CERT_FILE: join(world.dir, 'ca.pem') };
  if (real) {
    const file = join(world.dir, 'tofu.rc');
    const mirror = await warmProxmoxProvider();
    await writeFile(file, `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`);
    env['TF_CLI_CONFIG_FILE'] = file;
    // The provider leaves a lock file of its own there, for its next start.
    env['TMPDIR'] = join(world.dir, 'home');
  }
  const stateOf = (name: string) => join(world.dir, 'states', `${name}.tfstate`);
  const layers = ['secrets', 'platform', 'engine', 'storage', 'dns'];
  let told = 0;
  return {
    ...{ world, proxmox, env },
    async states() {
      const each = layers.map(async (name): Promise<[string, readonly string[] | undefined]> => {
        const text = await readFile(stateOf(name), 'utf8').catch(() => undefined);
        if (text === undefined) return [name, undefined];
        const { resources } = JSON.parse(text) as {
          readonly resources: readonly { readonly type: string }[];
        };
        return [name, resources.map(({ type }) => type)];
      });
      return Object.fromEntries(await Promise.all(each));
    },
    forgetStates: () => rm(join(world.dir, 'states'), { recursive: true, force: true }),
    async byHand(vmid, config) {
      const { env, signal } = { env: {}, signal: AbortSignal.timeout(30_000) };
      const api = connectProxmox(
        { endpoint: proxmox.url, tokenId: token.id, caFile: join(world.dir, 'ca.pem') },
        token.secret,
        { env, signal, fetch: globalThis.fetch },
      );
      const place = { vmid, node: 'pve' };
      if (config === 'deleted') {
        await awaitTask(api, await stopMachine(api, place), 30_000, 'stop');
        await awaitTask(api, await deleteMachine(api, place), 30_000, 'delete');
        return;
      }
      const there = proxmox.machines.some((each) => each.vmid === vmid);
      const route = there
        ? { route: `/nodes/pve/qemu/${vmid}/config`, to: 'change it', parameters: config }
        : { route: '/nodes/pve/qemu', to: 'make it', parameters: { vmid, ...config } };
      await awaitTask(api, await api.change('POST', route, z.string()), 30_000, 'change');
    },
    changes() {
      const all = proxmox.requests
        .filter(({ method }) => method !== 'GET')
        .map(({ method, path }) => `${method} ${path.replace('/api2/json/nodes/pve/qemu/', '')}`);
      const since = all.slice(told);
      told = all.length;
      return since;
    },
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await proxmox.close();
    },
  };
}

const storagesWith = (files: readonly string[]) => [
  { name: 'local-lvm', type: 'lvmthin' as const, content: ['images' as const] },
  { name: 'nfs', type: 'nfs' as const, content: ['images' as const], files: [...files] },
];

/** A unit whose state lies outside its folder, and which needs the outputs of those it depends on. */
function unit({ dir }: World, name: string, after: readonly string[]): string {
  const backend = `remote_state {\n  backend = "local"\n  config = { path = "${dir}/states/${name}.tfstate" }\n  generate = { path = "backend.tf", if_exists = "overwrite" }\n}\n`;
  // `secrets` has no outputs to be read.
  const [below] = after;
  const order =
    below === undefined
      ? ''
      : below === 'secrets'
        ? 'dependencies {\n  paths = ["../secrets"]\n}\n'
        : `dependency "below" {\n  config_path = "../${below}"\n}\n`;
  return backend + order;
}

async function deadKubeconfig(): Promise<string> {
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config' },
    clusters: [{ name: 'dead', cluster: { server: `https://127.0.0.1:${await freePort()}` } }],
    users: [{ name: 'nobody', user: {} }],
    contexts: [{ name: 'dead', context: { cluster: 'dead', user: 'nobody' } }],
    'current-context': 'dead',
  };
  return `output "kubeconfig" {\n  value = ${JSON.stringify(JSON.stringify(config))}\n}\n`;
}

function realMachines(endpoint: string): string {
  return `
terraform {
  required_providers {
    proxmox = { source = "bpg/proxmox", version = "0.80.0" }
  }
}
variable "proxmox_token_secret" {
  type      = string
  sensitive = true
}
provider "proxmox" {
  endpoint  = "${endpoint}"
  api_token = "${token.id}=\${var.proxmox_token_secret}"
}
resource "proxmox_virtual_environment_vm" "machine" {
  for_each  = { "cp-1" = 421, "w-1" = 422 }
  node_name = "pve"
  vm_id     = each.value
  name      = "small-\${each.key}"
  tags      = ["phoenix", "small"]
  agent {
    enabled = false
  }
  stop_on_destroy = true
  disk {
    datastore_id = "local-lvm"
    interface    = "scsi0"
    size         = 8
  }
}
`;
}
