import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';

/** The file in a run's folder that tells whose it is, so that a later run knows which folders are abandoned. */
export const ownerFile = 'owner.json';

/** A folder without an owner may be that young: its run writes the owner in the line after it made the folder. */
const youngMs = 10_000;

/** What this process writes into `ownerFile`. */
export async function ownerText(): Promise<string> {
  return JSON.stringify(await identify(process.pid));
}

/** Whether the run that made the folder is dead: killed, or gone with the machine's last boot. */
export async function isAbandoned(dir: string): Promise<boolean> {
  const owner = await readOwner(dir);
  if (owner !== undefined) return !(await isAlive(owner));
  const stat = await lstat(dir).catch(() => undefined);
  return stat !== undefined && Date.now() - stat.ctimeMs > youngMs;
}

async function readOwner(dir: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(join(dir, ownerFile), 'utf8').catch(() => '');
  try {
    const owner: unknown = JSON.parse(text);
    return typeof owner === 'object' && owner !== null && 'pid' in owner
      ? (owner as ProcessIdentity)
      : undefined;
  } catch {
    return undefined;
  }
}
