import { mkdir, rm } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import { fromCache, intoCache, useCacheFolder } from './cache.ts';
import { exclusive } from './exclusive.ts';
import { type Unserved, unserved } from './failure.ts';
import { fromGo } from './go.ts';
import { createHosts } from './hosts.ts';
import { openLock } from './lock.ts';
import { fromMirror } from './mirror.ts';
import { fromPath } from './path.ts';
import { platformOf } from './platform.ts';
import { elapsed } from './progress.ts';
import { hideDebugCommands } from './quiet.ts';
import { fromRelease } from './release.ts';
import {
  type InstalledTool,
  type Miss,
  type Site,
  type Staged,
  type ToolName,
  type ToolRequest,
  toolNames,
  type Wanted,
} from './tool.ts';
import { tools } from './tools.ts';
import { exactVersion } from './version.ts';

export type { InstalledTool, ToolName, ToolRequest, ToolSource } from './tool.ts';

/** The versions that Phoenix is tested with. */
export const pins = Object.fromEntries(toolNames.map((name) => [name, tools[name].pin])) as Readonly<
  Record<ToolName, string>
>;

export interface InstallOptions {
  /** phoenix.lock; made where it is missing, and added to where a digest is new. */
  readonly lockFile: string;
  /** Default: RUNNER_TOOL_CACHE, else `${XDG_CACHE_HOME:-~/.cache}/phoenix/tools`. */
  readonly cacheDir?: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly fetch?: typeof fetch;
}

/**
 * Makes every requested tool usable, from the first source that has it: tool cache, PATH (where the request gives a
 * range), release download, mirror, Go module build. Nothing is used whose digest is not vouched for. Throws a
 * PhoenixError of class `toolchain`, or the signal's reason; what was installed until then stays.
 */
export async function installToolchain(
  requests: readonly ToolRequest[],
  options: InstallOptions,
): Promise<ReadonlyMap<ToolName, InstalledTool>> {
  options.signal.throwIfAborted();
  using _quiet = hideDebugCommands(options.env);
  const started = performance.now();
  // One failure ends the others, so that no build goes on behind an error that is shown already.
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const restoreProxy = options.fetch === undefined ? proxyFromEnvironment(options.env) : () => {};
  try {
    const site: Site = {
      platform: platformOf(process.platform, process.arch),
      lock: await openLock(options.lockFile, options.log),
      ...folders(useCacheFolder(options.env, options.cacheDir)),
      env: options.env,
      log: options.log,
      signal,
      fetch: options.fetch ?? fetch,
      hosts: createHosts(options.fetch ?? fetch, signal),
    };
    const wanted = inOrder(requests);
    const run = createRun(site, started);
    const missing = await run.ready(wanted);
    if (missing.length > 0) {
      await using _mine = await exclusive(site.cache, site.log, signal);
      await rm(site.work, { recursive: true, force: true });
      await mkdir(site.work);
      try {
        // Another process may have installed them while this one waited.
        const still = await run.ready(missing.map((one) => one.wanted));
        const unbuilt = await run.fetched(still);
        await run.built(unbuilt, wanted.length);
      } finally {
        await rm(site.work, { recursive: true, force: true });
      }
    }
    return run.installed;
  } catch (error) {
    stop.abort(error);
    options.signal.throwIfAborted();
    throw error;
  } finally {
    restoreProxy();
  }
}

function folders(cache: string): { cache: string; work: string } {
  return { cache, work: join(cache, '.work') };
}

function inOrder(requests: readonly ToolRequest[]): Wanted[] {
  const byName = new Map(requests.map((request) => [request.name, request]));
  return toolNames.flatMap((name) => {
    const request = byName.get(name);
    return request === undefined
      ? []
      : [{ name, version: exactVersion(name, request.version), path: request.path }];
  });
}

function createRun(site: Site, started: number) {
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

/** Waits for all of them, then throws the first failure: no work is left running behind an error. */
async function settled<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/** Node's fetch goes through HTTPS_PROXY only when told to; undone afterwards, as the castle is not behind it. */
function proxyFromEnvironment(env: NodeJS.ProcessEnv): () => void {
  const named = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some((name) => env[name]);
  return named && typeof http.setGlobalProxyFromEnv === 'function'
    ? http.setGlobalProxyFromEnv(env)
    : () => {};
}
