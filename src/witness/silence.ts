import { messageOf, PhoenixError } from '../errors.ts';

/** What the wire says where nobody is at the other end. */
const silent = new Set([
  'ECONNREFUSED',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ETIMEDOUT',
]);

/** The client's own words for a time that ran out: it gives no code. */
const late = /^(?:timeout expired|Query read timeout)$/;

/** Nobody answered in time. */
export class NoAnswer extends Error {}

/**
 * Whether nobody answered at all, which a dead server and one behind a broken network have in common. Whatever was
 * answered (a SQLSTATE, a certificate, an HTTP status, a closed connection) shows that something lives there.
 */
export function isSilence(error: unknown): boolean {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isSilence);
  if (error instanceof NoAnswer || (error instanceof Error && late.test(error.message))) return true;
  if (silent.has(codeOf(error))) return true;
  return error instanceof Error && error.cause instanceof Error && isSilence(error.cause);
}

/** PHX-WITNESS-UNREACHABLE for silence, PHX-WITNESS-REFUSED for everything else that came back. */
export function noAccess(shown: string, error: unknown): PhoenixError {
  const cause = innermost(error);
  const [code, message] = [codeOf(cause), messageOf(cause)];
  const common = {
    class: 'cluster' as const,
    why: `${message}${code === '' || message.includes(code) ? '' : ` (${code})`}`,
    cause: error,
  };
  if (isSilence(error)) {
    return new PhoenixError({
      ...common,
      code: 'PHX-WITNESS-UNREACHABLE',
      what: `The database of the witness, ${shown}, does not answer: nothing was destroyed.`,
      next: 'Bring it up, or put `destroy.witness` in the castle file right, and run again. `--without-witness` destroys without a proof that the backup has the last rows.',
    });
  }
  return new PhoenixError({
    ...common,
    code: 'PHX-WITNESS-REFUSED',
    what: `The database of the witness, ${shown}, cannot be asked, and it is not known to be gone: nothing was destroyed.`,
    next: 'It may live and hold rows that no backup has: put right what it says (its certificate, its limits, the way to it), and run again. `--without-witness` destroys without a proof that the backup has the last rows.',
  });
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** fetch says that it failed, and why only in the cause of its cause; several addresses of one host fail each for itself. */
function innermost(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0)
    return innermost(error.errors.find((each) => !isSilence(each)) ?? error.errors[0]);
  return error instanceof Error && error.cause instanceof Error ? innermost(error.cause) : error;
}
