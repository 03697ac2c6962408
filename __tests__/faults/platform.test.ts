import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { warmProxmoxProvider } from '../support/backends/proxmox-provider.ts';
import { expectCode } from '../support/codes.ts';
import { copyMachines, openProxmox, template, token, topology } from '../support/machines.ts';
import { makeWorld, warmTools } from '../support/world.ts';

// A castle whose platform layer is the reference castle's without its Talos half, run by Phoenix with the real provider
// against the stand-in of Proxmox, which has the fault.

beforeAll(async () => {
  await warmTools(['tofu', 'terragrunt']);
  await warmProxmoxProvider();
}, 900_000);

async function openCastle(faults: readonly string[], values: Readonly<Record<string, unknown>> = {}) {
  const { proxmox, authority } = await openProxmox(faults);
  const world = await makeWorld();
  await copyMachines(world.dir);
  const inputs = { ...topology, proxmox: { endpoint: proxmox.url, token_id: token.id }, ...values };
  await world.write({
    'phoenix.yaml': `version: 1
castle: tazlab
live: live
secrets:
  source: { files: { dir: ${world.secrets} } }
  PROXMOX_TOKEN_SECRET: { layers: [platform] }
layers:
  platform: { timeout: 2m, stall: 90s, retry: { on: [proxmox-lock, http-5xx], times: 2 } }
lease: { place: machine }
state: { plaintext: allowed }
`,
    'live/platform/terragrunt.hcl': `terraform {
  source = "../../modules//platform"
}
remote_state {
  backend  = "local"
  config   = { path = "\${get_terragrunt_dir()}/terraform.tfstate" }
  generate = { path = "backend.tf", if_exists = "overwrite_terragrunt" }
}
inputs = jsondecode(file("inputs.json"))
`,
    'live/platform/inputs.json': JSON.stringify(inputs),
    'ca.pem': authority,
    tofurc: `provider_installation {\n  filesystem_mirror { path = "${await warmProxmoxProvider()}" }\n}\n`,
  });
  await world.writeSecrets({ PROXMOX_TOKEN_SECRET: token.secret });
  const env = { SSL_CERT_FILE: join(world.dir, 'ca.pem'), TF_CLI_CONFIG_FILE: join(world.dir, 'tofurc') };
  return {
    proxmox,
    set: (changed: Readonly<Record<string, unknown>>) =>
      writeFile(join(world.dir, 'live/platform/inputs.json'), JSON.stringify({ ...inputs, ...changed })),
    run: (...args: readonly string[]) => world.run(args, env),
    machines: () =>
      proxmox.machines
        .filter(({ vmid }) => vmid !== template.vmid)
        .map(({ vmid, status }) => `${vmid} ${status}`)
        .toSorted(),
    async [Symbol.asyncDispose]() {
      await proxmox.close();
      await world[Symbol.asyncDispose]();
    },
  };
}

type Castle = Awaited<ReturnType<typeof openCastle>>;

const whole = ['421 running', '424 running'];
const cloned = { source_of_disk: { template: template.vmid } };

async function expectDestroyed(castle: Castle): Promise<void> {
  const { code, output } = await castle.run('destroy', '--confirm', 'tazlab');
  expect(code, output).toBe(0);
  await castle.proxmox.settled();
  expect(castle.machines()).toEqual([]);
  expect(castle.proxmox.volumes).toEqual(['local-lvm:base-9000-disk-0']);
}

describe('a fault of Proxmox that passes', { timeout: 180_000 }, () => {
  test.each([
    ['clone-lock*1', cloned, 'proxmox-lock'],
    // The provider itself asks several times before it gives up: more than one machine's tries, less than two runs'.
    ['config-lock*8', cloned, 'proxmox-lock'],
    ['no-worker*8', {}, 'http-5xx'],
    ['595*1', {}, 'http-5xx'],
    ['500*1', {}, 'http-5xx'],
  ])('%s: the layer is tried again, and makes one set of machines', async (fault, values, retryClass) => {
    await using castle = await openCastle([fault], values);
    const { code, output, report } = await castle.run('rebirth');
    expect(code, output).toBe(0);
    expect(output).toContain(`It is of class ${retryClass}; attempt 2 in `);
    expect(report?.layers).toMatchObject([{ name: 'platform', verdict: 'applied', retries: 1 }]);
    expect(castle.machines()).toEqual(whole);
    await expectDestroyed(castle);
  });

  test('slow: is only slow', async () => {
    await using castle = await openCastle(['slow*1'], cloned);
    expectCode(await castle.run('rebirth'), 0);
    expect(castle.machines()).toEqual(whole);
  });
});

describe('a fault of Proxmox that does not pass by itself', { timeout: 180_000 }, () => {
  test.each([
    [
      'vmid-exists*1',
      {},
      'PHX-LAYER-EXISTS',
      /VM 42[14] is there, but not in the state/,
      /adopt = \{ (?:cp|worker)-1 = 42[14] \}.*mode nuke/,
    ],
    ['storage-full*1', {}, 'PHX-LAYER-QUOTA', /no room left/, /pvesm status/],
    ['checksum-mismatch*1', {}, 'PHX-LAYER-IMAGE', /not the image of the digest/, /sha512sum/],
    [
      'start-fails*1',
      {},
      'PHX-LAYER-PROXMOX-START',
      /node has not enough free memory to start VM 42[14]/,
      /free -m/,
    ],
    [
      'starts-stopped*1',
      { timeouts: { start: 6 } },
      'PHX-LAYER-PROXMOX-START',
      /asked to start VM 42[14], and it does not run/,
      /qm start 42[14]/,
    ],
    ['401*1', {}, 'PHX-LAYER-REFUSED', /refuses the credential/, /credential is the current one/],
  ])(
    '%s: the run ends with the cause and the next move; the next one makes one set of machines',
    async (fault, values, errorCode, why, next) => {
      await using castle = await openCastle([fault], values);
      const failed = await castle.run('rebirth');
      expect(failed.code, failed.output).toBe(7);
      expect(failed.report?.error?.code).toBe(errorCode);
      expect(failed.report?.error?.why).toMatch(why);
      expect(failed.report?.error?.next).toMatch(next);
      expect(failed.report?.layers).toMatchObject([{ verdict: 'failed', retries: 0 }]);

      const again = await castle.run('rebirth');
      expect(again.code, again.output).toBe(0);
      expect(castle.machines()).toEqual(whole);
      await expectDestroyed(castle);
    },
  );

  test('an agent that the image has not is told after its own time, not after a quarter of an hour', async () => {
    await using castle = await openCastle(['agent-absent'], {
      ...cloned,
      agent: true,
      timeouts: { agent: 8 },
    });
    const failed = await castle.run('rebirth');
    expect(failed.code, failed.output).toBe(7);
    expect(failed.report?.error).toMatchObject({
      code: 'PHX-LAYER-PROXMOX-AGENT',
      next: expect.stringContaining('siderolabs/qemu-guest-agent'),
    });
    expect(failed.report?.wallSeconds).toBeLessThan(60);
    await castle.set({ ...cloned, agent: false });
    expectCode(await castle.run('rebirth'), 0);
    expect(castle.machines()).toEqual(whole);
    await expectDestroyed(castle);
  });
});
