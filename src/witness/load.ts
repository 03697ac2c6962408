import type { ClientConfig, Client as PgClient } from 'pg';
import { loadOwnBundle } from '../own-bundle.ts';

/** What `library.ts` gives. */
interface Library {
  readonly Client: new (config: ClientConfig) => PgClient;
}

/** Loads the client for PostgreSQL. */
export async function loadPostgres(): Promise<Library> {
  return (await loadOwnBundle('./witness/library.ts', './postgres.js')) as Library;
}
