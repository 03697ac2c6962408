import { lstat, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';

/** The file in a run's folder that tells whose it is, so that a later run knows which folders are abandoned. */
export const ownerFile = 'owner.json';

/** A folder without an owner may be that young: its run writes the owner in the line after it made the folder. */
const youngMs = 10_000;
/** What another container left for so long, or a job's killed main, is of no run any more. */
const foreignMs = 24 * 3600 * 1000;

function pidSpace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => '');
}

/**
 * What this process writes into `ownerFile`. `job` is the process that has a clean-up after this one to come: while it
 * lives, what a killed run left is not abandoned.
 */
export async function ownerText(job?: ProcessIdentity): Promise<string> {
  const own = { ...(await identify(process.pid)), pidSpace: await pidSpace() };
  return JSON.stringify(job === undefined ? own : { ...own, job });
}

/** The runner's worker, which starts main and later the post step, and ends with its job; undefined where it cannot be seen. */
export async function thisJob(): Promise<ProcessIdentity | undefined> {
  // An init that took this process over, or the other side of a container's wall, would never end.
  return process.ppid > 1 ? identify(process.ppid) : undefined;
}

/**
 * Whether the run that made the folder is dead: killed, or gone with the machine's last boot. One whose job lives has its
 * post step to come and is spared, for a day at most: a runner that serves many jobs by one process does not end.
 */
export async function isAbandoned(dir: string): Promise<boolean> {
  const owner = await readOwner(dir);
  const stat = await lstat(dir).catch(() => undefined);
  if (owner !== undefined) {
    // A container that shares the folder counts its own pids: whether its run lives cannot be asked from here.
    const foreign = owner.pidSpace !== undefined && owner.pidSpace !== (await pidSpace());
    const old = stat !== undefined && Date.now() - stat.ctimeMs > foreignMs;
    if (foreign) return old;
    if (await isAlive(owner)) return false;
    return old || owner.job === undefined || !(await isAlive(owner.job));
  }
  return stat !== undefined && Date.now() - stat.ctimeMs > youngMs;
}

type Owner = ProcessIdentity & { readonly pidSpace?: string; readonly job?: ProcessIdentity };

async function readOwner(dir: string): Promise<Owner | undefined> {
  const text = await readFile(join(dir, ownerFile), 'utf8').catch(() => '');
  try {
    const owner: unknown = JSON.parse(text);
    return typeof owner === 'object' && owner !== null && 'pid' in owner ? (owner as Owner) : undefined;
  } catch {
    return undefined;
  }
}
