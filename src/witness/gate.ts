import { type PhoenixError, toPhoenixError } from '../errors.ts';
import { isDying, skewMs } from '../keepsake/passage.ts';
import type { Witness } from '../keepsake/record.ts';
import { isGenuine, signed } from '../keepsake/sign.ts';
import type { KeepsakeStore } from '../keepsake/store.ts';
import type { Prepared } from '../rebirth/protocol.ts';
import type { Report } from '../report/schema.ts';
import { takeWitness } from './take.ts';

/**
 * Lets a destroy pass once the backup has a row that was written for it; gives that row's nonce, null where the castle
 * names no such database, `overridden` lifts the refusal, or `stands` finds nothing that could be lost. Throws what refuses
 * it: then nothing may be destroyed.
 */
export async function passWitnessGate(
  prepared: Prepared,
  overridden: boolean,
  keepsake: KeepsakeStore,
  stands: () => Promise<'nothing' | 'something' | 'unknown'>,
): Promise<string | null> {
  const { run, progress, secrets } = prepared;
  const settings = run.castle.destroy?.witness;
  if (settings === undefined) return null;
  const { encryption } = run.castle.state;
  const key = encryption === undefined ? undefined : secrets.value(encryption.key);
  try {
    const witness = signed(await takeWitness(prepared, settings), key);
    await keepsake.write((kept) => ({ ...kept, witness }));
    const how =
      witness.signature === null ? ', without a signature: the castle has no key of its states' : '';
    run.log.info(
      `witness: archived, and kept in ${keepsake.place}${keepsake.shared ? '' : ', which is on this machine only'}${how}`,
    );
    progress.witness = told('archived', witness, keepsake, null);
    return witness.nonce;
  } catch (thrown) {
    run.signal.throwIfAborted();
    const error = toPhoenixError(thrown);
    const earlier = await earlierFor(error, keepsake, key, {
      castle: run.castle.name,
      maxAgeSeconds: settings.maxAgeSeconds,
    });
    if (earlier !== undefined) {
      run.log.warn(`witness: ${error.what} ${error.why} ${earlier.why}`);
      progress.witness = told('earlier', earlier.witness, keepsake, error.why);
      return earlier.witness.nonce;
    }
    // Asked only now: where the database answers it is not worth the look at every state.
    if ((await stands()) === 'nothing') {
      run.log.warn(`witness: ${reasonOf(error)} Nothing of ${run.castle.name} stands, so nothing is lost.`);
      progress.witness = told('needless', undefined, keepsake, reasonOf(error));
      return null;
    }
    run.signal.throwIfAborted();
    progress.witness = told(overridden ? 'overridden' : 'refused', undefined, keepsake, reasonOf(error));
    if (!overridden) throw error;
    const caution = `${run.castle.name} is destroyed WITHOUT A WITNESS, as --without-witness wants it. ${reasonOf(error)}`;
    run.log.warn(caution);
    progress.cautions.push(caution);
    return null;
  }
}

/** The gate's own words end with what it prevented, which an override lets happen. */
function reasonOf({ what, why }: PhoenixError): string {
  return `${what.replace(/: nothing was destroyed\.$/, '.')} ${why}`;
}

/** What an earlier witness may speak for: silence, and where its destroy has begun, an address that went with it. */
const excused = { silence: 'PHX-WITNESS-UNREACHABLE', taken: 'PHX-WITNESS-ADDRESS-GONE' };

/**
 * The witness that speaks for a database that does not answer: that of the destroy which this one goes on with, for the
 * database may be gone by that; or one that is young enough. Never one of another castle, nor of a former life.
 */
async function earlierFor(
  { code }: PhoenixError,
  keepsake: KeepsakeStore,
  key: string | undefined,
  { castle, maxAgeSeconds }: { readonly castle: string; readonly maxAgeSeconds: number },
): Promise<{ readonly witness: Witness; readonly why: string } | undefined> {
  if (code !== excused.silence && code !== excused.taken) return undefined;
  const { witness, passage, spent } = await keepsake.read();
  if (witness === undefined || witness.castle !== castle || !isGenuine(witness, key)) return undefined;
  const { nonce, at } = witness;
  if (nonce === spent) return undefined;
  if (passage !== undefined && passage.witness === nonce && isDying(passage, Date.now()))
    return {
      witness,
      why: `Run ${passage.run} began to destroy the castle with the witness ${nonce}, which is archived.`,
    };
  const ageMs = Date.now() - Date.parse(at);
  if (code !== excused.silence || ageMs > maxAgeSeconds * 1000 || ageMs < -skewMs) return undefined;
  return {
    witness,
    why: `The witness ${nonce} of ${at} is archived, and younger than \`destroy.witness.max-age\`.`,
  };
}

function told(
  is: NonNullable<Report['witness']>['is'],
  witness: Witness | undefined,
  { place }: KeepsakeStore,
  reason: string | null,
): NonNullable<Report['witness']> {
  if (witness === undefined) return { is, reason, row: null };
  const { castle: _, archived: __, signature, ...row } = witness;
  return { is, reason, row: { ...row, place, signed: signature !== null } };
}
