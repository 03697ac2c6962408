import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../log.ts';
import { type Layer, writeArchive } from './archive.ts';
import { type ImageRecipe, keyOf, type LayerRecipe } from './recipe.ts';
import { type Written, writeTar } from './tar.ts';

export interface Store {
  readonly cacheDir: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface ImageFile {
  readonly reference: string;
  /** An archive of an OCI image layout. */
  readonly file: string;
}

/** Counts up with what layers or archives are made like: old ones are then made anew. */
const format = 2;
const unusedMs = 14 * 24 * 3600 * 1000;

/** The image's archive from the cache, made before where it is not there. */
export async function stored(store: Store, { reference, config, layers }: ImageRecipe): Promise<ImageFile> {
  const name = reference.replace(/^.*\/([^/:]+):.*$/, '$1');
  const key = keyOf(
    format,
    reference,
    config,
    layers.map(({ key }) => key),
  );
  const file = join(store.cacheDir, `${name}-${key}.tar`);
  if (await touched(file)) return { reference, file };
  const started = performance.now();
  const made: Layer[] = [];
  for (const layer of layers) made.push(await storedLayer(store, layer));
  await writeArchive(file, reference, config, made, store.signal);
  store.log.info(`images: made ${reference} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return { reference, file };
}

/** What of a layer is known once it is written lies beside it, and is written last. */
async function storedLayer({ cacheDir, signal }: Store, { key, entries }: LayerRecipe): Promise<Layer> {
  const folder = join(cacheDir, 'layers');
  const file = join(folder, `${keyOf(format, key)}.tar`);
  const note = `${file}.json`;
  const known = await readFile(note, 'utf8').catch(() => undefined);
  if (known !== undefined && (await touched(file))) return { file, ...(JSON.parse(known) as Written) };
  await mkdir(folder, { recursive: true });
  const written = await writeTar(file, entries(), signal);
  await writeFile(note, JSON.stringify(written));
  return { file, ...written };
}

async function touched(file: string): Promise<boolean> {
  const now = new Date();
  return utimes(file, now, now).then(
    () => true,
    () => false,
  );
}

/** Removes archives, layers and packages that no run has used for two weeks. */
export async function forgetUnused(cacheDir: string, now: number): Promise<void> {
  for (const folder of [cacheDir, join(cacheDir, 'layers'), join(cacheDir, 'debs')]) {
    const found = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const name of found.filter((entry) => entry.isFile()).map((entry) => entry.name)) {
      const { mtimeMs } = await stat(join(folder, name));
      if (/\.(?:tar|deb)$/.test(name) && now - mtimeMs > unusedMs) await rm(join(folder, name));
    }
  }
}
