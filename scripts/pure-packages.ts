import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Packages whose modules do nothing when they are loaded but define what they export, though they do not say so. The
 * bundler must keep all of a package that says nothing: of the client for Kubernetes, 15 MB of generated calls; of
 * @actions/core and @actions/tool-cache, a whole HTTP client. Each with the files that do act, where it has some.
 */
const pure: Readonly<Record<string, readonly string[]>> = {
  '@kubernetes/client-node': ['./dist/polyfill.js'],
  '@actions/core': [],
  '@actions/http-client': [],
  '@actions/tool-cache': [],
};

/** Sets copies of them beside what is bundled in the folder `build`, that say so; there they are found first. */
export async function placePurePackages(build: string): Promise<void> {
  for (const [name, acting] of Object.entries(pure)) {
    const [from, to] = [join('node_modules', name), join(build, 'node_modules', name)];
    await mkdir(dirname(to), { recursive: true });
    await cp(from, to, { recursive: true, filter: (file) => !/\.(d\.ts|map|md)$/.test(file) });
    const file = join(to, 'package.json');
    const manifest = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    await writeFile(file, JSON.stringify({ ...manifest, sideEffects: acting }));
  }
}
