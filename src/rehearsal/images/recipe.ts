import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { ImageConfig } from './archive.ts';
import type { Entry } from './tar.ts';

/** A layer that can be told from others before it is made. */
export interface LayerRecipe {
  /** Of what goes in: two recipes with the same key make the same layer. */
  readonly key: string;
  readonly entries: () => AsyncIterable<Entry> | Iterable<Entry>;
}

export interface ImageRecipe {
  /** As in manifests: `phoenix.box/pause:1`. */
  readonly reference: string;
  readonly config: ImageConfig;
  /** The lowest first. */
  readonly layers: readonly LayerRecipe[];
}

/** What may be written to disk: the shape of the key's inputs is part of it. */
export function keyOf(...inputs: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
}

/** A layer of small things that are at hand. */
export function smallLayer(entries: readonly Entry[]): LayerRecipe {
  const told = entries.map((entry) => {
    if (entry.type !== 'file' || !Buffer.isBuffer(entry.body)) return entry;
    return { ...entry, body: createHash('sha256').update(entry.body).digest('hex') };
  });
  return { key: keyOf('small', told), entries: () => entries };
}

/** Tells a large file from what it was before, without reading it. */
export async function fileMark(file: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(file);
  return `${file} ${ino} ${size} ${mtimeMs}`;
}
