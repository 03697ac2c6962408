import { dirname } from 'node:path';

export interface BesideOptions {
  /** The castle's name: several castles may keep their states in one place. */
  readonly castle: string;
  /** The environment that the layers see, for that is where the backend takes its credentials from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof globalThis.fetch;
}

/** The folder common to the states of all layers: what stands before the layer's name, else the state's own folder. */
export function above(path: string, layer: string): string {
  const at = path.lastIndexOf(`/${layer}/`);
  return at < 0 ? dirname(path) : path.slice(0, at) || '/';
}
