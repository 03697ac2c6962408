import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startProxmox } from '../../src/rehearsal/stand-ins/proxmox.ts';

const token = 'tofu@pve!box=11111111-2222-3333';
const template = {
  vmid: 9000,
  config: { name: 'talos', template: '1', scsi0: 'local-lvm:base-9000-disk-0,size=10G', tags: 'image' },
};
const body = z.object({ data: z.unknown(), errors: z.record(z.string(), z.string()).optional() });

/** A node with a template, tasks of no duration unless told, and a clock that stands still until it is moved. */
async function openNode(options: { readonly faults?: readonly string[]; readonly taskMs?: number } = {}) {
  let time = 1_800_000_000_000;
  const proxmox = await startProxmox(
    {
      token,
      faults: [...(options.faults ?? [])],
      machines: [template],
      taskMs: options.taskMs ?? 0,
      agentMs: 0,
    },
    { now: () => time },
  );
  async function ask(
    method: string,
    path: string,
    parameters: Readonly<Record<string, string>> = {},
    as = token,
  ) {
    const response = await fetch(`${proxmox.url}/api2/json${path}`, {
      method,
      headers: { authorization: `PVEAPIToken=${as}` },
      ...(method === 'GET' || method === 'DELETE' ? {} : { body: new URLSearchParams(parameters) }),
    });
    const { data, errors } = body.parse(await response.json());
    return { status: response.status, says: response.statusText, data, errors };
  }
  const exitOf = async (upid: unknown) =>
    (await ask('GET', `/nodes/pve/tasks/${encodeURIComponent(String(upid))}/status`)).data;
  return {
    ...{ proxmox, ask, exitOf },
    wait: (ms: number) => {
      time += ms;
    },
    [Symbol.asyncDispose]: () => proxmox.close(),
  };
}

const qemu = '/nodes/pve/qemu';

describe('the stand-in of the Proxmox API', () => {
  test('clones by a task, and keeps the VM locked until that is over', async () => {
    await using node = await openNode({ taskMs: 500 });
    const { data: upid } = await node.ask('POST', `${qemu}/9000/clone`, { newid: '421', name: 'cp-1' });
    expect(upid).toMatch(/^UPID:pve:[0-9A-F]{8}:[0-9A-F]{8}:[0-9A-F]{8}:qmclone:9000:tofu@pve!box:$/);
    expect(await node.exitOf(upid)).toMatchObject({ status: 'running' });
    const early = await node.ask('PUT', `${qemu}/421/config`, { cores: '2' });
    expect([early.status, early.says]).toEqual([500, 'VM is locked (clone)']);
    node.wait(500);
    expect(await node.exitOf(upid)).toMatchObject({ status: 'stopped', exitstatus: 'OK' });
    expect((await node.ask('PUT', `${qemu}/421/config`, { cores: '2' })).status).toBe(200);
    expect((await node.ask('GET', `${qemu}/421/config`)).data).toMatchObject({
      ...{ name: 'cp-1', cores: 2, scsi0: 'local-lvm:vm-421-disk-0,size=10G' },
    });
  });

  test('refuses a token that is not its own, an option that it does not know, and an id that is taken', async () => {
    await using node = await openNode();
    expect(await node.ask('GET', '/version', {}, 'tofu@pve!box=another-secret')).toMatchObject({
      status: 401,
    });
    expect(await node.ask('POST', qemu, { vmid: '421', coers: '2' })).toMatchObject({
      status: 400,
      errors: { coers: expect.stringContaining('not defined in schema') },
    });
    expect(await node.ask('POST', qemu, { vmid: '9000' })).toMatchObject({
      status: 400,
      errors: { vmid: "VM 9000 already exists on node 'pve'" },
    });
    expect(node.proxmox.machines.map(({ vmid }) => vmid)).toEqual([9000]);
  });

  test('does not delete a VM that runs or is protected, and takes its disks with it', async () => {
    await using node = await openNode();
    await node.ask('POST', qemu, { vmid: '421', scsi0: 'local-lvm:8', protection: '1' });
    await node.ask('POST', `${qemu}/421/status/start`);
    expect((await node.ask('DELETE', `${qemu}/421`)).says).toContain('protection mode enabled');
    await node.ask('PUT', `${qemu}/421/config`, { protection: '0' });
    expect((await node.ask('DELETE', `${qemu}/421`)).says).toContain('is running');
    await node.ask('POST', `${qemu}/421/status/stop`);
    expect((await node.ask('DELETE', `${qemu}/421`)).status).toBe(200);
    await node.proxmox.settled();
    expect(node.proxmox.volumes).toEqual(['local-lvm:base-9000-disk-0']);
    expect((await node.ask('GET', `${qemu}/421/config`)).says).toContain("421.conf' does not exist");
  });

  test('has the faults that it is given, as often as it is told', async () => {
    const faults = [
      'clone-lock*1',
      'no-worker*1',
      'starts-stopped*1',
      'agent-absent*1',
      'config-lock*1',
      '500*1',
    ];
    await using node = await openNode({ faults });
    expect((await node.ask('GET', '/nodes')).status).toBe(500);
    const clone = () => node.ask('POST', `${qemu}/9000/clone`, { newid: '421' });
    expect((await clone()).says).toBe("can't lock file '/var/lock/qemu-server/lock-9000.conf' - got timeout");
    expect((await clone()).says).toContain('got no worker upid');
    expect((await clone()).status).toBe(200);
    expect((await node.ask('PUT', `${qemu}/421/config`, { agent: '1' })).says).toContain('got timeout');
    await node.ask('PUT', `${qemu}/421/config`, { agent: '1', ipconfig0: 'ip=10.0.0.9/24' });
    const start = async () => node.exitOf((await node.ask('POST', `${qemu}/421/status/start`)).data);
    const power = async () => (await node.ask('GET', `${qemu}/421/status/current`)).data;
    expect(await start()).toMatchObject({ exitstatus: 'OK' });
    expect(await power()).toMatchObject({ status: 'stopped' });
    expect(await start()).toMatchObject({ exitstatus: 'OK' });
    expect(await power()).toMatchObject({ status: 'running' });
    const agent = () => node.ask('GET', `${qemu}/421/agent/network-get-interfaces`);
    expect((await agent()).says).toBe('QEMU guest agent is not running');
    expect(JSON.stringify((await agent()).data)).toContain('"ip-address":"10.0.0.9"');
  });

  test('leaves nothing of a VM that finds no room', async () => {
    await using node = await openNode({ faults: ['storage-full'] });
    const { data: upid } = await node.ask('POST', qemu, { vmid: '421', scsi0: 'local-lvm:8' });
    expect(await node.exitOf(upid)).toMatchObject({
      exitstatus: expect.stringContaining('free space in thin pool'),
    });
    expect(node.proxmox.machines.map(({ vmid }) => vmid)).toEqual([9000]);
    expect(node.proxmox.volumes).toEqual(['local-lvm:base-9000-disk-0']);
  });

  test('takes no fault that it does not know', async () => {
    await expect(startProxmox({ token, faults: ['clone-lok'] })).rejects.toThrow('one of 401, 500, 595');
  });
});
