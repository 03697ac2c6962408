import { setTimeout as sleep } from 'node:timers/promises';
import type { Castle } from '../castle/load.ts';
import {
  type ClientSecret,
  type ClientSecretApi,
  listClientSecrets,
  mintClientSecret,
  readClientSecret,
  readUniversalAuth,
  revokeClientSecret,
  revokeDescribed,
  toldFailure,
} from '../identity/client-secrets.ts';
import { dropMinted, keepMinted, leaveMinted } from '../settle/minted.ts';
import { lockoutOf, type MachineIdentity } from './machine-identity.ts';
import type { Run } from './run.ts';
import { tryIdentity } from './tried-identity.ts';
import { assertUse, endOf, usesOf } from './uses.ts';

/** No older secret may be used for so long before it is revoked: a reconcile that has just begun still ends with it. */
const quietMs = 3_000;
/** A cluster that was rotated is quiet at once; whoever uses an older secret for longer is another one. */
const quietWithinMs = 20_000;

/** How the descriptions of a castle's client secrets begin; the id of the run that made each follows. */
export function familyOf({ name }: Pick<Castle, 'name'>): string {
  return `phoenix ${name} run `;
}

/**
 * A client secret of this run's own. It is made before the first layer, so that a right that is missing shows before
 * anything is changed; a run in which no cluster was proved with it revokes it.
 */
export async function mintIdentity(
  run: Run,
  api: ClientSecretApi,
  fetch: typeof globalThis.fetch,
  { identityId, ttlSeconds }: { readonly identityId: string; readonly ttlSeconds: number },
): Promise<MachineIdentity> {
  const { castle, vault, log, redactor } = run;
  const family = familyOf(castle);
  const description = `${family}${run.id}`;
  const auth = await readUniversalAuth(api, identityId);
  const lockout = lockoutOf(run, { api, identityId, auth, mayClear: true });
  const older = async () =>
    (await listClientSecrets(api, identityId)).filter(
      (each) => each.description.startsWith(family) && each.description !== description,
    );
  let before = usesOf(await older());
  await leaveMinted(vault, { host: api.place.host, identityId, description });
  let mine: { readonly secret: string; readonly id: string };
  try {
    mine = await mintClientSecret(
      api,
      identityId,
      { description, ttlSeconds },
      {
        onSecret: (value) => redactor.add('minted client secret', value),
        warn: (text) => log.warn(text),
        signal: run.signal,
      },
    );
  } catch (error) {
    // The last answer may have been lost as well; what refuses this too is told by the error itself.
    await revokeDescribed(api, identityId, description).catch(() => {});
    throw error;
  }
  const made = await readClientSecret(api, identityId, mine.id);
  const expires = endOf(made);
  log.info(
    `a client secret was made for the cluster (${description}); ${expires === null ? 'it does not end' : `it ends on ${expires.slice(0, 10)}: run \`phoenix claim\` before`}`,
  );
  const told: MachineIdentity['told'] = { way: 'mint', proved: false, expires, revoked: 0, kept: 0 };
  let baseline = made.clientSecretNumUses;
  let living = false;
  let looked = false;
  const pair = { clientId: auth.clientId, clientSecret: mine.secret };
  const uses = async () => (await readClientSecret(api, identityId, mine.id)).clientSecretNumUses;
  return {
    ...pair,
    lockout,
    told,
    async handedToLiving() {
      await tryIdentity(run, pair, lockout, fetch);
      baseline = await uses();
      living = true;
      await keepMinted(vault);
    },
    async takenBack() {
      living = false;
      await dropMinted(vault);
    },
    async assertUsed() {
      await assertUse(uses, baseline, run.signal);
    },
    async proved() {
      told.proved = true;
      await keepMinted(vault);
      // A cluster that was rotated used an older one until now; any other use is somebody else's.
      if (living) before = usesOf(await older().catch(() => []));
    },
    async retireOlder() {
      looked = true;
      try {
        const { quiet, busy } = await settleUses(older, before, living ? quietWithinMs : 0);
        for (const { id } of quiet) {
          await revokeClientSecret(api, identityId, id);
          told.revoked += 1;
        }
        told.kept = busy.length;
        if (quiet.length > 0) log.info(`revoked ${quiet.length} older client secret(s) of ${castle.name}`);
        for (const each of busy) {
          log.warn(
            `The older client secret "${each.description}" (${each.id}) is still used, so an older cluster lives; it was not revoked, for its logins would then lock this cluster out. End that cluster, then run \`phoenix claim\`.`,
          );
        }
      } catch (error) {
        log.warn(`Older client secrets of ${castle.name} may still be valid: ${toldFailure(error)}`);
      }
    },
    async [Symbol.asyncDispose]() {
      if (told.proved && !looked)
        log.warn(
          `Older client secrets of ${castle.name} stay valid until a run succeeds, or \`phoenix claim\` does.`,
        );
      if (told.proved || living) return;
      try {
        await revokeDescribed(api, identityId, description);
        log.info('the client secret of this run is revoked: no cluster was proved to have it');
      } catch (error) {
        log.warn(`The client secret "${description}" could not be revoked: ${toldFailure(error)}`);
      }
    },
  };
}

/** Parts those that nobody has used since `before` from those that are in use. Waits for quiet, up to `withinMs`. */
async function settleUses(
  list: () => Promise<ClientSecret[]>,
  before: ReadonlyMap<string, number>,
  withinMs: number,
): Promise<{ readonly quiet: ClientSecret[]; readonly busy: ClientSecret[] }> {
  const deadline = Date.now() + withinMs;
  for (let seen = before; ; ) {
    if (withinMs > 0) await sleep(quietMs);
    const now = await list();
    const used = ({ id, clientSecretNumUses }: ClientSecret) => clientSecretNumUses !== seen.get(id);
    if (now.some(used) && Date.now() + quietMs < deadline) seen = usesOf(now);
    else return { quiet: now.filter((each) => !used(each)), busy: now.filter(used) };
  }
}
