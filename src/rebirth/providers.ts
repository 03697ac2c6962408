import { access, mkdtemp, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runChild } from '../child.ts';
import {
  keyOf,
  type LockedProvider,
  lockedProviders,
  lockFileName,
  type ProviderSet,
  providerSets,
} from '../layer/provider-locks.ts';
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

async function fetchAll(
  layers: readonly Layer[],
  run: Run,
  workspace: Workspace,
  signal: AbortSignal,
): Promise<void> {
  const env = { ...workspace.environment({}), [marks.run]: run.id, TG_TF_PATH: workspace.starter.engine };
  const missing = await missingProviders(layers, sharedCache(env));
  const started = performance.now();
  for (const set of providerSets(missing)) {
    const dir = await mkdtemp(join(workspaceOf(run), 'providers-'));
    await initialise(dir, set, workspace.terragrunt, env, signal);
  }
  if (missing.length === 0) return;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  run.log.info(`providers: ${missing.length} for later layers fetched beside the first, ${seconds} s`);
}

/** What layers that wait for others have locked, the first do not fetch themselves at this moment, and no cache has. */
async function missingProviders(layers: readonly Layer[], cache: string): Promise<LockedProvider[]> {
  const names = new Set(layers.map(({ name }) => name));
  const waits = ({ dependencies }: Layer) => dependencies.some((on) => names.has(on));
  const lockedBy = async (some: readonly Layer[]) =>
    (await Promise.all(some.map(({ dir }) => lockedProviders(dir)))).flat();
  const first = new Set((await lockedBy(layers.filter((layer) => !waits(layer)))).map(keyOf));
  const later = (await lockedBy(layers.filter(waits))).filter((provider) => !first.has(keyOf(provider)));
  const cached = await Promise.all(
    later.map(({ source, version }) =>
      access(join(cache, source, version)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return later.filter((_, index) => !cached[index]);
}

/** Where Terragrunt 1.1 has OpenTofu keep providers. */
function sharedCache(env: Readonly<Record<string, string>>): string {
  const caches = env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache');
  return env['TF_PLUGIN_CACHE_DIR'] || join(caches, 'terragrunt', 'providers');
}

/** By Terragrunt, so that its own rules say where the cache is. Throws what it said. */
async function initialise(
  dir: string,
  { main, lock }: ProviderSet,
  terragrunt: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  await writeFile(join(dir, 'terragrunt.hcl'), '');
  await writeFile(join(dir, 'main.tf'), main);
  await writeFile(join(dir, lockFileName), lock);
  const args = ['run', '--working-dir', dir, '--non-interactive', '--no-color', '--no-tips'];
  const { code, stderr, trouble } = await runChild(
    terragrunt,
    [...args, '--', 'init', '-input=false', '-backend=false'],
    { cwd: dir, env, signal, timeoutMs: fetchWithinMs },
  );
  if (code !== 0) throw new Error(trouble ?? errorLines(stderr)[0] ?? `Terragrunt exited with ${code}`);
}
