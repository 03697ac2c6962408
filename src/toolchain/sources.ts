import { fromCache, intoCache } from './cache.ts';
import { type Unserved, unserved } from './failure.ts';
import { fromGo } from './go.ts';
import { fromMirror } from './mirror.ts';
import { fromPath } from './path.ts';
import { elapsed } from './progress.ts';
import { fromRelease } from './release.ts';
import { settled } from './settled.ts';
import type { InstalledTool, Miss, Site, Staged, ToolName, Wanted } from './tool.ts';

/** The sources in their order, and what they gave in this run. `started` as of performance.now(). */
export function createSources(site: Site, started: number) {
  const installed = new Map<ToolName, InstalledTool>();
  const has = (tool: Omit<InstalledTool, 'seconds'>, began: number, how: string) => {
    const took = performance.now() - began;
    installed.set(tool.name, { ...tool, seconds: took / 1000 });
    site.log.info(
      `${tool.name} ${tool.version}: ${how}, ${elapsed(took)} (${elapsed(performance.now() - started)} in all)`,
    );
  };
  const keep = async (wanted: Wanted, staged: Staged, began: number) => {
    await intoCache(site, wanted, staged);
    const cached = await fromCache(site, wanted);
    if ('kind' in cached) throw new Error(`${wanted.name} is gone from the cache: ${cached.why}`);
    const { source, from } = staged.origin;
    has(
      { ...cached, source },
      began,
      source === 'go' ? `built from ${from}` : `from ${from}, digest checked`,
    );
  };
  return {
    installed,
    /** Cache, then PATH, all tools at once; gives those that are in neither. */
    async ready(wanted: readonly Wanted[]): Promise<Unserved[]> {
      const found = await settled(
        wanted.map(async (one): Promise<Unserved | undefined> => {
          const began = performance.now();
          const cached = await fromCache(site, one);
          if (!('kind' in cached)) {
            has(cached, began, 'in the tool cache, digest checked');
            return undefined;
          }
          const onPath = await fromPath(site, one);
          if ('kind' in onPath) return { wanted: one, misses: [cached, onPath] };
          has(onPath, began, `${onPath.file} from PATH`);
          return undefined;
        }),
      );
      return found.filter((one) => one !== undefined);
    },
    /** Release, then mirror, all tools at once; gives those that neither has. */
    async fetched(missing: readonly Unserved[]): Promise<Unserved[]> {
      const found = await settled(
        missing.map(async ({ wanted, misses }): Promise<Unserved | undefined> => {
          const began = performance.now();
          const said: Miss[] = [...misses];
          for (const source of [fromRelease, fromMirror]) {
            const result = await source(site, wanted);
            if (result.kind === 'miss') {
              said.push(result);
              continue;
            }
            await keep(wanted, result, began);
            return undefined;
          }
          return { wanted, misses: said };
        }),
      );
      return found.filter((one) => one !== undefined);
    },
    async built(missing: readonly Unserved[], asked: number): Promise<void> {
      if (missing.length === 0) return;
      const failed = await fromGo(site, missing, keep);
      if (failed.length > 0) throw unserved(failed, asked);
    },
  };
}
