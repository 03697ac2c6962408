import { lstat, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';

/** The file in a run's folder that tells whose it is, so that a later run knows which folders are abandoned. */
export const ownerFile = 'owner.json';

/** A folder without an owner may be that young: its run writes the owner in the line after it made the folder. */
const youngMs = 10_000;
/** What another container left for so long is of no run any more. */
const foreignMs = 24 * 3600 * 1000;

function pidSpace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => '');
}

/** What this process writes into `ownerFile`. */
export async function ownerText(): Promise<string> {
  return JSON.stringify({ ...(await identify(process.pid)), pidSpace: await pidSpace() });
}

/** Whether the run that made the folder is dead: killed, or gone with the machine's last boot. */
export async function isAbandoned(dir: string): Promise<boolean> {
  const owner = await readOwner(dir);
  const stat = await lstat(dir).catch(() => undefined);
  if (owner !== undefined) {
    // A container that shares the folder counts its own pids: whether its run lives cannot be asked from here.
    const foreign = owner.pidSpace !== undefined && owner.pidSpace !== (await pidSpace());
    if (foreign) return stat !== undefined && Date.now() - stat.ctimeMs > foreignMs;
    return !(await isAlive(owner));
  }
  return stat !== undefined && Date.now() - stat.ctimeMs > youngMs;
}

async function readOwner(
  dir: string,
): Promise<(ProcessIdentity & { readonly pidSpace?: string }) | undefined> {
  const text = await readFile(join(dir, ownerFile), 'utf8').catch(() => '');
  try {
    const owner: unknown = JSON.parse(text);
    return typeof owner === 'object' && owner !== null && 'pid' in owner
      ? (owner as ProcessIdentity & { readonly pidSpace?: string })
      : undefined;
  } catch {
    return undefined;
  }
}
