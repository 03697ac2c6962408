import { messageOf, PhoenixError } from '../errors.ts';
import type { LeaseRecord } from './record.ts';

/** What a store has, and the version that a write must name to replace exactly that. */
export interface Stored<T = LeaseRecord> {
  readonly record: T;
  readonly version: string;
}

/** How a record of one kind is written down. */
export interface Form<T> {
  /** The output of the state that holds it where the store is a server of states. */
  readonly output: string;
  text(record: T): string;
  /** Throws where `text` is no such record; `place` is where it lay, for people. */
  parse(text: string, place: string): T;
}

/**
 * One record in one place, a lease or another. Both calls throw PHX-LEASE-STORE where the place cannot be used, and
 * PHX-LEASE-CORRUPT where what lies there is no such record. A write that throws may have taken effect all the same.
 */
export interface Store<T> {
  /** Where it is, for people: a folder, an address. No secret in it. */
  readonly place: string;
  read(): Promise<Stored<T> | undefined>;
  /**
   * Compare-and-swap: writes only if the version is still `ifVersion` (undefined: only if there is no record). Gives the
   * new version; undefined where another was quicker.
   */
  write(record: T, ifVersion: string | undefined): Promise<string | undefined>;
}

export type LeaseStore = Store<LeaseRecord>;

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
