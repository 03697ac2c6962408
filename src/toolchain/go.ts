import type { Unserved } from './failure.ts';
import { buildModule, fetchDependencies } from './go-build.ts';
import { findGo, type GoCommand } from './go-command.ts';
import { type Prepared, prepareModule } from './go-module.ts';
import type { GoRecipe } from './recipe.ts';
import { settled } from './settled.ts';
import { type Miss, miss, type Site, type Staged, type Wanted } from './tool.ts';
import { tools } from './tools.ts';

interface Job {
  readonly wanted: Wanted;
  readonly misses: readonly Miss[];
  readonly recipe: GoRecipe;
  readonly prepared: Prepared;
}

/**
 * Builds what no other source has. Modules are downloaded for all tools ahead of the builds, which run one at a time:
 * `go build` uses every core itself, and neighbours in the order find each other's libraries compiled.
 * Gives the tools that cannot be built; then none has been built, so that nobody waits minutes for an error.
 */
export async function fromGo(
  site: Site,
  missing: readonly Unserved[],
  keep: (wanted: Wanted, staged: Staged, began: number) => Promise<void>,
): Promise<Unserved[]> {
  const go = await findGo(site);
  if ('kind' in go) return missing.map((one) => withMiss(one, go));
  const prepared = await settled(missing.map((one) => prepare(site, go, one)));
  const jobs = prepared.filter((one): one is Job => 'prepared' in one);
  if (jobs.length < prepared.length) return prepared.filter((one) => !('prepared' in one));

  const stop = new AbortController();
  const ahead = { ...site, signal: AbortSignal.any([site.signal, stop.signal]) };
  let before: Promise<unknown> = Promise.resolve();
  const fetched = jobs.map(({ wanted, recipe, prepared: module }) => {
    const mine = before.then(() => fetchDependencies(ahead, go, wanted, recipe, module));
    before = mine;
    return mine;
  });
  // Awaited below, in order; what fails before its turn must not count as unhandled.
  const downloads = Promise.allSettled(fetched);
  try {
    for (const [index, job] of jobs.entries()) {
      const began = performance.now();
      const unfetched = await fetched[index];
      if (unfetched !== undefined) return [withMiss(job, unfetched)];
      await keep(job.wanted, await buildModule(site, go, job.wanted, job.recipe, job.prepared), began);
    }
    return [];
  } finally {
    // No download may write on behind an error, into a folder that is about to be removed.
    stop.abort();
    await downloads;
  }
}

async function prepare(site: Site, go: GoCommand, one: Unserved): Promise<Job | Unserved> {
  const recipe = tools[one.wanted.name].go;
  if (recipe === undefined) return withMiss(one, miss('go', 'it cannot be built from its Go module alone'));
  const result = await prepareModule(site, go, one.wanted, recipe);
  return result.kind === 'miss' ? withMiss(one, result) : { ...one, recipe, prepared: result };
}

function withMiss({ wanted, misses }: Unserved, last: Miss): Unserved {
  return { wanted, misses: [...misses, last] };
}
