import { createServer as createTlsServer } from 'node:tls';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createAuthority } from '../../src/rehearsal/pki.ts';
import { startProxmox } from '../../src/rehearsal/stand-ins/proxmox.ts';
import { serveLocally } from '../support/local-server.ts';
import { made, smallCastle } from '../support/small-castle.ts';
import { warmTools } from '../support/world.ts';

// Proxmox is a stand-in; certificates, clocks and sockets are real.

const secret = '11111111-2222-3333-4444-555555555555';
const token = `phoenix@pve!doctor=${secret}`;
/** Loopback: nobody listens there, so a knock is refused, and that is an answer. */
const address = '127.0.0.77';

const vm = (name: string, more: Readonly<Record<string, string>> = {}) => ({
  ...{ vmid: 421, status: 'running' as const },
  config: { name, tags: 'phoenix', agent: 'enabled=1', ...more },
});

async function openIron(options: {
  readonly inputs?: string;
  readonly yaml?: string;
  readonly proxmox?: Partial<Parameters<typeof startProxmox>[0]>;
}) {
  const ends = new AsyncDisposableStack();
  const authority = createAuthority('authority');
  const { certificate, key } = authority.server({ commonName: 'pve' }, ['127.0.0.1']);
  const proxmox = await startProxmox({ token, ...options.proxmox }, { tls: { certificate, key } });
  ends.defer(() => proxmox.close());
  const world = ends.use(
    await smallCastle(
      { platform: { main: made } },
      {
        yaml: [
          'kubeconfig: { layer: platform }',
          'destroy: { vmids: 421-432, tag: phoenix }',
          `proxmox: { endpoint: "${proxmox.url}", token-id: "phoenix@pve!castle", token-secret: PROXMOX_TOKEN_SECRET, ca-file: ca.pem }`,
          options.yaml ?? '',
          '',
        ].join('\n'),
        secrets: { PROXMOX_TOKEN_SECRET: { value: secret, use: '{ layers: [] }' } },
      },
    ),
  );
  const machines = `{ cp-1 = { vmid = 421, address = "${address}", role = "controlplane" } }`;
  await world.write({
    'ca.pem': authority.certificate,
    'live/platform/terragrunt.hcl': `inputs = {\n  machines = ${machines}\n  ${options.inputs ?? ''}\n}\n`,
  });
  return {
    authority,
    world,
    proxmox,
    async doctor(only: string, env: Readonly<Record<string, string>> = { PROXMOX_VE_API_TOKEN: token }) {
      const { code, stdout, stderr } = await world.run(['doctor', '--json', '--only', only], env);
      const parsed = z
        .object({
          checks: z.array(
            z.object({ id: z.string(), status: z.string(), saw: z.string(), next: z.string().optional() }),
          ),
        })
        .parse(JSON.parse(stdout));
      expect(stdout + stderr).not.toContain(secret);
      const [check] = parsed.checks;
      return { code, ...check };
    },
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

describe('the doctor of the iron', () => {
  test('asks Proxmox nothing without a token, and says which variable brings one', async () => {
    await using iron = await openIron({});
    const said = await iron.doctor('proxmox.storage', {});
    expect(said).toMatchObject({ status: 'skipped', next: expect.stringContaining('PROXMOX_VE_API_TOKEN') });
    expect(iron.proxmox.requests).toEqual([]);
    expect(await iron.doctor('proxmox.storage', { PROXMOX_VE_API_TOKEN: 'nonsense' })).toMatchObject({
      code: 2,
      status: 'failed',
    });
  });

  test('names a token that Proxmox does not take', async () => {
    await using iron = await openIron({ proxmox: { faults: ['401'] } });
    expect(await iron.doctor('proxmox.storage')).toMatchObject({
      code: 2,
      saw: expect.stringContaining('PHX-PROXMOX-AUTH'),
    });
  });

  test('fails on a storage that is full, and on none that has room', async () => {
    const gib = 1024 ** 3;
    const storages = (total: number) => [
      { name: 'local-lvm', type: 'lvmthin' as const, content: ['images' as const], total },
    ];
    const machines = [vm('small-cp-1', { scsi0: 'local-lvm:vm-421-disk-0,size=40G' })];
    await using full = await openIron({ proxmox: { machines, storages: storages(42 * gib) } });
    expect(await full.doctor('proxmox.storage')).toMatchObject({
      code: 2,
      saw: 'full: local-lvm on pve 95 %',
    });
    await using roomy = await openIron({ proxmox: { machines, storages: storages(400 * gib) } });
    expect(await roomy.doctor('proxmox.storage')).toMatchObject({ code: 0, status: 'ok' });
  });

  test("tells a VM of somebody else on the castle's VM id from its own", async () => {
    await using foreign = await openIron({ proxmox: { machines: [vm('mail')] } });
    expect(await foreign.doctor('proxmox.machines')).toMatchObject({
      code: 2,
      saw: expect.stringContaining('421 (for small-cp-1) is the VM mail on pve'),
    });
    expect(await foreign.doctor('proxmox.addresses')).toMatchObject({
      code: 2,
      saw: `somebody else answers at ${address} (for cp-1)`,
    });
    await using own = await openIron({ proxmox: { machines: [vm('small-cp-1')] } });
    expect(await own.doctor('proxmox.machines')).toMatchObject({ code: 0, status: 'ok' });
    expect(await own.doctor('proxmox.addresses')).toMatchObject({ code: 0, status: 'ok' });
    expect(await own.doctor('proxmox.addresses', {})).toMatchObject({ code: 0, status: 'warning' });
  });

  test('notices a guest agent that is promised and absent', async () => {
    const machines = [vm('small-cp-1')];
    await using absent = await openIron({ proxmox: { machines, faults: ['agent-absent'] } });
    expect(await absent.doctor('proxmox.agent')).toMatchObject({
      status: 'warning',
      saw: expect.stringContaining('421 small-cp-1'),
    });
    await using present = await openIron({ proxmox: { machines, agentMs: 0 } });
    expect(await present.doctor('proxmox.agent')).toMatchObject({
      status: 'ok',
      saw: 'the guest agent answers on 1 of 1 VMs',
    });
    await using none = await openIron({ proxmox: { machines: [vm('other')] } });
    expect((await none.doctor('proxmox.agent')).status).toBe('skipped');
  });

  test('says that the hypervisor is away, instead of nothing', async () => {
    await using iron = await openIron({ proxmox: { faults: ['595'] } });
    expect(await iron.doctor('proxmox.storage')).toMatchObject({
      code: 2,
      saw: expect.stringContaining('PHX-PROXMOX-UNREACHABLE'),
    });
  });

  test('finds Longhorn on a Talos that lets nothing run from /var', async () => {
    await using iron = await openIron({
      inputs: 'talos_version = "1.14.0"',
      yaml: 'gitops: { path: gitops, entry: . }',
    });
    expect((await iron.doctor('iron.talos-var')).status).toBe('ok');
    await iron.world.write({ 'gitops/longhorn.yaml': 'provisioner: driver.longhorn.io\n' });
    expect(await iron.doctor('iron.talos-var')).toMatchObject({ code: 2, status: 'failed' });
  });

  test('looks at the certificate that a machine really shows', async () => {
    await using iron = await openIron({});
    for (const [names, status] of [
      [['127.0.0.1'], 'failed'],
      [['127.0.0.1', address], 'ok'],
    ] as const) {
      const { certificate: cert, key } = iron.authority.server({ commonName: 'kubernetes' }, [...names]);
      const server = createTlsServer({ cert, key });
      await new Promise<void>((resolve) => server.listen(6443, address, resolve));
      try {
        expect((await iron.doctor('iron.cert-sans')).status).toBe(status);
      } finally {
        await new Promise((resolve) => server.close(resolve));
      }
    }
  });

  test('compares the clock with that of a server, by its Date alone', async () => {
    const castle = async (offMs: number) => {
      const server = await serveLocally((_, response) => {
        response.setHeader('date', new Date(Date.now() + offMs).toUTCString());
        response.statusCode = 403;
        response.end();
      });
      const world = await smallCastle(
        { a: { main: made } },
        {
          source: `{ hashicorp-vault: { address: "${server.url}", role: r, path: /p } }`,
          secrets: { A: { value: '', use: '{ layers: [a] }' } },
        },
      );
      await using ends = new AsyncDisposableStack();
      ends.use(server);
      ends.use(world);
      const { code, stdout } = await world.run(['doctor', '--json', '--only', 'machine.clock']);
      const { status, saw } = JSON.parse(stdout).checks[0];
      return { code, status, saw };
    };
    expect(await castle(0)).toMatchObject({ code: 0, status: 'ok', saw: expect.stringContaining('agrees') });
    expect(await castle(20_000)).toMatchObject({ code: 0, status: 'warning' });
    expect(await castle(-600_000)).toMatchObject({ code: 2, status: 'failed' });
  });
});
