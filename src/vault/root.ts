import { lstat, statfs } from 'node:fs/promises';
import { release } from 'node:os';
import { readProc } from '../process/stat.ts';
import { assertOurs, assertRam } from './ram.ts';
import { freeBytes } from './room.ts';

const shared = '/dev/shm';

/** Where a vault can be made. */
export interface Place {
  readonly root: string;
  /** As a tmpfs of its own, mounted on the vault's folder; else a folder on the tmpfs that is there. */
  readonly own: boolean;
}

/**
 * The places for a vault, the best first; what the first does not allow, the next may. PHOENIX_VAULT alone where it is
 * set: whoever sets it has chosen. Else, for one who may mount, a tmpfs of the run's own; else the user's runtime
 * folder, which nobody else may even enter; else /dev/shm, which is there on every Linux.
 */
export async function placesFor(env: NodeJS.ProcessEnv, bytes: number): Promise<Place[]> {
  const chosen = env['PHOENIX_VAULT'];
  if (chosen) return [{ root: chosen, own: false }];
  const runtime = await runtimeFolder(env, bytes);
  return [
    ...(mayMount() ? [{ root: shared, own: true }] : []),
    ...(runtime === undefined ? [] : [{ root: runtime, own: false }]),
    { root: shared, own: false },
  ];
}

/** Where vaults may lie that earlier runs left, whatever their environment was: each existing folder once. */
export async function sweptRoots(env: NodeJS.ProcessEnv): Promise<string[]> {
  const roots = [env['PHOENIX_VAULT'], env['XDG_RUNTIME_DIR'], shared].filter(
    (root) => root !== undefined && root !== '',
  ) as string[];
  const there = await Promise.all(roots.map((root) => statfs(root).catch(() => undefined)));
  return [...new Set(roots.filter((_, index) => there[index] !== undefined))];
}

/** Bit 21 of the capabilities, from `include/uapi/linux/capability.h`. */
const sysAdmin = 1n << 21n;

/** Whether this process is root and may mount; a container's root mostly may not. `status` is that of proc(5). */
export function mayMount(uid = process.getuid?.(), status = readProc('/proc/self/status') ?? ''): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return uid === 0 && effective !== undefined && (BigInt(`0x${effective}`) & sysAdmin) !== 0n;
}

/**
 * Whether a tmpfs can be mounted that is never swapped: since Linux 6.4, and by root of the machine only, not by that of
 * a container with user ids of its own. Told without trying, for those who only look.
 */
export function canKeepFromSwap(kernel = release(), uidMap = readProc('/proc/self/uid_map') ?? ''): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map(Number);
  const ofTheMachine = /^\s*0\s+0\s+4294967295\s*$/.test(uidMap);
  return ofTheMachine && (major > 6 || (major === 6 && minor >= 4));
}

/** `$XDG_RUNTIME_DIR`, if it is a tmpfs of this user alone with room enough. systemd gives it a tenth of the memory. */
async function runtimeFolder(env: NodeJS.ProcessEnv, bytes: number): Promise<string | undefined> {
  const dir = env['XDG_RUNTIME_DIR'];
  if (!dir) return undefined;
  try {
    const { uid, mode } = await lstat(dir);
    if (uid !== process.getuid?.() || (mode & 0o077) !== 0) return undefined;
    await assertOurs(dir);
    await assertRam(dir);
    return (await freeBytes(dir)) < bytes ? undefined : dir;
  } catch {
    return undefined;
  }
}
