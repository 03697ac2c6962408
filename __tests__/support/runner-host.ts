import { spawn } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAuthority } from '../../src/rehearsal/pki.ts';
import { type ProxmoxStandIn, startProxmox } from '../../src/rehearsal/stand-ins/proxmox.ts';
import { warmProxmoxProvider } from './backends/proxmox-provider.ts';
import { temporaryFolder } from './folder.ts';
import { tool } from './tools.ts';

export const runnerModule = join(import.meta.dirname, '../../castle/runner');

const token = 'tofu@pve!runner=11111111-2222-3333-4444-555555555555';

/** What a user writes into terraform.tfvars, but for the snippet. */
export const variables = {
  node: 'pve',
  vmid: 900,
  castle: { vmids: '421-432', tag: 'phoenix' },
  network: { address: '10.0.0.20/24', gateway: '10.0.0.1', resolvers: ['10.0.0.1'] },
  image: { url: 'https://cloud.debian.org/images/cloud/bookworm/x.qcow2', sha512: 'a'.repeat(128) },
  runner: { version: '2.336.0', sha256: 'b'.repeat(64) },
  github: { client_id: 'Iv23', installation: 7, scope: 'orgs/castle-folk' },
  source_of_key: {
    infisical: { host: 'https://eu.infisical.com', project_id: 'p1', environment: 'prod', secret: 'APP_KEY' },
  },
  egress: { clocks: ['10.0.0.1'], addresses: ['10.0.0.5', '10.0.0.210'] },
  ssh: { keys: ['ssh-ed25519 AAAA one'], from: ['10.0.0.0/24'] },
} as const;

export interface RunnerHost extends AsyncDisposable {
  readonly proxmox: ProxmoxStandIn;
  /** Exit code and all that was printed. */
  tofu(...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }>;
  /** Sets the variables; `snippet` empty renders the user-data only. */
  set(values: Readonly<Record<string, unknown>>): Promise<void>;
}

/** The module in a folder of its own, initialised with the real provider, before a Proxmox that has `snippets`. */
export async function openRunnerHost(
  options: { readonly snippets?: readonly string[]; readonly faults?: readonly string[] } = {},
): Promise<RunnerHost> {
  const mirror = await warmProxmoxProvider();
  const engine = await tool('tofu');
  const folder = await temporaryFolder();
  const authority = createAuthority('authority');
  const { certificate, key } = authority.server({ commonName: 'pve' }, ['127.0.0.1']);
  const proxmox = await startProxmox(
    {
      token,
      faults: [...(options.faults ?? [])],
      storages: [
        {
          name: 'local',
          content: ['iso', 'import', 'snippets'],
          files: (options.snippets ?? []).map((name) => `snippets/${name}`),
        },
        { name: 'local-lvm', type: 'lvmthin', content: ['images'] },
      ],
    },
    { tls: { certificate, key } },
  );
  const module = join(folder.dir, 'runner');
  await cp(runnerModule, module, { recursive: true });
  await writeFile(join(folder.dir, 'ca.pem'), authority.certificate);
  const settings = join(folder.dir, 'tofurc');
  await writeFile(settings, `provider_installation {\n  filesystem_mirror { path = "${mirror}" }\n}\n`);
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: folder.dir,
    TF_CLI_CONFIG_FILE: settings,
    TF_IN_AUTOMATION: '1',
    SSL_CERT_FILE: join(folder.dir, 'ca.pem'),
    PROXMOX_VE_ENDPOINT: proxmox.url,
    PROXMOX_VE_API_TOKEN: token,
  };
  const tofu: RunnerHost['tofu'] = async (...args) => {
    const child = spawn(engine, [`-chdir=${module}`, ...args], {
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
    return { code, output };
  };
  const { code, output } = await tofu('init', '-input=false', '-no-color');
  if (code !== 0) throw new Error(`tofu init failed: ${output}`);
  return {
    proxmox,
    tofu,
    set: (values) =>
      writeFile(join(module, 'terraform.tfvars.json'), JSON.stringify({ ...variables, ...values })),
    async [Symbol.asyncDispose]() {
      await proxmox.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** What the module renders: the name that the snippet must have, and its text. Makes nothing. */
export async function renderRunnerHost(
  values: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly snippet: string; readonly userData: string }> {
  await using host = await openRunnerHost();
  await host.set(values);
  const applied = await host.tofu('apply', '-auto-approve', '-input=false', '-no-color');
  if (applied.code !== 0) throw new Error(`tofu apply failed: ${applied.output}`);
  const snippet = (await host.tofu('output', '-raw', 'snippet')).output;
  return { snippet, userData: (await host.tofu('output', '-raw', 'user_data')).output };
}
