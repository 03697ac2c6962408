import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Keepsake, Passage } from './record.ts';
import type { KeepsakeStore } from './store.ts';

/** After so long nobody remembers what the mark was about, and the castle may have changed under other hands. */
const freshMs = 7 * 24 * 3600 * 1000;
/** How far the clocks of two machines may be apart; what lies further ahead was written by a clock that is wrong. */
export const skewMs = 5 * 60 * 1000;

export function isFresh({ at }: Pick<Passage, 'at'>, now: number): boolean {
  return now - at <= freshMs && now - at >= -skewMs;
}

/** Whether a destroy has begun, and nothing was applied since: what is missing then, this destroy has taken. */
export function isDying({ phase, at }: Passage, now: number): boolean {
  return phase !== 'raising' && isFresh({ at }, now);
}

/**
 * Marks how far the castle has come. An unbroken passage keeps its first time, so that tries without end do not make it
 * younger. `raising` spends the witness: what is applied has rows that it does not know. Gives the mark
 * that stood there. Throws PHX-KEEPSAKE-STORE: without the mark a next run would begin anew.
 */
export async function markPassage(
  keepsake: KeepsakeStore,
  passage: Omit<Passage, 'at'>,
): Promise<Passage | undefined> {
  const now = Date.now();
  let before: Passage | undefined;
  await keepsake.write((kept) => {
    before = kept.passage;
    const marked = { ...kept, passage: { ...passage, at: beganAt(before, passage.phase, now) } };
    return passage.phase === 'raising' ? spent(marked) : marked;
  });
  return before;
}

function beganAt(before: Passage | undefined, phase: Passage['phase'], now: number): number {
  if (before === undefined || !isFresh(before, now)) return now;
  return phase === 'raising' || isDying(before, now) ? before.at : now;
}

/** Puts back what `markPassage` or `clearPassage` gave. Never throws; what stays is told. */
export async function restorePassage(
  keepsake: KeepsakeStore,
  passage: Passage | undefined,
  log: Log,
): Promise<void> {
  const put = ({ passage: _, ...kept }: Keepsake) => (passage === undefined ? kept : { ...kept, passage });
  await keepsake.write(put).catch((error: unknown) => unsure(keepsake, error, log));
}

/**
 * Before anything is applied: a castle that was being destroyed is being raised from here on, and its witness speaks for
 * it no more. One read where there is nothing to say.
 */
export async function noteApply(keepsake: KeepsakeStore, run: string): Promise<void> {
  const { passage, witness, spent: nonce } = await keepsake.read();
  const dying = passage !== undefined && passage.phase !== 'raising';
  if (!dying && (witness === undefined || witness.nonce === nonce)) return;
  await keepsake.write((kept) =>
    spent(
      kept.passage === undefined || kept.passage.phase === 'raising'
        ? kept
        : { ...kept, passage: { ...kept.passage, phase: 'raising', run } },
    ),
  );
}

function spent(kept: Keepsake): Keepsake {
  return kept.witness === undefined ? kept : { ...kept, spent: kept.witness.nonce };
}

/** Takes the mark away, if there is one, and gives it: the castle stands whole. Never throws; what stays is told. */
export async function clearPassage(keepsake: KeepsakeStore, log: Log): Promise<Passage | undefined> {
  try {
    const { passage } = await keepsake.read();
    if (passage !== undefined) await keepsake.write(({ passage: _, ...kept }) => kept);
    return passage;
  } catch (error) {
    unsure(keepsake, error, log);
    return undefined;
  }
}

function unsure({ place }: KeepsakeStore, error: unknown, log: Log): void {
  log.warn(`The mark of a destroy in ${place} may not be as it should: ${messageOf(error)}`);
}
