import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runChild } from '../child.ts';
import { keyOf, type LockedProvider, lockedProviders, providerFiles } from '../layer/provider-locks.ts';
import { marks } from '../layer/starter.ts';
import { flat } from '../layer/words.ts';
import { errorLines } from '../plan/ask.ts';
import type { Layer } from '../plan/discover.ts';
import type { Run } from './run.ts';
import { type Workspace, workspaceOf } from './workspace.ts';

const fetchWithinMs = 10 * 60 * 1000;

/**
 * Fetches the providers that later layers have locked into the cache that all layers share (Terragrunt 1.1 gives one to
 * OpenTofu from 1.10 on), while the first layers run: each is there when its layer's `init` asks for it. The engine holds
 * them against the hashes of the lock files, here and again in the layer. What fails here is told and harms nothing: the
 * layer fetches its own. Ends when the scope that holds it does.
 */
export function fetchProviders(
  layers: readonly Layer[],
  { run, workspace }: { readonly run: Run; readonly workspace: Workspace },
): AsyncDisposable {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, run.signal]);
  // With Terraform there is no such cache: its own is not safe for layers beside each other.
  const fetched = run.castle.engine === 'tofu' ? fetchAll(layers, run, workspace, signal) : Promise.resolve();
  const done = fetched.catch((thrown: unknown) => {
    if (!signal.aborted) run.log.info(`providers: not fetched ahead (${flat(String(thrown))})`);
  });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
    },
  };
}

/** Layer by layer, in the order in which they will ask. */
async function fetchAll(
  layers: readonly Layer[],
  run: Run,
  workspace: Workspace,
  signal: AbortSignal,
): Promise<void> {
  const env = { ...workspace.environment({}), [marks.run]: run.id, TG_TF_PATH: workspace.starter.engine };
  const cache = sharedCache(env);
  const names = new Set(layers.map(({ name }) => name));
  const [later = [], first = []] = [true, false].map((waits) =>
    layers.filter(({ dependencies }) => dependencies.some((on) => names.has(on)) === waits),
  );
  // What the first layers need they fetch themselves at this moment.
  const asked = new Set((await Promise.all(first.map(({ dir }) => lockedProviders(dir)))).flat().map(keyOf));
  const started = performance.now();
  let fetched = 0;
  for (const { dir } of later) {
    const wanted: LockedProvider[] = [];
    for (const provider of await lockedProviders(dir)) {
      if (asked.has(keyOf(provider)) || existsSync(join(cache, provider.source, provider.version))) continue;
      asked.add(keyOf(provider));
      wanted.push(provider);
    }
    if (wanted.length === 0) continue;
    await install(
      wanted,
      await mkdtemp(join(workspaceOf(run), 'providers-')),
      workspace.terragrunt,
      env,
      signal,
    );
    fetched += wanted.length;
  }
  if (fetched === 0) return;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  run.log.info(`providers: ${fetched} for later layers fetched beside the first, ${seconds} s`);
}

/** Where Terragrunt 1.1 has OpenTofu keep providers. */
function sharedCache(env: Readonly<Record<string, string>>): string {
  const caches = env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache');
  return env['TF_PLUGIN_CACHE_DIR'] || join(caches, 'terragrunt', 'providers');
}

/**
 * By Terragrunt, so that its own rules say where the cache is; after the layers wherever both want a processor. Throws
 * what it said.
 */
async function install(
  providers: readonly LockedProvider[],
  dir: string,
  terragrunt: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const files = { 'terragrunt.hcl': '', ...providerFiles(providers) };
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  const own = ['run', '--working-dir', dir, '--non-interactive', '--no-color', '--no-tips'];
  const args = [...own, '--', 'init', '-input=false', '-backend=false'];
  const { code, stderr, trouble } = await runChild('nice', ['-n', '10', terragrunt, ...args], {
    ...{ cwd: dir, env, signal },
    timeoutMs: fetchWithinMs,
  });
  if (code !== 0) throw new Error(trouble ?? errorLines(stderr)[0] ?? `Terragrunt exited with ${code}`);
}
