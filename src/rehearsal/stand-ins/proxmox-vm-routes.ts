import { resizeDisk } from './proxmox-disks.ts';
import { badParameter, ProxmoxRefusal } from './proxmox-refusal.ts';
import { type Asked, assertPrivilege, exactly, type RouteTable, type Server } from './proxmox-server.ts';
import { checkOptions, setDefaults, setOptions, shownConfig } from './proxmox-vm-config.ts';
import type { Machine } from './proxmox-world.ts';

const vms = '/nodes/([^/]+)/qemu';
const vm = `${vms}/(\\d+)`;

/** VMs: made, cloned, read, changed and deleted. */
export const vmRoutes: RouteTable = [
  ['GET', exactly(vms), listVms],
  ['POST', exactly(vms), createVm],
  ['POST', exactly(`${vm}/clone`), cloneVm],
  ['GET', exactly(`${vm}/config`), getConfig],
  ['PUT', exactly(`${vm}/config`), updateConfig],
  ['POST', exactly(`${vm}/config`), updateConfigByTask],
  ['PUT', exactly(`${vm}/resize`), resize],
  ['PUT', exactly(`${vm}/cloudinit`), rebuildCloudInit],
  ['DELETE', exactly(vm), deleteVm],
];

const idOf = ({ parts: [, vmid] }: Asked) => Number(vmid);

function listVms({ world }: Server): unknown {
  return [...world.machines.values()].map(({ vmid, config, status, lock }) => ({
    ...{ vmid, status, name: config.get('name') ?? `VM ${vmid}`, tags: config.get('tags') ?? '' },
    ...(lock === undefined ? {} : { lock }),
  }));
}

function begin({ world, faults, config: { node } }: Server, vmid: number, lock: 'create' | 'clone'): Machine {
  if (!Number.isInteger(vmid) || vmid < 100)
    throw badParameter('vmid', 'invalid format - value does not look like a valid VM ID');
  if (world.machines.has(vmid) || faults.strikes('vmid-exists'))
    throw badParameter('vmid', `VM ${vmid} already exists on node '${node}'`);
  if (faults.strikes('no-worker')) throw new ProxmoxRefusal(500, 'got no worker upid - start worker failed');
  const machine: Machine = { vmid, config: new Map(), status: 'stopped', lock, startedAt: 0 };
  world.machines.set(vmid, machine);
  return machine;
}

/** The end of a task that makes a VM: whole, or not there, with no volume left. */
function finish({ world }: Server, machine: Machine, make: () => void): void {
  try {
    make();
    delete machine.lock;
  } catch (error) {
    remove(world.volumes, machine.vmid);
    world.machines.delete(machine.vmid);
    throw new Error(
      `unable to create VM ${machine.vmid} - ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function assertRoom({ faults }: Server, vmid: number): void {
  if (faults.strikes('storage-full'))
    throw new Error(
      `lvcreate 'pve/vm-${vmid}-disk-0' error: Cannot create new thin volume, free space in thin pool pve/data reached threshold.`,
    );
}

function createVm(server: Server, { parameters }: Asked): unknown {
  checkOptions(parameters);
  const machine = begin(server, Number(parameters.get('vmid')), 'create');
  return server.tasks.start('qmcreate', `${machine.vmid}`, () =>
    finish(server, machine, () => {
      assertRoom(server, machine.vmid);
      setOptions(server, machine, parameters);
      setDefaults(machine);
    }),
  );
}

function cloneVm(server: Server, asked: Asked): unknown {
  const source = server.world.unlocked(idOf(asked));
  if (server.faults.strikes('clone-lock')) {
    const file = `/var/lock/qemu-server/lock-${source.vmid}.conf`;
    throw new ProxmoxRefusal(500, `can't lock file '${file}' - got timeout`);
  }
  const machine = begin(server, Number(asked.parameters.get('newid')), 'clone');
  return server.tasks.start('qmclone', `${source.vmid}`, () =>
    finish(server, machine, () => {
      assertRoom(server, machine.vmid);
      for (const [key, value] of source.config) {
        const [volid = '', ...options] = value.split(',');
        const volume = server.world.volumes.get(volid);
        if (volume === undefined) {
          if (key !== 'template') machine.config.set(key, value);
          continue;
        }
        const storage = asked.parameters.get('storage') ?? volid.split(':')[0];
        const copy = `${storage}:${(volid.split(':')[1] ?? '').replace(/(?:base|vm)-\d+-/, `vm-${machine.vmid}-`)}`;
        server.world.allocate({ ...volume, volid: copy, vmid: machine.vmid });
        machine.config.set(key, [copy, ...options].join(','));
      }
      for (const key of ['name', 'description'] as const) {
        const value = asked.parameters.get(key);
        if (value !== undefined) machine.config.set(key, value);
      }
      machine.config.delete('smbios1');
      setDefaults(machine);
    }),
  );
}

function getConfig({ world }: Server, asked: Asked): unknown {
  return shownConfig(world.machine(idOf(asked)));
}

function updateConfig(server: Server, asked: Asked): unknown {
  checkOptions(asked.parameters);
  const machine = server.world.unlocked(idOf(asked));
  if (server.faults.strikes('config-lock')) {
    const file = `/var/lock/qemu-server/lock-${machine.vmid}.conf`;
    throw new ProxmoxRefusal(500, `can't lock file '${file}' - got timeout`);
  }
  setOptions(server, machine, asked.parameters);
  return null;
}

function updateConfigByTask(server: Server, asked: Asked): unknown {
  checkOptions(asked.parameters);
  const machine = server.world.unlocked(idOf(asked));
  return server.tasks.start('qmconfig', `${machine.vmid}`, () =>
    setOptions(server, machine, asked.parameters),
  );
}

function resize(server: Server, asked: Asked): unknown {
  const machine = server.world.unlocked(idOf(asked));
  const disk = asked.parameters.get('disk') ?? '';
  const size = asked.parameters.get('size') ?? '';
  return server.tasks.start('resize', `${machine.vmid}`, () => resizeDisk(server, machine, disk, size));
}

function rebuildCloudInit({ world }: Server, asked: Asked): unknown {
  world.unlocked(idOf(asked));
  return null;
}

function deleteVm(server: Server, asked: Asked): unknown {
  const { world, tasks, faults } = server;
  const vmid = idOf(asked);
  assertPrivilege(server, vmid, 'VM.Allocate');
  const machine = world.machine(vmid);
  // The order of PVE::API2::Qemu's destroy_vm.
  if (machine.config.get('protection') === '1')
    throw new ProxmoxRefusal(500, `can't remove VM ${vmid} - protection mode enabled`);
  if (machine.ha === true && asked.parameters.get('purge') !== '1')
    throw new ProxmoxRefusal(
      500,
      `unable to remove VM ${vmid} - used in HA resources and purge parameter not set.`,
    );
  if (machine.status === 'running') throw new ProxmoxRefusal(500, `VM ${vmid} is running - destroy failed`);
  world.unlocked(vmid);
  if (faults.strikes('delete-lock'))
    throw new ProxmoxRefusal(500, `can't lock file '/var/lock/qemu-server/lock-${vmid}.conf' - got timeout`);
  return tasks.start('qmdestroy', `${machine.vmid}`, () => {
    if (faults.strikes('delete-fails'))
      throw new Error(`lvremove 'pve/vm-${vmid}-disk-0' error: Logical volume pve/vm-${vmid}-disk-0 in use.`);
    if (faults.strikes('deleted-stays')) return;
    if (asked.parameters.get('destroy-unreferenced-disks') === '1') remove(world.volumes, machine.vmid);
    for (const value of machine.config.values()) world.volumes.delete(value.split(',')[0] ?? '');
    world.machines.delete(machine.vmid);
  });
}

function remove(volumes: Map<string, { readonly vmid?: number }>, vmid: number): void {
  for (const [volid, volume] of volumes) if (volume.vmid === vmid) volumes.delete(volid);
}
