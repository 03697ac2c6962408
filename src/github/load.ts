import { pathToFileURL } from 'node:url';
import type * as Library from './library.ts';

/** Loads the libraries for GitHub. `self` is the file that Phoenix was started by: the bundle, or src/index.ts. */
export async function loadLibrary([, self = '']: readonly string[]): Promise<typeof Library> {
  const place = self.endsWith('.ts') ? './github/library.ts' : './github.js';
  const { href } = new URL(place, pathToFileURL(self));
  return (await import(/* webpackIgnore: true */ href)) as typeof Library;
}
