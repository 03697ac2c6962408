import { join } from 'node:path';
import type { Log } from '../../log.ts';
import { exclusive } from '../../toolchain/exclusive.ts';
import { blogBuild, blogImage } from './blog.ts';
import { postgresImage } from './debian-images.ts';
import { imageFailure } from './failure.ts';
import { mnemosyneImage } from './mnemosyne.ts';
import { pauseImage, programImage, programImages } from './programs.ts';
import { forgetUnused, type ImageFile, type Store, stored } from './store.ts';

export interface ImageOptions {
  /** Programs by their names in the toolchain. */
  readonly tools: ReadonlyMap<string, { readonly file: string }>;
  /** The folder that holds castle/ and dist/: a checkout of Phoenix. */
  readonly home: string;
  readonly cacheDir: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

interface Images {
  readonly images: readonly ImageFile[];
  /** What the pages of the blog in `phoenix.box/blog:1` say they are built from. */
  readonly blogBuild: string;
}

/** A castle without load balancers of MetalLB has no such tool, and no pod asks for the image. */
const optional = new Set(['metallb-controller']);

/**
 * Makes every image that the real node needs, or finds it in the cache: minutes the first time (packages are fetched),
 * milliseconds once nothing changed. Throws PHX-BOX-IMAGE.
 */
export async function makeImages({ tools, home, cacheDir, log, signal }: ImageOptions): Promise<Images> {
  await using _ = await exclusive(cacheDir, log, signal);
  const store: Store = { cacheDir, log, signal };
  const source = join(home, 'castle', 'blog');
  const build = await blogBuild(source);
  const recipes = [await pauseImage(store)];
  for (const image of programImages) {
    const tool = tools.get(image.tool);
    if (tool !== undefined) recipes.push(await programImage(image, tool.file));
    else if (!optional.has(image.tool)) throw noTool(image.tool, image.reference);
  }
  recipes.push(
    await blogImage(source, build, store),
    await postgresImage(store),
    await mnemosyneImage(home, store),
  );
  const images: ImageFile[] = [];
  for (const recipe of recipes) images.push(await stored(store, recipe));
  await forgetUnused(cacheDir, Date.now());
  return { images, blogBuild: build };
}

function noTool(tool: string, reference: string) {
  return imageFailure({
    what: `The image ${reference} cannot be made.`,
    why: `The rehearsal did not hand over ${tool}.`,
    next: `Pin ${tool} in the castle file's toolchain.`,
  });
}
