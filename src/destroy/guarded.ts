import { type PhoenixError, toPhoenixError } from '../errors.ts';
import { clearPassage, isDying, markPassage, restorePassage } from '../keepsake/passage.ts';
import type { Passage } from '../keepsake/record.ts';
import { type KeepsakeStore, openKeepsake } from '../keepsake/store.ts';
import { noteFailure, type Progress } from '../rebirth/progress.ts';
import type { Prepared } from '../rebirth/protocol.ts';
import type { Request } from '../request.ts';
import { passWitnessGate } from '../witness/gate.ts';
import { lookForLeftovers } from './leftovers.ts';
import { whatStands } from './stands.ts';
import { destroyCastle } from './work.ts';

/** What of the request a destroy goes by. */
export type Wanted = Pick<Request, 'only' | 'from' | 'without-witness'>;

interface Guards {
  /** Whether a mark is left that the destroy has begun; else an older one is taken away. */
  readonly marks: boolean;
  /** Whether the castle's client secrets go with it. */
  readonly revokes: boolean;
  readonly keepsake: KeepsakeStore;
}

/**
 * A destroy with what stands before and after it: the witness, the mark that it was begun, the look at what may be left
 * outside. The mark stands only where something was destroyed, and is of whole destroys alone: it lets a next one pass
 * without the database.
 */
export async function destroyGuarded(prepared: Prepared, wanted: Wanted, guards: Guards): Promise<void> {
  const { run, progress } = prepared;
  const { ledger, signal } = run;
  const { marks, revokes, keepsake } = guards;
  const whole = wanted.only.length === 0 && wanted.from === '';
  let refused: PhoenixError | undefined;
  let begun: { readonly witness: string | null; readonly earlier: Passage | undefined } | undefined;
  const before = async () => {
    let witness: string | null;
    try {
      witness = await ledger.span('witness', 'phase', () =>
        passWitnessGate(prepared, wanted['without-witness'], keepsake, () => whatStands(prepared)),
      );
    } catch (thrown) {
      signal.throwIfAborted();
      refused = toPhoenixError(thrown);
      throw refused;
    }
    signal.throwIfAborted();
    const earlier = whole ? await beginPassage(prepared, guards, witness) : undefined;
    begun = { witness, earlier };
    progress.gone ??= Date.now();
  };
  try {
    await destroyCastle(revokes ? prepared : { ...prepared, session: undefined }, wanted, before);
  } catch (thrown) {
    if (refused === undefined || thrown !== refused) throw thrown;
    noteFailure(progress, 'witness', refused);
  } finally {
    if (begun !== undefined && whole && !isTouched(progress))
      await restorePassage(keepsake, begun.earlier, run.log);
  }
  if (begun === undefined) return;
  const { witness, earlier } = begun;
  try {
    const gone = isTouched(progress) || (earlier !== undefined && isDying(earlier, Date.now()));
    if (marks && whole && gone && progress.failures.length === 0) {
      await markPassage(keepsake, { phase: 'destroyed', run: run.id, witness });
      run.journal.write({ type: 'passage', phase: 'destroyed', witness });
    }
  } finally {
    if (!signal.aborted) await ledger.span('leftovers', 'phase', () => lookForLeftovers(prepared));
  }
}

/** Whether anything of the castle is gone by this run. */
export function isTouched({ layers, machines = [] }: Pick<Progress, 'layers' | 'machines'>): boolean {
  return (
    [...layers.values()].some(({ verdict }) => verdict === 'destroyed' || verdict === 'dropped') ||
    machines.some(({ verdict }) => verdict === 'deleted')
  );
}

/** Gives the mark that stood there before. */
async function beginPassage(
  { run, edge, progress }: Prepared,
  { marks, keepsake }: Guards,
  witness: string | null,
): Promise<Passage | undefined> {
  if (!marks) return clearPassage(keepsake, run.log);
  const earlier = await markPassage(keepsake, { phase: 'destroying', run: run.id, witness });
  run.journal.write({ type: 'passage', phase: 'destroying', witness });
  if (!keepsake.shared && edge.onCancel === 'hand-over') {
    const caution = `How far this destroy comes is marked in ${keepsake.place}, on this machine only: a run on another runner does not know of it, and a rebirth from nothing there begins with a destroy again.`;
    run.log.warn(caution);
    progress.cautions.push(caution);
  }
  return earlier;
}

/** The work of `destroy`. Without a witness only a rebirth from nothing has use for the mark. */
export async function destroyAlone(prepared: Prepared, wanted: Wanted): Promise<void> {
  const marks = prepared.run.castle.destroy?.witness !== undefined;
  await destroyGuarded(prepared, wanted, { marks, revokes: true, keepsake: openKeepsake(prepared) });
}
