import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild } from '../../child.ts';
import { debianPackages, presentPackages } from './debian.ts';
import { nginxLayers } from './debian-images.ts';
import { packageEntries } from './debian-layer.ts';
import { imageFailure, lastWords } from './failure.ts';
import { folderEntries } from './folder.ts';
import { type ImageRecipe, keyOf, type LayerRecipe } from './recipe.ts';
import type { Store } from './store.ts';
import { writeTar } from './tar.ts';

const place = 'usr/share/nginx/html';
const loaders: Partial<Record<NodeJS.Architecture, readonly [folder: string, file: string]>> = {
  x64: ['x86_64-linux-gnu', 'ld-linux-x86-64.so.2'],
  arm64: ['aarch64-linux-gnu', 'ld-linux-aarch64.so.1'],
};

/** The blog, built from its source and served by nginx. `build` is what its pages say they are built from. */
export async function blogImage(source: string, build: string, store: Store): Promise<ImageRecipe> {
  const hugo = (await debianPackages(hugoPackages, store)).map(({ name }) => name);
  const site: LayerRecipe = {
    key: keyOf('blog', build, hugo),
    async *entries() {
      const folder = await mkdtemp(join(tmpdir(), 'phoenix-blog-'));
      try {
        // A copy, since Hugo writes what it makes of assets into its source.
        await cp(source, join(folder, 'source'), { recursive: true });
        await buildSite(build, folder, await hugoRoot(hugo, store), store.signal);
        yield* folderEntries(join(folder, 'public'), place);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
  return {
    reference: 'phoenix.box/blog:1',
    // The first error log is named here: until it has read its configuration, nginx writes to the one it was built with.
    config: { entrypoint: ['nginx', '-e', '/dev/stderr', '-g', 'daemon off;'], user: '101:101' },
    layers: [...(await nginxLayers(store)), site],
  };
}

/** A short hash of the blog's source, names and contents: what its pages are told by. */
export async function blogBuild(source: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const entry of folderEntries(source)) {
    hash.update(`${entry.type} ${entry.path}\n`);
    if (entry.type === 'file') hash.update(await readFile(join(source, entry.path)));
  }
  return hash.digest('hex').slice(0, 12);
}

const hugoPackages = { packages: ['hugo'] };

/** Hugo from its package, unpacked into the cache. It is run by its own loader, so the machine's libraries do not matter. */
async function hugoRoot(names: readonly string[], store: Store): Promise<string> {
  const root = join(store.cacheDir, `hugo-${keyOf(names)}`);
  const partial = await mkdtemp(join(store.cacheDir, 'hugo-partial-'));
  try {
    const there = await readFile(join(root, 'whole')).catch(() => undefined);
    if (there !== undefined) return root;
    const tar = join(partial, 'root.tar');
    const packages = await presentPackages(hugoPackages, store);
    await writeTar(tar, packageEntries(packages, store.signal), store.signal);
    const unpacked = await runChild('tar', ['-xf', tar, '-C', partial, '--no-same-owner'], {
      env: { PATH: process.env['PATH'] ?? '' },
      signal: store.signal,
      timeoutMs: 120_000,
    });
    if (unpacked.code !== 0)
      throw notBuilt(lastWords(unpacked), 'See that `tar` is installed and the disk has room.');
    await rm(tar);
    await rm(root, { recursive: true, force: true });
    await writeFile(join(partial, 'whole'), '');
    await rename(partial, root);
    return root;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function buildSite(build: string, folder: string, root: string, signal: AbortSignal) {
  const [triplet, loader] = loaders[process.arch] ?? [];
  if (triplet === undefined || loader === undefined)
    throw notBuilt(`there is no Hugo for ${process.arch}`, 'Use a machine with an x64 or arm64 processor.');
  const libraries = join(root, 'usr/lib', triplet);
  const hugo = [
    join(root, 'usr/bin/hugo'),
    ['--source', join(folder, 'source')],
    ['--destination', join(folder, 'public')],
    ['--cacheDir', join(folder, 'cache')],
    '--noBuildLock',
    '--panicOnWarning',
  ].flat();
  const built = await runChild(join(libraries, loader), ['--library-path', libraries, ...hugo], {
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, HUGO_PARAMS_BUILD: build },
    signal,
    timeoutMs: 120_000,
  });
  if (built.code !== 0) throw notBuilt(lastWords(built), 'See what `hugo --source castle/blog` says.');
}

function notBuilt(why: string, next: string) {
  return imageFailure({ what: 'The blog could not be built from its source.', why, next });
}
