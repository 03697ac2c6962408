import { badParameter } from './proxmox-refusal.ts';
import type { Server } from './proxmox-server.ts';
import { imageSize } from './proxmox-storage-routes.ts';
import type { Machine } from './proxmox-world.ts';

export const isDisk = (key: string) => /^(?:scsi|virtio|sata|ide)\d+$|^(?:efidisk|tpmstate)0$/.test(key);

const gib = 1024 ** 3;
const cloudInitSize = 4 * 1024 ** 2;

/**
 * A disk as it is asked for (`STORAGE:GIB`, `STORAGE:0,import-from=VOLUME`, `STORAGE:cloudinit`, with or without
 * `file=`) becomes a volume, and is shown as that volume from then on.
 */
export function placeDisk({ world }: Server, machine: Machine, key: string, asked: string): void {
  const [first = '', ...given] = asked.split(',').filter((option) => option !== '');
  const file = first.replace(/^file=/, '');
  if (file === 'none' || file === 'cdrom') {
    machine.config.set(key, [file, ...given].join(','));
    return;
  }
  const [name = '', rest = ''] = file.split(':');
  world.storage(name);
  const { vmid } = machine;
  if (rest === 'cloudinit') {
    const volid = `${name}:vm-${vmid}-cloudinit`;
    if (!world.volumes.has(volid)) world.allocate({ volid, content: 'images', size: cloudInitSize, vmid });
    machine.config.set(key, `${volid},media=cdrom,size=4M`);
    return;
  }
  const source = given.find((option) => option.startsWith('import-from='))?.slice('import-from='.length);
  const options = given.filter((option) => !/^(?:import-from|size)=/.test(option));
  if (source !== undefined && !world.volumes.has(source))
    throw new Error(`volume '${source}' does not exist`);
  if (!/^\d+$/.test(rest)) {
    // A volume that is there already: a change of its options.
    if (!world.volumes.has(file)) throw badParameter(key, `volume '${file}' does not exist`);
    machine.config.set(
      key,
      [file, ...options, `size=${inGib(world.volumes.get(file)?.size ?? 0)}`].join(','),
    );
    return;
  }
  const taken = [...world.volumes.keys()].filter((volid) => volid.startsWith(`${name}:vm-${vmid}-disk-`));
  const volid = `${name}:vm-${vmid}-disk-${taken.length}`;
  const size = source === undefined ? Number(rest) * gib : imageSize;
  world.allocate({ volid, content: 'images', size, vmid });
  machine.config.set(key, [volid, ...options, `size=${inGib(size)}`].join(','));
}

/** `+10G`, `32G`, or bytes without a unit; a disk can only grow. */
export function resizeDisk({ world }: Server, machine: Machine, key: string, asked: string): void {
  const shown = machine.config.get(key);
  const volume = world.volumes.get(shown?.split(',')[0] ?? '');
  if (shown === undefined || volume === undefined) throw badParameter('disk', `disk '${key}' does not exist`);
  const [, plus, amount = '', unit = 'B'] = /^(\+)?(\d+)([MGT])?$/.exec(asked) ?? [];
  const bytes = Number(amount) * { B: 1, M: 1024 ** 2, G: gib, T: 1024 * gib }[unit as 'B' | 'M' | 'G' | 'T'];
  const wanted = plus === undefined ? bytes : volume.size + bytes;
  if (amount === '' || wanted < volume.size) throw badParameter('size', 'shrinking disks is not supported');
  volume.size = wanted;
  machine.config.set(key, shown.replace(/,size=[^,]*/, `,size=${inGib(wanted)}`));
}

const inGib = (bytes: number) => (bytes % gib === 0 ? `${bytes / gib}G` : `${bytes / 1024 ** 2}M`);
