import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { useCacheFolder } from '../../toolchain/cache.ts';
import { availableBytes } from '../../vault/room.ts';
import { type Finding, failed, ok, warning } from '../check.ts';

const gib = 2 ** 30;
/** Kubernetes alone; with the images, the volumes and the pods, which are in RAM too, it is twice that. */
const leastMemory = 1.5 * gib;
const easyMemory = 3 * gib;
/** The images and the tools that are kept from one rehearsal to the next. */
const leastDisk = 3 * gib;

export interface RoomPicture {
  /** Bytes. */
  readonly memory: number;
  readonly disk: number;
  /** The folder that the disk is meant for. */
  readonly folder: string;
}

export async function lookAtRoom(env: NodeJS.ProcessEnv): Promise<RoomPicture> {
  const folder = dirname(useCacheFolder(env, undefined));
  return { memory: availableBytes(), disk: await freeAt(folder), folder };
}

export function judgeRoom({ memory, disk, folder }: RoomPicture): Finding {
  const lacking = [
    ...(memory < leastMemory ? [`${inGib(memory)} GiB of memory, and it takes ${inGib(leastMemory)}`] : []),
    ...(disk < leastDisk
      ? [`${inGib(disk)} GiB of disk below ${folder}, and it takes ${inGib(leastDisk)}`]
      : []),
  ];
  if (lacking.length > 0)
    return failed(`there are ${lacking.join('; ')}`, 'Free some, or take a larger machine.');
  const saw = `${inGib(memory)} GiB of memory and ${inGib(disk)} GiB of disk are free`;
  if (memory >= easyMemory) return ok(saw);
  return warning(
    `${saw}; with images, volumes and pods a node takes up to ${inGib(easyMemory)} GiB of memory`,
    'End what else uses memory here, or take a larger machine.',
  );
}

const inGib = (bytes: number) => (bytes / gib).toFixed(1);

/** Free bytes where the folder is, or will be made. */
async function freeAt(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const above = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === folder) throw error;
    return freeAt(above);
  }
}
