import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectCode } from '../support/codes.ts';
import { type Machines, openMachines, template, topology } from '../support/machines.ts';

// The provider of Proxmox is the real one, built from its module; Proxmox is a stand-in, and no VM boots in it. The Talos
// half of the layer `platform` is platform-cluster.test.ts.

const apply = ['apply', '-auto-approve', '-input=false', '-no-color'] as const;
const plan = ['plan', '-detailed-exitcode', '-input=false', '-no-color'] as const;
const destroy = ['destroy', '-auto-approve', '-input=false', '-no-color'] as const;

const cloned = { source_of_disk: { template: template.vmid } };
const adopting = { adopt: { 'cp-1': 421, 'worker-1': 424 } };
const image = 'local:import/tazlab-aaaaaaaaaaaa.qcow2';

/** What is there but the template. */
const made = ({ proxmox }: Machines) => proxmox.machines.filter(({ vmid }) => vmid !== template.vmid);
const begun = ({ proxmox }: Machines) => proxmox.tasks.map(({ type, id }) => `${type} ${id}`);

async function expectGone(castle: Machines): Promise<void> {
  expectCode(await castle.tofu(...destroy), 0);
  await castle.proxmox.settled();
  expect(castle.proxmox.machines.map(({ vmid }) => vmid)).toEqual([template.vmid]);
  expect(castle.proxmox.volumes).toEqual(['local-lvm:base-9000-disk-0']);
}

describe('the machines of the platform', { timeout: 120_000 }, () => {
  test.each([
    ['of an image', {}, [image]],
    ['as linked clones of a template', cloned, []],
  ])(
    'are made %s as their variables say, stay as they are, and leave nothing behind',
    async (_, source, files) => {
      await using castle = await openMachines();
      await castle.set(source);
      expectCode(await castle.tofu(...apply), 0);
      const machines = made(castle).toSorted((a, b) => a.vmid - b.vmid);
      expect(machines).toMatchObject([
        {
          ...{ vmid: 421, status: 'running' },
          config: {
            ...{ name: 'tazlab-cp-1', tags: 'phoenix;tazlab', onboot: '1', cores: '4', memory: '8192' },
            ...{ ipconfig0: 'gw=192.0.2.1,ip=192.0.2.11/24', nameserver: '192.0.2.1' },
            scsi0: expect.stringMatching(/^local-lvm:vm-421-disk-0,.*iothread=1.*size=20G$/),
            agent: expect.stringMatching(/^enabled=0/),
          },
        },
        {
          ...{ vmid: 424, status: 'running' },
          config: {
            ...{
              name: 'tazlab-worker-1',
              cores: '6',
              memory: '16384',
              ipconfig0: 'gw=192.0.2.1,ip=192.0.2.14/24',
            },
            scsi0: expect.stringMatching(/size=80G$/),
          },
        },
      ]);
      expect(castle.proxmox.volumes.filter((volume) => volume.startsWith('local:'))).toEqual(files);

      const again = await castle.tofu(...plan);
      expect(again.output).toContain('No changes.');
      expect(again.code).toBe(0);
      await expectGone(castle);
    },
  );

  test('stay when the image is another: that is for machines that are yet to be made', async () => {
    await using castle = await openMachines();
    expectCode(await castle.tofu(...apply), 0);
    const other = { image: { ...topology.source_of_disk.image, sha512: 'b'.repeat(128) } };
    await castle.set({ source_of_disk: other });
    const changed = await castle.tofu(...plan);
    expect(changed.output).toMatch(/Plan: 1 to add, 0 to change, 1 to destroy/);
    expect(changed.output).not.toMatch(/environment_vm\.machine\["[^"]+"\] (?:must be|will be) /);
  });

  test('are not rebooted, all at once, by more memory', async () => {
    await using castle = await openMachines();
    await castle.set(cloned);
    expectCode(await castle.tofu(...apply), 0);
    const { 'cp-1': first, ...others } = topology.machines;
    await castle.set({ ...cloned, machines: { 'cp-1': { ...first, memory: 12288 }, ...others } });
    expectCode(await castle.tofu(...apply), 0);
    expect(made(castle).find(({ vmid }) => vmid === 421)?.config['memory']).toBe('12288');
    expect(begun(castle).filter((task) => /^qm(?:reboot|stop|shutdown)/.test(task))).toEqual([]);
  });
});

describe('machines whose state is lost', { timeout: 120_000 }, () => {
  test.each([
    ['made of an image', {}],
    ['cloned', cloned],
  ])('and that were %s are named by the provider, and adopted without being touched', async (_, source) => {
    await using castle = await openMachines();
    await castle.set(source);
    expectCode(await castle.tofu(...apply), 0);
    const before = made(castle);
    await rm(join(castle.root, 'terraform.tfstate'));
    let lost = await castle.tofu(...apply);
    // The provider deletes the old image and does not wait for the end of that before it downloads.
    if (lost.output.includes('refusing to override existing file')) lost = await castle.tofu(...apply);
    expect(lost.code).toBe(1);
    expect(lost.output).toContain("vmid: VM 421 already exists on node 'pve'");
    expect(made(castle)).toEqual(before);

    const known = begun(castle).length;
    await castle.set({ ...source, ...adopting });
    const planned = await castle.tofu(...plan);
    expect(planned.output).toMatch(/Plan: 2 to import, 0 to add, 2 to change, 0 to destroy/);
    const adopted = await castle.tofu(...apply);
    expect(adopted.output).toMatch(/2 imported, 0 added, 2 changed, 0 destroyed/);
    expect(begun(castle).slice(known)).toEqual([]);
    expect(made(castle)).toMatchObject(before.map(({ vmid, status }) => ({ vmid, status })));

    // With `adopt` or without it, nothing is left to do.
    for (const values of [{ ...source, ...adopting }, source]) {
      await castle.set(values);
      expect((await castle.tofu(...plan)).output).toContain('No changes.');
    }
    await expectGone(castle);
  });

  test('are adopted only where they stand, and under the id that is theirs', async () => {
    await using castle = await openMachines();
    await castle.set(adopting);
    const absent = await castle.tofu(...plan);
    expect(absent.code).toBe(1);
    expect(absent.output).toMatch(/Cannot import non-existent remote object|421\.conf' does not exist/);
    await castle.set({ adopt: { 'cp-1': 424 } });
    expect((await castle.tofu(...plan)).output).toContain('does not have under this key and VM id');
  });
});

describe('variables that cannot be right', { timeout: 120_000 }, () => {
  test('are refused by name before anything is asked of Proxmox', async () => {
    await using castle = await openMachines();
    const { 'cp-1': first, 'worker-1': second } = topology.machines;
    const two = (change: object) => ({ machines: { 'cp-1': first, 'worker-1': { ...second, ...change } } });
    for (const [values, says] of [
      [two({ vmid: 421 }), 'same VM id: cp-1 421, worker-1 421'],
      [two({ address: first.address }), 'same address: cp-1 192.0.2.11, worker-1 192.0.2.11'],
      [two({ vmid: 433 }), 'must lie within 421-432'],
      [two({ address: '192.0.2.1' }), "has the gateway's address"],
      [two({ address: '192.0.2.14/24' }), 'without a prefix'],
      [two({ role: 'control-plane' }), 'role is controlplane or worker'],
      [{ machines: { 'cp-1': first, 'cp-2': { ...second, role: 'controlplane' } } }, 'One, three or five'],
      [
        { source_of_disk: { ...topology.source_of_disk, ...cloned.source_of_disk } },
        'Exactly one of image and template',
      ],
      [
        { source_of_disk: { image: { url: 'https://example.org/a.qcow2', sha512: 'abc' } } },
        '128 hexadecimal digits',
      ],
      [{ proxmox: { endpoint: 'http://pve.example.org:8006', token_id: 'a@pve!b' } }, 'An https address'],
      [{ proxmox: { endpoint: 'https://pve.example.org:8006', token_id: 'root' } }, 'is USER@REALM!NAME'],
      [{ vmids: '421 to 432' }, 'such as 421-432'],
    ] as const) {
      await castle.set(values);
      const { code, output } = await castle.tofu('plan', '-input=false', '-no-color');
      expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining(says) });
    }
    expect(castle.proxmox.requests).toEqual([]);
  });
});
