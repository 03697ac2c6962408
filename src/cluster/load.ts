import { loadOwnBundle } from '../own-bundle.ts';
import type * as Library from './library.ts';

/** Loads the client for Kubernetes. */
export async function loadClient(): Promise<typeof Library> {
  return (await loadOwnBundle('./cluster/library.ts', './cluster.js')) as typeof Library;
}

/** Loads it ahead of its use, while something else is waited for. */
export function warmClient(): void {
  // A failure shows where the library is used.
  loadClient().catch(() => {});
}
