import { type PhoenixError, toPhoenixError } from '../errors.ts';
import { isFresh } from '../keepsake/passage.ts';
import type { Witness } from '../keepsake/record.ts';
import { isGenuine, signed } from '../keepsake/sign.ts';
import type { KeepsakeStore } from '../keepsake/store.ts';
import type { Prepared } from '../rebirth/protocol.ts';
import type { Report } from '../report/schema.ts';
import { takeWitness } from './take.ts';

/**
 * Lets a destroy pass once the backup has a row that was written for it; gives that row's nonce, null where the castle
 * names no such database or `overridden` lifts the refusal. Throws what refuses it: then nothing may be destroyed.
 */
export async function passWitnessGate(
  prepared: Prepared,
  overridden: boolean,
  keepsake: KeepsakeStore,
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
    const earlier = await earlierFor(error, keepsake, key, settings.maxAgeSeconds);
    if (earlier !== undefined) {
      run.log.warn(`witness: ${error.what} ${error.why} ${earlier.why}`);
      progress.witness = told('earlier', earlier.witness, keepsake, error.why);
      return earlier.witness.nonce;
    }
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

/**
 * The witness that speaks for a database that does not answer: that of the destroy which this one goes on with, for the
 * database may be gone by that; or one that is young enough.
 */
async function earlierFor(
  { code }: PhoenixError,
  keepsake: KeepsakeStore,
  key: string | undefined,
  maxAgeSeconds: number,
): Promise<{ readonly witness: Witness; readonly why: string } | undefined> {
  if (code !== 'PHX-WITNESS-UNREACHABLE') return undefined;
  const { witness, passage } = await keepsake.read();
  if (witness === undefined || !isGenuine(witness, key)) return undefined;
  const { nonce, at } = witness;
  const begun = passage !== undefined && passage.phase !== 'raising' && passage.witness === nonce;
  if (begun && isFresh(passage, Date.now()))
    return {
      witness,
      why: `Run ${passage.run} began to destroy the castle with the witness ${nonce}, which is archived.`,
    };
  const age = (Date.now() - Date.parse(at)) / 1000;
  if (age > maxAgeSeconds) return undefined;
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
