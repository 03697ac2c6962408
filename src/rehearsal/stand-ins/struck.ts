import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FaultPlan } from './faults.ts';

const lateMs = 30_000;

/** By this file, in the box' folder, its stand-ins know that the machine is being made which the faults are meant for. */
const struckFile = (dir: string) => join(dir, 'struck');

export async function declareStruck(dir: string): Promise<void> {
  await writeFile(struckFile(dir), '');
}

/**
 * The faults of an Infisical that a cluster has for a client too: `cluster-…` strike only from the machine on that they
 * are meant for, where the stand-in is part of a box (`dir`), and `cluster-late` for so long after it was first asked.
 */
export function strikingCluster(
  plan: FaultPlan<'infisical'>,
  { dir, now }: { readonly dir: string | undefined; readonly now: () => number },
): FaultPlan<'infisical'> {
  let asked: number | undefined;
  return {
    strikes(kind) {
      if (kind.startsWith('cluster-') && dir !== undefined && !existsSync(struckFile(dir))) return false;
      if (kind === 'cluster-late' && asked !== undefined && now() - asked > lateMs) return false;
      const strikes = plan.strikes(kind);
      if (strikes && kind === 'cluster-late') asked ??= now();
      return strikes;
    },
  };
}
