import type { StorageConfig } from './proxmox-config.ts';
import { badParameter, ProxmoxRefusal } from './proxmox-refusal.ts';

/** A VM; `config` is what the API shows of it, every value a text. */
export interface Machine {
  readonly vmid: number;
  readonly config: Map<string, string>;
  status: 'running' | 'stopped';
  /** The task that works on it: `create`, `clone`. Whatever else wants to change it is refused meanwhile. */
  lock?: 'create' | 'clone' | 'backup';
  /** The node that has it, where that is not the first. */
  readonly node?: string | undefined;
  readonly kind?: 'qemu' | 'lxc';
  readonly hidden?: boolean;
  readonly ha?: boolean;
  startedAt: number;
}

export interface Volume {
  /** `STORAGE:NAME`. */
  readonly volid: string;
  readonly content: string;
  /** Bytes. */
  size: number;
  readonly vmid?: number;
}

export interface World {
  readonly machines: Map<number, Machine>;
  readonly volumes: Map<string, Volume>;
  storage(name: string): StorageConfig;
  storages(): readonly StorageConfig[];
  machine(vmid: number): Machine;
  /** As `machine`, for those who would change it: refused while it is locked. */
  unlocked(vmid: number): Machine;
  used(storage: string): number;
  /** A volume with room for it; the words of the refusal are those of the storage's own kind. */
  allocate(volume: Volume): void;
  nextId(): number;
}

const fileSize = 1024;

/** What the node has: VMs and volumes, in memory. */
export function createWorld(storages: readonly StorageConfig[], node: string): World {
  const machines = new Map<number, Machine>();
  const volumes = new Map<string, Volume>();
  for (const { name, files } of storages) {
    for (const file of files) {
      const volid = `${name}:${file}`;
      // As a storage knows whose a volume is: by its name alone.
      const owner = /\/vm-(\d+)-/.exec(file)?.[1];
      volumes.set(volid, {
        ...{ volid, content: file.split('/')[0] ?? '', size: fileSize },
        ...(owner === undefined ? {} : { vmid: Number(owner) }),
      });
    }
  }
  const storage = (name: string): StorageConfig => {
    const found = storages.find((other) => other.name === name);
    if (found === undefined) throw new ProxmoxRefusal(500, `storage '${name}' does not exist`);
    return found;
  };
  const machine = (vmid: number): Machine => {
    const found = machines.get(vmid);
    if (found === undefined) {
      const file = `nodes/${node}/qemu-server/${vmid}.conf`;
      throw new ProxmoxRefusal(500, `Configuration file '${file}' does not exist`);
    }
    return found;
  };
  const used = (name: string) =>
    [...volumes.values()]
      .filter(({ volid }) => volid.startsWith(`${name}:`))
      .reduce((sum, { size }) => sum + size, 0);
  return {
    machines,
    volumes,
    storage,
    storages: () => storages,
    machine,
    unlocked(vmid) {
      const found = machine(vmid);
      if (found.lock !== undefined) throw new ProxmoxRefusal(500, `VM is locked (${found.lock})`);
      return found;
    },
    used,
    allocate(volume) {
      const name = volume.volid.split(':')[0] ?? '';
      const { total, content } = storage(name);
      if (!content.some((kind) => kind === volume.content))
        throw badParameter('storage', `storage '${name}' does not support content-type '${volume.content}'`);
      if (used(name) + volume.size > total) throw new Error(`storage '${name}': no space left on device`);
      volumes.set(volume.volid, volume);
    },
    nextId() {
      let vmid = 100;
      while (machines.has(vmid)) vmid += 1;
      return vmid;
    },
  };
}
