import { badParameter, ProxmoxRefusal } from './proxmox-refusal.ts';
import { type Asked, exactly, type RouteTable, type Server } from './proxmox-server.ts';
import type { Volume } from './proxmox-world.ts';

const storage = '/nodes/([^/]+)/storage';

/** Storages, their contents, and images that the node downloads by itself. */
export const storageRoutes: RouteTable = [
  ['GET', exactly('/nodes/([^/]+)/query-url-metadata'), queryUrl],
  ['GET', exactly(storage), listStorages],
  ['GET', exactly(`${storage}/([^/]+)/status`), storageStatus],
  ['GET', exactly(`${storage}/([^/]+)/content`), listContent],
  ['GET', exactly(`${storage}/([^/]+)/content/(.+)`), getVolume],
  ['POST', exactly(`${storage}/([^/]+)/download-url`), download],
  ['DELETE', exactly(`${storage}/([^/]+)/content/(.+)`), deleteVolume],
];

/** Every image is of this size: a cloud image, once it is unpacked onto a disk. */
export const imageSize = 3 * 1024 ** 3;

function queryUrl(_server: Server, { parameters }: Asked): unknown {
  const url = parameters.get('url') ?? '';
  if (!URL.canParse(url)) throw badParameter('url', 'invalid format - not a url');
  return {
    filename: new URL(url).pathname.split('/').at(-1),
    mimetype: 'application/octet-stream',
    size: imageSize,
  };
}

const statusOf = ({ world }: Server, name: string) => {
  const { type, content, total } = world.storage(name);
  const used = world.used(name);
  return {
    type,
    content: content.join(','),
    total,
    used,
    avail: total - used,
    active: 1,
    enabled: 1,
    shared: 0,
  };
};

function listStorages(server: Server): unknown {
  return server.world.storages().map(({ name }) => ({ storage: name, ...statusOf(server, name) }));
}

function storageStatus(server: Server, { parts: [, name = ''] }: Asked): unknown {
  return statusOf(server, name);
}

function listContent({ world }: Server, { parts: [, name = ''], parameters }: Asked): unknown {
  world.storage(name);
  const content = parameters.get('content');
  return [...world.volumes.values()]
    .filter(({ volid }) => volid.startsWith(`${name}:`))
    .filter((volume) => content === undefined || volume.content === content)
    .map(({ volid, content: kind, size, vmid }) => ({
      ...{ volid, content: kind, size, format: formatOf(volid), ctime: 1 },
      ...(vmid === undefined ? {} : { vmid }),
    }));
}

function download({ world, tasks, faults }: Server, { parts: [, name = ''], parameters }: Asked): unknown {
  const content = parameters.get('content') ?? '';
  const file = parameters.get('filename') ?? '';
  if (!['iso', 'import', 'vztmpl'].includes(content))
    throw badParameter('content', "value '' does not have a value in the enumeration 'iso, vztmpl, import'");
  if (content === 'import' && !/\.(?:qcow2|raw|vmdk|ova)$/.test(file))
    throw new ProxmoxRefusal(400, `invalid filename or wrong extension`);
  const checksum = parameters.get('checksum');
  if ((checksum === undefined) !== (parameters.get('checksum-algorithm') === undefined))
    throw badParameter('checksum', 'requires checksum-algorithm');
  const volid = `${name}:${content}/${file}`;
  if (world.volumes.has(volid)) throw new ProxmoxRefusal(500, `refusing to override existing file '${file}'`);
  const mismatch = faults.strikes('checksum-mismatch');
  return tasks.start('download', file, () => {
    if (mismatch)
      throw new Error(`checksum mismatch: got 'e3b0c44298fc1c14', expect '${(checksum ?? '').slice(0, 16)}'`);
    world.allocate({ volid, content, size: imageSize });
  });
}

function volumeOf({ world }: Server, { parts: [, name = '', given = ''] }: Asked): Volume {
  const volid = given.includes(':') ? given : `${name}:${given}`;
  const volume = world.volumes.get(volid);
  if (volume === undefined) throw new ProxmoxRefusal(500, `volume '${volid}' does not exist`);
  return volume;
}

/** Of a storage of blocks every volume is raw. */
const formatOf = (volid: string) => /\.(qcow2|vmdk|iso|ya?ml)$/.exec(volid)?.[1] ?? 'raw';

function getVolume(server: Server, asked: Asked): unknown {
  const { volid, size } = volumeOf(server, asked);
  return { path: `/dev/pve/${volid.split(':')[1]}`, format: formatOf(volid), size, used: size };
}

function deleteVolume(server: Server, asked: Asked): unknown {
  const { world, tasks } = server;
  const volume = volumeOf(server, asked);
  const { volid } = volume;
  if (volume.vmid !== undefined && world.machines.has(volume.vmid))
    throw new ProxmoxRefusal(500, `Cannot remove image, a guest with VMID '${volume.vmid}' exists!`);
  return tasks.start('imgdel', volid, () => void world.volumes.delete(volid));
}
