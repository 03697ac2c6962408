import type { ProcessIdentity } from '../process-identity.ts';
import type { Owner } from './record.ts';
import type { Stored } from './store.ts';
import type { Time } from './time.ts';
import { standingOf } from './who.ts';

export interface Standing {
  /** `silent`: its holder may live; so far it has shown no sign of it. */
  readonly is: 'free' | 'alive' | 'silent';
  /** Why a lease that was not given back is free. */
  readonly why?: string;
}

/**
 * Judges a lease each time it is seen. A holder that cannot be asked is watched: a new version is a sign of life, and
 * the same version for a whole TTL of our own clock is its death. The times in the record count for nothing, since the
 * clocks of two machines need not agree.
 */
export function createWatch(
  time: Time,
  me: Owner,
  isAlive: (process: ProcessIdentity) => Promise<boolean>,
): { see(found: Stored): Promise<Standing> } {
  let seen: { token: string; version: string; since: number; lives: boolean } | undefined;
  return {
    async see({ record, version }) {
      const now = time.now();
      const { token, ttlSeconds } = record;
      if (seen?.token !== token) seen = { token, version, since: now, lives: false };
      else if (seen.version !== version) seen = { token, version, since: now, lives: true };
      if (record.released !== null) return { is: 'free' };
      const standing = await standingOf(record, me, isAlive);
      if (standing === 'alive') return { is: 'alive' };
      if (standing === 'dead') return { is: 'free', why: 'its process is gone' };
      if (now - seen.since >= ttlSeconds * 1000)
        return { is: 'free', why: `no sign of life for ${ttlSeconds} s` };
      return { is: seen.lives ? 'alive' : 'silent' };
    },
  };
}
