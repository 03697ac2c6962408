import { join } from 'node:path';
import { names } from './changes.ts';
import type { Repository } from './git.ts';

/** A layer that was there at the base and is no more; what it made may still be there. */
export interface Removed {
  readonly name: string;
  /** The last commit that has its definition. */
  readonly commit: string;
}

/** The units below `live` (from the repository's root) that the base had and the tree has not. */
export async function removedUnits(
  repository: Repository,
  base: string,
  live: string,
  present: ReadonlySet<string>,
): Promise<Removed[]> {
  const folder = live === '' ? [] : [live];
  const listed = await repository.ask('ls-tree', '-r', '-z', '--name-only', base, '--', ...folder);
  const removed: Removed[] = [];
  for (const path of names(listed ?? '')) {
    const name = /^(.+)\/terragrunt\.hcl$/.exec(path.slice(live === '' ? 0 : live.length + 1))?.[1];
    if (name === undefined || present.has(name)) continue;
    removed.push({ name, commit: await lastDefinition(repository, base, join(live, name)) });
  }
  return removed;
}

async function lastDefinition(repository: Repository, base: string, unit: string): Promise<string> {
  const file = join(unit, 'terragrunt.hcl');
  // From both: after a forced push the base is no ancestor.
  const how = ['--format=%H', '--max-count=1', '--diff-filter=AM', '--no-renames', 'HEAD', base];
  return (await repository.ask('log', ...how, '--', file))?.trim() || base;
}
