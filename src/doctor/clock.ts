import type { Castle } from '../castle/load.ts';
import { messageOf } from '../errors.ts';
import { fetchBy } from '../identity/way.ts';
import { type Check, type Finding, failed, ofCastle, ok, skipped, warning } from './check.ts';

/** A server that the castle's own work needs, and the CA that it may take to reach it. */
interface Server {
  readonly address: string;
  readonly caFile?: string | undefined;
}

/** By how many seconds this machine's clock is behind (positive) or ahead of a server's. */
export interface Skew {
  readonly host: string;
  readonly seconds: number;
}

/** A server whose certificate is of another time than this machine's clock: then TLS is refused, and its `Date` with it. */
export interface OutOfTime {
  readonly host: string;
  readonly certificate: 'not yet valid' | 'expired';
}

const certificateWords = new Map<unknown, OutOfTime['certificate']>([
  ['CERT_NOT_YET_VALID', 'not yet valid'],
  ['CERT_HAS_EXPIRED', 'expired'],
]);

/** The `Date` of an answer counts whole seconds, and the answer was on its way for some of them. */
const toleratedSeconds = 5;
/** Tokens and fresh certificates that begin in the future are refused by then, whatever their leeway. */
const ruinousSeconds = 60;
const answerMs = 5_000;

export const clock: Check = {
  id: 'machine.clock',
  why: 'With a wrong clock a token counts as expired or not yet valid, and so does every certificate that a new cluster makes.',
  look: ofCastle(async (castle, _, { edge, signal }) => {
    if (castle.box) return skipped('a castle of the box has no clock but this one');
    const servers = serversOf(castle);
    if (servers.length === 0) return skipped('the castle file names no server whose clock could be compared');
    const each = await Promise.all(
      servers.map(({ address, caFile }) =>
        skewOf(address, fetchBy({ env: edge.env, caFile, fetch: edge.fetch }), signal),
      ),
    );
    return judgeClock(each);
  }),
};

function serversOf({ secrets: { source }, claim, proxmox }: Castle): Server[] {
  const secrets: Server[] =
    source === undefined || source.kind === 'files'
      ? []
      : [{ address: source.kind === 'infisical' ? source.host : source.address, caFile: source.caFile }];
  const hypervisor: Server[] =
    proxmox === undefined ? [] : [{ address: proxmox.endpoint, caFile: proxmox.caFile }];
  const repository: Server[] = claim === undefined ? [] : [{ address: claim.repository }];
  return [...secrets, ...hypervisor, ...repository];
}

/** A text says why it is not known. Throws only for an abort. */
export async function skewOf(
  address: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<Skew | OutOfTime | string> {
  const { origin, host } = new URL(address);
  const began = Date.now();
  try {
    const late = AbortSignal.timeout(answerMs);
    // Who it is does not matter, and a refusal has a date too.
    const answer = await fetch(origin, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.any([signal, late]),
    });
    const ended = Date.now();
    await answer.body?.cancel();
    const said = Date.parse(answer.headers.get('date') ?? '');
    if (Number.isNaN(said)) return `${host} gives no date`;
    return { host, seconds: (said + 500 - (began + ended) / 2) / 1000 };
  } catch (error) {
    signal.throwIfAborted();
    const certificate = certificateWords.get(codeOf(error));
    if (certificate !== undefined) return { host, certificate };
    return `${host} does not answer (${messageOf(error)})`;
  }
}

/** The code of an error or of what it was caused by. */
function codeOf(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  return 'code' in error ? error.code : codeOf(error.cause);
}

export function judgeClock(each: readonly (Skew | OutOfTime | string)[]): Finding {
  const known = each.filter((one) => typeof one !== 'string' && 'seconds' in one);
  const unknown = each.filter((one) => typeof one === 'string');
  const next =
    'Let a time service set it: `timedatectl set-ntp true`, or chrony; then run `phoenix doctor` again.';
  const late = each.find((one) => typeof one !== 'string' && 'certificate' in one);
  // Where another server's date agrees it is the certificate that is wrong, and who needs that server will say so.
  if (late !== undefined && known.length === 0)
    return failed(`by this machine's clock the certificate of ${late.host} is ${late.certificate}`, next);
  const [first, ...others] = known;
  if (first === undefined) return skipped(unknown.join(', '));
  const worst = others.reduce((a, b) => (Math.abs(b.seconds) > Math.abs(a.seconds) ? b : a), first);
  const off = Math.round(Math.abs(worst.seconds));
  const saw = `this machine's clock is ${off} s ${worst.seconds > 0 ? 'behind' : 'ahead of'} that of ${worst.host}`;
  if (off > ruinousSeconds) return failed(saw, next);
  if (off > toleratedSeconds) return warning(saw, next);
  const rest = unknown.length === 0 ? '' : `; not compared: ${unknown.join(', ')}`;
  return ok(`this machine's clock agrees with ${known.map(({ host }) => host).join(', ')}${rest}`);
}
