import { dirname, join } from 'node:path';
import type { Castle } from '../castle/load.ts';
import { isInside } from '../paths.ts';

/**
 * Where a castle keeps what outlives a run: `.phoenix/NAME` beside its castle file, or above the live folder where the
 * file lies in that. Terragrunt takes every copy of a unit below the live folder for a unit of its own.
 */
export function stateDirOf({ dir, liveDir, name }: Pick<Castle, 'dir' | 'liveDir' | 'name'>): string {
  const beside = isInside(liveDir, dir) ? dirname(liveDir) : dir;
  return join(beside, '.phoenix', name);
}
