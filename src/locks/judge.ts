import type { Machine } from '../journal/entries.ts';
import type { Holder } from '../journal/holders.ts';
import type { LivingEngine } from './living.ts';
import type { LockInfo } from './lock-info.ts';

export type Verdict =
  /** Nobody holds it any more; `proof` tells how that is known. The only verdict after which a lock may be released. */
  | { readonly verdict: 'stale'; readonly proof: string }
  | { readonly verdict: 'held'; readonly by: string }
  /** Of another machine, whose processes cannot be seen from here. */
  | { readonly verdict: 'foreign'; readonly why: string }
  /** It may be dead, but a link of the proof is missing. */
  | { readonly verdict: 'unproved'; readonly why: string };

/** How far the time in a lock may lie from the times we know its engine by; both are of one machine's clock. */
export const toleranceMs = 2000;

/**
 * Whether the holder of `lock` is proved dead. `holders` are our engines of that layer, dead and alive; `engines` are
 * the engines on this machine now that may work on the same state, whoever started them. Pure, and suspicious: what is
 * not proved is kept.
 */
export function judgeLock(
  lock: LockInfo,
  holders: readonly Holder[],
  here: Pick<Machine, 'host' | 'user'>,
  now: number,
  engines: readonly LivingEngine[] = [],
): Verdict {
  const { who, created } = lock;
  const ownHost = who.endsWith(`@${here.host}`);
  if (!Number.isFinite(created)) return unproved('it does not say when it was taken');
  if (created > now + toleranceMs)
    return unproved('it was taken in the future, so clocks cannot be relied on');

  const explaining = holders.filter(
    ({ user, host, from, to }) =>
      `${user}@${host}` === who && from - toleranceMs <= created && created <= to + toleranceMs,
  );
  const alive = explaining.find((holder) => holder.alive);
  if (alive !== undefined) return { verdict: 'held', by: alive.how };
  if (!ownHost && explaining.length === 0) {
    return {
      verdict: 'foreign',
      why: 'it is of another machine, and no run that is known to have ended took it',
    };
  }
  if (explaining.length === 0)
    return unproved('no engine of a run on this machine took it: a person may have');
  if (ownHost && who !== `${here.user}@${here.host}`)
    return unproved('it is of another user of this machine');
  const perhaps = ownHost ? engines.find(({ from }) => from <= created + toleranceMs) : undefined;
  if (perhaps !== undefined) {
    return unproved(
      `process ${perhaps.pid} (${perhaps.name} in ${perhaps.dir}) may be its holder, and lives`,
    );
  }
  return { verdict: 'stale', proof: explaining.map(({ how }) => how).join('; ') };
}

function unproved(why: string): Verdict {
  return { verdict: 'unproved', why };
}
