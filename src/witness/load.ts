import { pathToFileURL } from 'node:url';
import type { ClientConfig, Client as PgClient } from 'pg';

/** What `library.ts` gives. */
interface Library {
  readonly Client: new (config: ClientConfig) => PgClient;
}

/** Loads the client for PostgreSQL. `self` is the file that Phoenix was started by: the bundle, or src/index.ts. */
export async function loadPostgres([, self = '']: readonly string[]): Promise<Library> {
  const place = self.endsWith('.ts') ? './witness/library.ts' : './postgres.js';
  const { href } = new URL(place, pathToFileURL(self));
  return (await import(/* webpackIgnore: true */ href)) as Library;
}
