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
