import { randomUUID } from 'node:crypto';
import { messageOf } from '../errors.ts';
import { type ClaimContext, type Claimed, type ClaimRequest, claimIdentity, syncToken } from './claim.ts';
import type { ApiObject } from './client.ts';
import { machineIdentity } from './identity-manifests.ts';
import { kinds } from './kinds.ts';

interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** What is done beside the claim where the cluster lives and has an identity already. */
export interface Takeover {
  /** Before the cluster is given the new one. What this refuses, the cluster never sees. */
  before(): Promise<void>;
  /** After the token was proved: that it was the new identity which fetched it. */
  proveUse(): Promise<void>;
  /** The cluster has its former identity again. */
  putBack(): Promise<void>;
}

const backWithinSeconds = 30;

/**
 * The claim, also in a cluster that lives. There the former identity is read first and kept in memory only; where the
 * new one is not proved it is put back, so that a failed rotation changes nothing.
 */
export async function handOverIdentity(
  request: ClaimRequest,
  context: ClaimContext,
  takeover: Takeover,
): Promise<Claimed> {
  const { identitySecret, identityNamespace } = request.names;
  const former = credentialsOf(await context.cluster.read(kinds.secret, identitySecret, identityNamespace));
  if (former === undefined) return claimIdentity(request, context);
  context.onSecret('former client secret', former.clientSecret);
  await takeover.before();
  try {
    const claimed = await claimIdentity(request, context);
    await takeover.proveUse();
    return claimed;
  } catch (error) {
    await putBack(request, former, context, takeover);
    throw error;
  }
}

/** Never throws: the failure that led here is the one to be told. */
async function putBack(
  request: ClaimRequest,
  former: Credentials,
  { cluster, log, lockout }: ClaimContext,
  takeover: Takeover,
): Promise<void> {
  const where = `${request.names.identityNamespace}/${request.names.identitySecret}`;
  try {
    await cluster.apply(machineIdentity(request.names, former));
  } catch (error) {
    log.error(
      `The former machine identity could not be put back into Secret ${where} (${messageOf(error)}); the new one stays there and stays valid. Run \`phoenix claim\` again.`,
    );
    return;
  }
  // Also after a cancel: it is a matter of a second or two whether the cluster works again.
  const signal = AbortSignal.timeout(backWithinSeconds * 1000);
  const wait = (reason: string) => ({
    ...{ reason, seconds: backWithinSeconds, signal },
    code: 'PHX-CLAIM-TOKEN-TIMEOUT',
  });
  try {
    await syncToken(request, { cluster, signal, lockout }, randomUUID(), wait);
    log.warn(`The former machine identity is back in Secret ${where}, and the cluster syncs with it.`);
  } catch (error) {
    log.warn(
      `The former machine identity is back in Secret ${where}; the cluster was not seen to sync with it (${messageOf(error)}).`,
    );
  }
  await takeover.putBack();
}

function credentialsOf(secret: ApiObject | undefined): Credentials | undefined {
  const value = (key: string) => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8');
  const found = { clientId: value('clientId'), clientSecret: value('clientSecret') };
  return found.clientId === '' || found.clientSecret === '' ? undefined : found;
}
