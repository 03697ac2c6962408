import { messageOf, PhoenixError } from '../errors.ts';
import type { LeaseRecord } from './record.ts';

/** What a store has, and the version that a write must name to replace exactly that. */
export interface Stored {
  readonly record: LeaseRecord;
  readonly version: string;
}

/**
 * One lease in one place. Both calls throw PHX-LEASE-STORE where the place cannot be used, and PHX-LEASE-CORRUPT where
 * what lies there is no lease. A write that throws may have taken effect all the same.
 */
export interface LeaseStore {
  /** Where it is, for people: a folder, an address. No secret in it. */
  readonly place: string;
  read(): Promise<Stored | undefined>;
  /**
   * Compare-and-swap: writes only if the version is still `ifVersion` (undefined: only if there is no record). Gives the
   * new version; undefined where another was quicker.
   */
  write(record: LeaseRecord, ifVersion: string | undefined): Promise<string | undefined>;
}

export function storeError(
  place: string,
  cause: unknown,
  more: { why?: string; next?: string } = {},
): PhoenixError {
  return new PhoenixError({
    code: 'PHX-LEASE-STORE',
    class: 'layer',
    what: `The lease in ${place} cannot be read or written.`,
    why: more.why ?? causeOf(cause),
    next:
      more.next ??
      'Put the way to it right. `lease: { place: machine }` in the castle file does without, and guards this machine only.',
    cause,
  });
}

/** fetch says `fetch failed`, and why only in its cause. */
function causeOf(thrown: unknown): string {
  const inner = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  return messageOf(inner);
}
