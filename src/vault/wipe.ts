import { constants, type Dirent } from 'node:fs';
import { lstat, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PhoenixError } from '../errors.ts';
import { isMounted, mountsBelow, unmount } from './mount.ts';

/** How a vault went. `lazy`: a process still has a file of it open, and its memory is freed when that ends. */
export type Wiped = 'gone' | 'lazy';

const overwriteWithinMs = 2_000;
const blockBytes = 512;
const zeros = Buffer.alloc(1024 * 1024);

/**
 * Overwrites, unlinks and unmounts a vault; nothing is done where it is gone already, and it goes on where another was
 * killed in the midst of it. Overwritten, because the kernel gives a freed page back as it is (`init_on_free` is off
 * almost everywhere): until something else takes it, a memory dump, a snapshot of the VM or hibernation would hold the
 * secret. What was swapped out before lies on that disk all the same: nothing but `vault.policy: strict` keeps it off.
 * The whole vault is overwritten, the smallest files first, for those are the secrets; what is not done after two
 * seconds is only unlinked. Throws PHX-VAULT-WIPE where something stays.
 */
export async function wipe(dir: string): Promise<Wiped> {
  try {
    const stat = await lstat(dir).catch(() => undefined);
    if (stat === undefined) return 'gone';
    // Never through a link, and never into what somebody mounted there: only the vault's own files are ours to delete.
    if (!stat.isDirectory()) throw new Error('it is not a directory');
    for (const point of mountsBelow(dir)) await unmount(point);
    await overwrite(dir, stat.dev);
    if (!isMounted(dir)) {
      await remove(dir);
      return 'gone';
    }
    const names = await readdir(dir);
    const left = await Promise.allSettled(names.map((name) => remove(join(dir, name))));
    const how = await unmount(dir);
    await remove(dir);
    const failure = left.find((result) => result.status === 'rejected');
    if (failure !== undefined && how === 'lazy') throw failure.reason;
    return how;
  } catch (cause) {
    throw new PhoenixError({
      code: 'PHX-VAULT-WIPE',
      class: 'vault',
      what: `The vault ${dir} could not be wiped.`,
      why: `${cause instanceof Error ? cause.message : String(cause)}.`,
      next: `See who uses it (fuser -vm ${dir}), then: umount ${dir}; rm -rf ${dir}. The next run tries again by itself.`,
      cause,
    });
  }
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
}

async function overwrite(dir: string, dev: number): Promise<void> {
  const until = performance.now() + overwriteWithinMs;
  const files: { readonly path: string; readonly size: number }[] = [];
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true }).catch(
    (): Dirent[] => [],
  )) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const stat = await lstat(path).catch(() => undefined);
    if (stat !== undefined) files.push({ path, size: stat.size });
  }
  for (const { path } of files.toSorted((a, b) => a.size - b.size)) {
    if (performance.now() > until) return;
    // One that cannot be overwritten is unlinked all the same.
    await overwriteFile(path, dev, until).catch(() => {});
  }
}

async function overwriteFile(path: string, dev: number, until: number): Promise<void> {
  await using handle = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const stat = await handle.stat();
  // A second name of the file may be somebody else's, and filling the holes of a sparse one would take memory.
  const ours = stat.isFile() && stat.dev === dev && stat.nlink === 1;
  if (!ours || stat.blocks * blockBytes * 2 < stat.size) return;
  for (let at = 0; at < stat.size && performance.now() < until; at += zeros.length)
    await handle.write(zeros, 0, Math.min(zeros.length, stat.size - at), at);
}
