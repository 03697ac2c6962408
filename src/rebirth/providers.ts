import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { runChild } from '../child.ts';
import { messageOf } from '../errors.ts';
import { keyOf, type LockedProvider, lockedProviders, providerFiles } from '../layer/provider-locks.ts';
import { marks } from '../layer/starter.ts';
import { condense } from '../layer/words.ts';
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
    if (!signal.aborted) run.log.info(`providers: not fetched ahead (${messageOf(thrown)})`);
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
  const env = { ...workspace.environment({}), [marks.run]: run.id };
  const cache = sharedCache(env);
  const names = new Set(layers.map(({ name }) => name));
  const waits = ({ dependencies }: Layer) => dependencies.some((on) => names.has(on));
  const later = layers.filter(waits);
  const first = layers.filter((layer) => !waits(layer));
  // What the first layers need they fetch themselves at this moment.
  const asked = new Set((await Promise.all(first.map(({ dir }) => lockedProviders(dir)))).flat().map(keyOf));
  let staging: string | undefined;
  const started = performance.now();
  let fetched = 0;
  try {
    for (const { dir } of later) {
      const wanted: LockedProvider[] = [];
      for (const provider of await lockedProviders(dir)) {
        if (asked.has(keyOf(provider)) || existsSync(join(cache, provider.source, provider.version)))
          continue;
        asked.add(keyOf(provider));
        wanted.push(provider);
      }
      if (wanted.length === 0) continue;
      staging ??= await makeStaging(cache);
      const folder = await mkdtemp(join(workspaceOf(run), 'providers-'));
      await install(wanted, folder, workspace.engine, { ...env, TF_PLUGIN_CACHE_DIR: staging }, signal);
      for (const provider of wanted) await publish(provider, staging, cache);
      fetched += wanted.length;
    }
  } finally {
    if (staging !== undefined) await rm(staging, { recursive: true, force: true });
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

const stagingName = '.phoenix-providers-';
/** What a killed run left there is gone with a later one. */
const abandonedMs = 60 * 60 * 1000;

/**
 * A cache of its own beside that of the layers: an engine that is killed as it unpacks leaves half a package, and half a
 * package in the shared cache fails every layer after it (1.12.6).
 */
async function makeStaging(cache: string): Promise<string> {
  const beside = dirname(cache);
  await mkdir(beside, { recursive: true });
  for (const name of await readdir(beside)) {
    if (!name.startsWith(stagingName)) continue;
    const left = join(beside, name);
    const { mtimeMs } = await stat(left).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > abandonedMs) await rm(left, { recursive: true, force: true });
  }
  return mkdtemp(join(beside, stagingName));
}

/** In one move, so that no layer finds half of it; where a layer was faster, its own stays. */
async function publish({ source, version }: LockedProvider, staging: string, cache: string): Promise<void> {
  const [from, to] = [join(staging, source, version), join(cache, source, version)];
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from)) {
    if (entry.endsWith('.lock')) continue;
    await rename(join(from, entry), join(to, entry)).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'ENOTEMPTY' && thrown.code !== 'EEXIST') throw thrown;
    });
  }
}

/** After the layers wherever both want a processor. Throws what the engine said. */
async function install(
  providers: readonly LockedProvider[],
  cwd: string,
  engine: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  for (const [name, text] of Object.entries(providerFiles(providers))) await writeFile(join(cwd, name), text);
  const init = [engine, 'init', '-input=false', '-backend=false', '-no-color'];
  const options = { cwd, env, signal, timeoutMs: fetchWithinMs };
  const { code, stderr, trouble } = await runChild('nice', ['-n', '10', ...init], options);
  if (code !== 0) throw new Error(trouble ?? condense(stderr));
}
