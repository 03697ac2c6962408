import type { Lockout } from '../cluster/lockout.ts';
import type { ClientSecretApi, UniversalAuth } from '../identity/client-secrets.ts';
import { clearLockouts, clearLockoutsRoute, toldFailure } from '../identity/client-secrets.ts';
import { isInfisical, type Session } from '../identity/session.ts';
import type { Report } from '../report/schema.ts';
import { mintIdentity } from './minted-identity.ts';
import { pullIdentity } from './pulled-identity.ts';
import type { Run } from './run.ts';
import type { RunSecrets } from './secrets.ts';

/** The cluster's machine identity in this run. Disposing of it revokes what no cluster was proved to have. */
export interface MachineIdentity extends AsyncDisposable {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly lockout: Lockout;
  /** For the report. */
  readonly told: NonNullable<Report['identity']>;
  /** The secret is about to go to a cluster that lives by another one: from here on nobody revokes it unasked. */
  handedToLiving(): Promise<void>;
  takenBack(): Promise<void>;
  /** The cluster logged in with it since it was handed over. Throws PHX-CLAIM-UNUSED. */
  assertUsed(): Promise<void>;
  /** The claimed token reads the repository: the cluster lives by it now. */
  proved(): Promise<void>;
  /** Revokes the castle's older ones, but for those that are still used. Never throws: the new one works. */
  retireOlder(): Promise<void>;
}

/** Undefined where the castle claims nothing. */
export async function takeMachineIdentity(
  run: Run,
  session: Session | undefined,
  secrets: RunSecrets,
  fetch: typeof globalThis.fetch,
): Promise<MachineIdentity | undefined> {
  const { claim } = run.castle;
  if (claim === undefined) return undefined;
  const api = isInfisical(session) ? session : undefined;
  if (claim.identity.kind === 'pull') return pullIdentity(run, api, secrets, fetch, claim.identity);
  if (api === undefined) throw new Error('a claim that mints has no session with Infisical');
  return mintIdentity(run, api, fetch, claim.identity);
}

/** What is known of the lockout, and told once where it can bite. */
export function lockoutOf(
  run: Run,
  {
    api,
    identityId,
    auth,
    mayClear,
  }: {
    readonly api: ClientSecretApi;
    readonly identityId: string;
    readonly auth: UniversalAuth;
    readonly mayClear: boolean;
  },
): Lockout {
  if (auth.lockoutEnabled === true) {
    run.log.warn(
      `Infisical locks the client id of identity ${identityId} for ${auth.lockoutDurationSeconds ?? 300} s after ${auth.lockoutThreshold ?? 3} bad logins: an older cluster that still tries a revoked secret would lock this one out. Turn Lockout off in the identity's Universal Auth settings, or use an identity for each generation.`,
    );
  }
  let cleared = false;
  const clear = async () => {
    if (cleared) return false;
    cleared = true;
    try {
      await clearLockouts(api, identityId);
      run.log.warn(
        `Infisical had locked the client id of identity ${identityId} out; the lockout is cleared, once in this run.`,
      );
      return true;
    } catch (error) {
      run.log.warn(`The lockout of identity ${identityId} could not be cleared: ${toldFailure(error)}`);
      return false;
    }
  };
  return {
    ...(auth.lockoutDurationSeconds === undefined ? {} : { seconds: auth.lockoutDurationSeconds }),
    call: `POST ${api.place.host}/api/${clearLockoutsRoute(identityId)}`,
    ...(mayClear ? { clear } : {}),
  };
}
