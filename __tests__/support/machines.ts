import { spawn } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAuthority } from '../../src/rehearsal/pki.ts';
import { type ProxmoxStandIn, startProxmox } from '../../src/rehearsal/stand-ins/proxmox.ts';
import type { RequestRecord } from '../../src/rehearsal/stand-ins/server.ts';
import { warmProxmoxProvider } from './backends/proxmox-provider.ts';
import { warmTalosStandIn } from './backends/talos-stand-in.ts';
import { temporaryFolder } from './folder.ts';
import { tool } from './tools.ts';

const modules = join(import.meta.dirname, '../../castle/modules');

export const token = { id: 'phoenix@pve!castle', secret: '7d0f3c1e-94ab-4c52-8e6b-2f1a9d3b60c7' };

/** A template that stands on the node from the beginning. */
export const template = {
  vmid: 9000,
  config: {
    name: 'talos',
    template: '1',
    scsi0: 'local-lvm:base-9000-disk-0,size=3G',
    scsihw: 'virtio-scsi-single',
  },
};

/** What a user writes of his castle, but for Proxmox' address. */
export const topology = {
  castle: 'tazlab',
  vmids: '421-432',
  node: 'pve',
  machines: {
    'cp-1': { role: 'controlplane', vmid: 421, address: '192.0.2.11', disk: 20 },
    'worker-1': { role: 'worker', vmid: 424, address: '192.0.2.14', cores: 6, memory: 16384, disk: 80 },
  },
  network: { prefix: 24, gateway: '192.0.2.1', resolvers: ['192.0.2.1'] },
  source_of_disk: {
    image: { url: 'https://images.example.org/nocloud-amd64.qcow2', sha512: 'a'.repeat(128) },
  },
};

/** A stand-in of Proxmox over TLS, with the PEM of its authority; faults as proxmox-faults.ts has them. */
export async function openProxmox(
  faults: readonly string[] = [],
  onRequest?: (record: RequestRecord) => void,
): Promise<{ readonly proxmox: ProxmoxStandIn; readonly authority: string }> {
  const authority = createAuthority('authority');
  const { certificate, key } = authority.server({ commonName: 'pve' }, ['127.0.0.1']);
  const proxmox = await startProxmox(
    {
      token: `${token.id}=${token.secret}`,
      faults: [...faults],
      machines: [template],
      taskMs: 20,
      agentMs: 20,
    },
    { tls: { certificate, key }, ...(onRequest === undefined ? {} : { onRequest }) },
  );
  return { proxmox, authority: authority.certificate };
}

/**
 * The layer `platform` without its Talos half, in a folder of its own: its very files, and the module of the VMs.
 * Into `dir`: `modules/…` and the root module `modules/platform`.
 */
export async function copyMachines(dir: string): Promise<string> {
  const root = join(dir, 'modules/platform');
  await mkdir(root, { recursive: true });
  await cp(join(modules, 'proxmox-vms'), join(dir, 'modules/proxmox-vms'), { recursive: true });
  for (const file of ['proxmox.tf', 'machines.tf', 'adopt.tf'])
    await cp(join(modules, 'platform', file), join(root, file));
  await writeFile(
    join(root, 'versions.tf'),
    'terraform {\n  required_providers {\n    proxmox = { source = "bpg/proxmox" }\n  }\n}\n',
  );
  return root;
}

async function copyPlatform(dir: string): Promise<string> {
  for (const name of ['platform', 'proxmox-vms', 'talos-cluster'])
    await cp(join(modules, name), join(dir, 'modules', name), { recursive: true });
  return join(dir, 'modules/platform');
}

export interface Machines extends AsyncDisposable {
  readonly proxmox: ProxmoxStandIn;
  /** The root module. */
  readonly root: string;
  /** What the stand-in of Talos keeps: a configuration a machine, `bootstrapped`; and takes: `ca.pem` of the API server. */
  readonly talosDir: string;
  /** Exit code, and all that was printed without its frames and line ends. */
  tofu(...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }>;
  set(values?: Readonly<Record<string, unknown>>): Promise<void>;
}

/** The machines alone; with `talos`, the whole layer, its Talos half by the stand-in of that provider. */
export async function openMachines(options: { readonly talos?: boolean } = {}): Promise<Machines> {
  const mirrors = [
    await warmProxmoxProvider(),
    ...(options.talos === true ? [await warmTalosStandIn()] : []),
  ];
  const engine = await tool('tofu');
  const folder = await temporaryFolder({ 'talos/none': '' });
  const { proxmox, authority } = await openProxmox();
  const root = options.talos === true ? await copyPlatform(folder.dir) : await copyMachines(folder.dir);
  await writeFile(join(folder.dir, 'ca.pem'), authority);
  const settings = join(folder.dir, 'tofurc');
  const sources = mirrors.map((path) => `  filesystem_mirror {\n    path = "${path}"\n  }\n`);
  await writeFile(settings, `provider_installation {\n${sources.join('')}}\n`);
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: folder.dir,
    TF_CLI_CONFIG_FILE: settings,
    TF_IN_AUTOMATION: '1',
    SSL_CERT_FILE: join(folder.dir, 'ca.pem'),
    TALOS_STAND_IN: join(folder.dir, 'talos'),
  };
  const tofu: Machines['tofu'] = async (...args) => {
    const child = spawn(engine, [`-chdir=${root}`, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
    const code = await new Promise<number | null>((resolve) => {
      child.once('close', resolve);
    });
    return { code, output: output.replaceAll(/[│╷╵\s]+/g, ' ') };
  };
  const set: Machines['set'] = (values = {}) =>
    writeFile(
      join(root, 'terraform.tfvars.json'),
      JSON.stringify({
        ...topology,
        proxmox: { endpoint: proxmox.url, token_id: token.id },
        proxmox_token_secret: token.secret,
        ...values,
      }),
    );
  await set();
  const { code, output } = await tofu('init', '-input=false', '-no-color');
  if (code !== 0) throw new Error(`tofu init failed: ${output}`);
  return {
    proxmox,
    root,
    talosDir: join(folder.dir, 'talos'),
    tofu,
    set,
    async [Symbol.asyncDispose]() {
      await proxmox.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
