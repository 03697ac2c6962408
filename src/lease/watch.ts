import type { ProcessIdentity } from '../process-identity.ts';
import type { LeaseRecord, Owner } from './record.ts';
import type { Stored } from './store.ts';
import type { Time } from './time.ts';
import { standingOf } from './who.ts';

export interface Standing {
  /** `silent`: its holder may live; so far it has shown no sign of it. */
  readonly is: 'free' | 'alive' | 'silent';
  /** Why a lease that was not given back is free. */
  readonly why?: string;
}

/** Those who hold a record, each with what changes whenever it shows life. */
export function holdersIn({ record, version }: Stored): { token: string; owner: Owner; sign: string }[] {
  const { members, token, owner } = record;
  if (members === undefined) return [{ token, owner, sign: version }];
  return members.map((each) => ({ token: each.token, owner: each.owner, sign: String(each.beat) }));
}

/**
 * Judges a lease each time it is seen. A holder that cannot be asked is watched: a new version is a sign of life, and
 * the same version for a whole TTL of our own clock is its death. The times in the record count for nothing, since the
 * clocks of two machines need not agree. Those that hold a castle together are judged each for itself, and the lease is
 * free when all of them are dead.
 */
export function createWatch(
  time: Time,
  me: Owner,
  isAlive: (process: ProcessIdentity) => Promise<boolean>,
): { see(found: Stored): Promise<Standing> } {
  let watched: { tenure: string; holders: Map<string, Seen> } | undefined;

  async function judge(holder: Seen & { owner: Owner }, now: number, ttlSeconds: number): Promise<Standing> {
    const standing = await standingOf(holder, me, isAlive);
    if (standing === 'alive') return { is: 'alive' };
    if (standing === 'dead') return { is: 'free', why: 'its process is gone' };
    if (now - holder.since >= ttlSeconds * 1000)
      return { is: 'free', why: `no sign of life for ${ttlSeconds} s` };
    return { is: holder.lives ? 'alive' : 'silent' };
  }

  return {
    async see(found) {
      const now = time.now();
      const { record } = found;
      const before = watched?.tenure === record.token ? watched.holders : undefined;
      const holders = holdersIn(found).map((holder) => {
        const last = before?.get(holder.token);
        if (last?.sign === holder.sign) return { ...last, owner: holder.owner };
        // Whoever comes to a record that is watched already has just written there.
        return { ...holder, since: now, lives: before !== undefined };
      });
      watched = {
        tenure: record.token,
        holders: new Map(holders.map((holder) => [holder.token, holder])),
      };
      if (record.released !== null) return { is: 'free' };
      return together(
        await Promise.all(holders.map((holder) => judge(holder, now, record.ttlSeconds))),
        record,
      );
    },
  };
}

interface Seen {
  readonly token: string;
  readonly sign: string;
  readonly since: number;
  readonly lives: boolean;
}

function together(standings: readonly Standing[], { members }: LeaseRecord): Standing {
  const is = (['alive', 'silent'] as const).find((wanted) => standings.some((each) => each.is === wanted));
  if (is !== undefined) return { is };
  const why = [...new Set(standings.flatMap((each) => each.why ?? []))].join('; ');
  return { is: 'free', why: members === undefined ? why : `of each of its legs: ${why}` };
}
