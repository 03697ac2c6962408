import { lstat, readFile, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PhoenixError } from '../errors.ts';

/** `f_type` of tmpfs and ramfs, from Linux' `include/uapi/linux/magic.h`. */
const ramFilesystems = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
]);

/** Whether `path`, or the nearest folder above it that exists, is in RAM. */
export async function isInRam(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    const found = await statfs(at).catch(() => undefined);
    if (found !== undefined) return ramFilesystems.has(found.type);
    if (at === dirname(at)) return false;
  }
}

const leastFreeBytes = 16 * 1024 * 1024;

/** Refuses a vault root that is not RAM, not ours, a link, or nearly full. `root` is an existing directory. */
export async function assertRam(root: string): Promise<void> {
  const stat = await lstat(root).catch(() => undefined);
  if (stat === undefined || !stat.isDirectory()) {
    throw new PhoenixError({
      code: 'PHX-VAULT-ROOT',
      class: 'vault',
      what: `The vault's root ${root} is not a directory.`,
      why:
        stat === undefined
          ? 'It does not exist.'
          : 'It is a link or a file, which somebody else may control.',
      next: 'Mount a tmpfs there, or set PHOENIX_VAULT to a directory on one (Linux has /dev/shm).',
    });
  }
  const { type, bavail, bsize } = await statfs(root);
  if (!ramFilesystems.has(type)) {
    throw new PhoenixError({
      code: 'PHX-VAULT-NOT-RAM',
      class: 'vault',
      what: `The vault's root ${root} is not in RAM.`,
      why: `Its filesystem is of type 0x${type.toString(16)}, not tmpfs: secrets written there would reach a disk.`,
      next: 'Set PHOENIX_VAULT to a directory on a tmpfs, or unset it to use /dev/shm.',
    });
  }
  if (bavail * bsize < leastFreeBytes) {
    throw new PhoenixError({
      code: 'PHX-VAULT-FULL',
      class: 'vault',
      what: `The vault's root ${root} has ${Math.floor((bavail * bsize) / 1024)} KiB free.`,
      why: `A run needs at least ${leastFreeBytes / 1024 / 1024} MiB for secrets and the layers' output.`,
      next: 'Free space there, give the container a larger /dev/shm, or set PHOENIX_VAULT to a larger tmpfs.',
    });
  }
}

/** Swap devices in use: RAM that is swapped out is on a disk after all. Empty where there are none or none can be told. */
export async function swapDevices(): Promise<string[]> {
  const text = await readFile('/proc/swaps', 'utf8').catch(() => '');
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/)[0] ?? '')
    .filter((device) => device !== '' && !device.startsWith('/dev/zram'));
}
