import type { Ask, Outcome, Patience } from './exchange.ts';
import type { InfisicalPlace } from './infisical-errors.ts';

/**
 * A login to a source of secrets. Disposing of it revokes what the login was given; a revoke that fails is told as a
 * warning and never thrown, because it happens on the way out of a run that may already have failed.
 */
export interface Session extends AsyncDisposable {
  /** Where the secrets come from, as people are told it, e.g. `Infisical at https://eu.infisical.com`. */
  readonly source: string;
  /** The slug of the project that is read, where its source has such and lets it be looked up. */
  projectSlug?(): Promise<string | undefined>;
  /**
   * The values of `names`, byte for byte. Fails as a whole, naming every key, where one is missing, empty or hidden:
   * half of the secrets is no use to a layer.
   */
  fetch(names: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** What a login to Infisical can do beside reading secrets: other requests of its API. */
export interface InfisicalSession extends Session {
  readonly place: InfisicalPlace;
  /** One request with the session's access token; `route` follows `/api/`. Logs in again where the token is not taken. */
  ask(ask: Pick<Ask, 'method' | 'json'> & { readonly route: string }, patience?: Patience): Promise<Outcome>;
}

export function isInfisical(session: Session | undefined): session is InfisicalSession {
  return session !== undefined && 'ask' in session;
}
