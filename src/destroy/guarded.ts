import { toPhoenixError } from '../errors.ts';
import { clearPassage, markPassage } from '../keepsake/passage.ts';
import { type KeepsakeStore, openKeepsake } from '../keepsake/store.ts';
import { noteFailure } from '../rebirth/progress.ts';
import type { Prepared } from '../rebirth/protocol.ts';
import type { Request } from '../request.ts';
import { passWitnessGate } from '../witness/gate.ts';
import { lookForLeftovers } from './leftovers.ts';
import { destroyCastle } from './work.ts';

/** What of the request a destroy goes by. */
export type Wanted = Pick<Request, 'only' | 'from' | 'without-witness'>;

/**
 * A destroy with what stands before and after it: the witness, the mark that it was begun, the look at what may be left
 * outside. `revokes`: whether the castle's client secrets go with it.
 */
export async function destroyGuarded(
  prepared: Prepared,
  wanted: Wanted,
  {
    marks,
    revokes,
    keepsake,
  }: { readonly marks: boolean; readonly revokes: boolean; readonly keepsake: KeepsakeStore },
): Promise<void> {
  const { run, progress } = prepared;
  const { ledger, signal } = run;
  let witness: string | null;
  try {
    witness = await ledger.span('witness', 'phase', () =>
      passWitnessGate(prepared, wanted['without-witness'], keepsake),
    );
  } catch (thrown) {
    signal.throwIfAborted();
    noteFailure(progress, 'witness', toPhoenixError(thrown));
    return;
  }
  const mark = (phase: 'destroying' | 'destroyed') =>
    marks ? markPassage(keepsake, { phase, run: run.id, witness }) : Promise.resolve();
  await mark('destroying');
  await destroyCastle(revokes ? prepared : { ...prepared, session: undefined }, wanted, async () => {});
  const whole = wanted.only.length === 0 && wanted.from === '';
  if (progress.failures.length === 0 && whole) await mark('destroyed');
  if (!signal.aborted) await ledger.span('leftovers', 'phase', () => lookForLeftovers(prepared));
}

/** The work of `destroy`. */
export async function destroyAlone(prepared: Prepared, wanted: Wanted): Promise<void> {
  const keepsake = openKeepsake(prepared);
  const witnessed = prepared.run.castle.destroy?.witness !== undefined;
  // Without a witness only a rebirth from nothing has use for the mark, and one that stopped half-way is over now.
  if (!witnessed) await clearPassage(keepsake, prepared.run.log);
  await destroyGuarded(prepared, wanted, { marks: witnessed, revokes: true, keepsake });
}
