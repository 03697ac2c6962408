import { statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { PhoenixError, toPhoenixError } from '../errors.ts';

const mib = 1024 * 1024;

/** What a tmpfs of a run's own may grow to where the castle file does not say: only what lies in it takes memory. */
export const usualBytes = 512 * mib;
/** A castle's secrets and a little output of its layers. */
const leastBytes = 16 * mib;
/** The box keeps its cluster in the vault: etcd alone takes 120 MiB at once. */
const boxBytes = 160 * mib;

/** The room that a run must find before it begins: what the castle file asks for, else what cannot be gone without. */
export function wantedBytes(asked: number | undefined, box: boolean): number {
  return Math.max(asked ?? 0, box ? boxBytes : leastBytes);
}

/** Refuses a filesystem that has less room than `bytes`. */
export async function assertRoom(dir: string, bytes: number): Promise<void> {
  const free = await freeBytes(dir);
  if (free >= bytes) return;
  throw new PhoenixError({
    code: 'PHX-VAULT-FULL',
    class: 'vault',
    what: `The vault's root ${dir} has ${Math.floor(free / 1024)} KiB free.`,
    why: `A run needs ${Math.ceil(bytes / mib)} MiB there for its secrets and the layers' output.`,
    next: 'Free space there, give the container a larger /dev/shm (docker run --shm-size=256m), set PHOENIX_VAULT to a larger tmpfs, or ask for less by `vault.size`.',
  });
}

/** Refuses a machine, or a container's limit, with less memory left than `bytes`. */
export function assertMemory(bytes: number): void {
  const free = availableBytes();
  if (free >= bytes) return;
  throw new PhoenixError({
    code: 'PHX-VAULT-FULL',
    class: 'vault',
    what: `There are ${Math.floor(free / mib)} MiB of memory left for the vault.`,
    why: `A run needs ${Math.ceil(bytes / mib)} MiB for its secrets and the layers' output, and the vault is memory.`,
    next: 'Free memory, raise the limit of the container, or ask for less by `vault.size`.',
  });
}

/** Node knows the limit of a container's cgroup since 20.13. */
export function availableBytes(): number {
  return process.availableMemory?.() ?? freemem();
}

export async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

/** Below this a write may fail in the middle: a sixteenth of the filesystem, at most 4 MiB. */
async function isFull(dir: string): Promise<boolean> {
  const { bavail, blocks, bsize } = await statfs(dir);
  return bavail * bsize < Math.min(4 * mib, (blocks * bsize) / 16);
}

/** The error of a vault that has no room any more; undefined while it has. */
export async function fullError(dir: string): Promise<PhoenixError | undefined> {
  // Of a vault that is gone nothing can be told; whoever misses it says so.
  if (!(await isFull(dir).catch(() => false))) return undefined;
  return new PhoenixError({
    code: 'PHX-VAULT-FULL',
    class: 'vault',
    what: `The vault ${dir} is full.`,
    why: `Its filesystem has ${Math.floor((await freeBytes(dir)) / 1024)} KiB left, and a layer whose output cannot be written no longer tells the truth.`,
    next: 'See what takes the room (a layer that writes into the vault, another program in /dev/shm), then give it more: `vault.size` in the castle file, docker run --shm-size=…, or PHOENIX_VAULT on a larger tmpfs.',
  });
}

const lookEveryMs = 500;

/** Looks at the vault's room until it is disposed of; tells of its end once, before writes begin to fail. */
export function watchRoom(dir: string, onFull: (error: PhoenixError) => void): Disposable {
  const timer = setInterval(async () => {
    const error = await fullError(dir).catch(toPhoenixError);
    if (error === undefined) return;
    clearInterval(timer);
    onFull(error);
  }, lookEveryMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
