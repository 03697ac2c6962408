import { listClientSecrets, revokeClientSecret, toldFailure } from '../identity/client-secrets.ts';
import { isInfisical } from '../identity/session.ts';
import { familyOf } from '../rebirth/minted-identity.ts';
import type { Prepared } from '../rebirth/protocol.ts';

/**
 * Revokes the client secrets that runs made for this castle's clusters: the last of those is gone. Never throws; what
 * stays valid is told.
 */
export async function revokeMinted({ run, session, progress }: Prepared): Promise<void> {
  const { castle, log } = run;
  const identity = castle.claim?.identity;
  if (identity?.kind !== 'mint' || !isInfisical(session)) return;
  const { identityId } = identity;
  let revoked = 0;
  try {
    const own = (await listClientSecrets(session, identityId)).filter(({ description }) =>
      description.startsWith(familyOf(castle)),
    );
    for (const { id } of own) {
      await revokeClientSecret(session, identityId, id);
      revoked += 1;
    }
    if (revoked > 0) log.info(`revoked ${revoked} client secret(s) of ${castle.name}`);
  } catch (error) {
    log.warn(`Client secrets of ${castle.name} may still be valid: ${toldFailure(error)}`);
  }
  progress.identity = { way: 'mint', proved: false, expires: null, revoked, kept: 0 };
}
