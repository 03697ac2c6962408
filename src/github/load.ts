import { loadOwnBundle } from '../own-bundle.ts';
import type * as Library from './library.ts';

/** Loads the libraries for GitHub. */
export async function loadLibrary(): Promise<typeof Library> {
  return (await loadOwnBundle('./github/library.ts', './github.js')) as typeof Library;
}
