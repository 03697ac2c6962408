import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { marks } from '../layer/starter.ts';
import { isAbandoned } from '../owner.ts';
import { processesMarked } from '../process/tree.ts';
import { vaultPrefix } from './vault.ts';
import { type Wiped, wipe } from './wipe.ts';

/** Vaults below the roots that belong to this user, whose owner is dead and which no post step is still to clean up. */
export async function abandonedVaults(roots: readonly string[]): Promise<string[]> {
  const abandoned: string[] = [];
  for (const root of roots) {
    for (const name of await readdir(root).catch(() => [])) {
      if (!name.startsWith(vaultPrefix)) continue;
      const dir = join(root, name);
      const stat = await lstat(dir).catch(() => undefined);
      if (stat === undefined || !stat.isDirectory() || stat.uid !== process.getuid?.()) continue;
      if (await isAbandoned(dir)) abandoned.push(dir);
    }
  }
  return abandoned;
}

/**
 * Wipes the abandoned vaults below the roots; tells of each, and of those that could not be wiped at the end. One that an
 * engine still works with is left: whoever settles its run waits for the engine, and needs what lies there to judge it
 * and to release its lock. So is that of a run in `spared`, which somebody settles. Returns those that it wiped.
 */
export async function sweepVaults(
  roots: readonly string[],
  onWiped: (dir: string, how: Wiped) => void = () => {},
  spared: ReadonlySet<string> = new Set(),
): Promise<string[]> {
  const wiped: string[] = [];
  const failures: unknown[] = [];
  for (const dir of await abandonedVaults(roots)) {
    if (spared.has(runOf(dir)) || (await isAtWork(dir))) continue;
    // One that stays must not keep the others.
    await wipe(dir).then(
      (how) => {
        wiped.push(dir);
        onWiped(dir, how);
      },
      (error: unknown) => failures.push(error),
    );
  }
  if (failures.length > 0) throw failures[0];
  return wiped;
}

async function isAtWork(dir: string): Promise<boolean> {
  return (await processesMarked(marks.run, runOf(dir))).length > 0;
}

function runOf(dir: string): string {
  return basename(dir).slice(vaultPrefix.length);
}
