import {
  type ClientSecret,
  type ClientSecretApi,
  listClientSecrets,
  readUniversalAuth,
  toldFailure,
} from '../identity/client-secrets.ts';
import { lockoutOf, type MachineIdentity } from './machine-identity.ts';
import type { Run } from './run.ts';
import type { RunSecrets } from './secrets.ts';
import { tryIdentity } from './tried-identity.ts';
import { assertUse, endOf } from './uses.ts';

/** The machine identity as the source of secrets has it. Whoever made the client secret also revokes it. */
export async function pullIdentity(
  run: Run,
  api: ClientSecretApi | undefined,
  secrets: RunSecrets,
  fetch: typeof globalThis.fetch,
  { identityId }: { readonly identityId?: string },
): Promise<MachineIdentity> {
  const { claim, secrets: settings } = run.castle;
  if (claim === undefined) throw new Error('the castle has no claim');
  const pair = { clientId: secrets.value(claim.clientId), clientSecret: secrets.value(claim.clientSecret) };
  const host = settings.source?.kind === 'infisical' ? settings.source.host : '';
  const seen = api && identityId ? await look(run, api, identityId, pair) : undefined;
  const lockout = seen?.lockout ?? {
    call: `POST ${host}/api/v1/auth/universal-auth/identities/IDENTITY/clear-lockouts`,
  };
  const told: MachineIdentity['told'] = {
    way: 'pull',
    proved: false,
    expires: seen?.expires ?? null,
    revoked: 0,
    kept: 0,
  };
  let baseline: number | undefined;
  const uses = async () => (await seen?.find())?.clientSecretNumUses;
  return {
    ...pair,
    lockout,
    told,
    async handedToLiving() {
      await tryIdentity(run, pair, lockout, fetch);
      baseline = await uses();
    },
    async takenBack() {},
    async assertUsed() {
      // Without the right to look, the proof is that the operator synced anew after it was given the pair.
      if (baseline === undefined) return;
      await assertUse(uses, baseline, run.signal);
    },
    async proved() {
      told.proved = true;
    },
    async retireOlder() {
      run.log.info('the former client secret, if there is one, may be revoked in Infisical now');
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** What Infisical shows of the secret, found by its first characters; undefined where the role may not look. */
async function look(
  run: Run,
  api: ClientSecretApi,
  identityId: string,
  pair: { readonly clientId: string; readonly clientSecret: string },
) {
  const find = async (): Promise<ClientSecret | undefined> => {
    const all = await listClientSecrets(api, identityId);
    const fitting = all.filter(({ clientSecretPrefix }) => pair.clientSecret.startsWith(clientSecretPrefix));
    return fitting.length === 1 ? fitting[0] : undefined;
  };
  try {
    const auth = await readUniversalAuth(api, identityId);
    const lockout = lockoutOf(run, { api, identityId, auth, mayClear: false });
    if (auth.clientId !== pair.clientId)
      run.log.warn(
        `The client id that was fetched is not that of identity ${identityId} (\`claim.identity.pull\`).`,
      );
    const secret = await find();
    if (secret !== undefined && secret.clientSecretNumUsesLimit > 0)
      run.log.warn(
        `The cluster's client secret has a limit of ${secret.clientSecretNumUsesLimit} uses; External Secrets logs in at each reconcile and will soon have spent them. Make one without a limit.`,
      );
    return { lockout, find, expires: secret === undefined ? null : endOf(secret) };
  } catch (error) {
    run.signal.throwIfAborted();
    run.log.warn(
      `What Infisical knows of the cluster's client secret could not be looked at: ${toldFailure(error)}`,
    );
    return undefined;
  }
}
