import { mkdir, rm } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import { useCacheFolder } from './cache.ts';
import { exclusive } from './exclusive.ts';
import { createHosts } from './hosts.ts';
import { openLock } from './lock.ts';
import { platformOf } from './platform.ts';
import { hideDebugCommands } from './quiet.ts';
import { createSources } from './sources.ts';
import {
  type InstalledTool,
  type Site,
  type ToolName,
  type ToolRequest,
  toolNames,
  type Wanted,
} from './tool.ts';
import { tools } from './tools.ts';
import { exactVersion } from './version.ts';

export type { InstalledTool, ToolName, ToolRequest } from './tool.ts';

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
    const sources = createSources(site, started);
    const missing = await sources.ready(wanted);
    if (missing.length > 0) {
      await using _mine = await exclusive(site.cache, site.log, signal);
      await rm(site.work, { recursive: true, force: true });
      await mkdir(site.work);
      try {
        // Another process may have installed them while this one waited.
        const still = await sources.ready(missing.map((one) => one.wanted));
        const unbuilt = await sources.fetched(still);
        await sources.built(unbuilt, wanted.length);
      } finally {
        await rm(site.work, { recursive: true, force: true });
      }
    }
    return sources.installed;
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

/** Node's fetch goes through HTTPS_PROXY only when told to; undone afterwards, as the castle is not behind it. */
function proxyFromEnvironment(env: NodeJS.ProcessEnv): () => void {
  const named = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some((name) => env[name]);
  return named && typeof http.setGlobalProxyFromEnv === 'function'
    ? http.setGlobalProxyFromEnv(env)
    : () => {};
}
