import { type Lockout, lockedOut } from '../cluster/lockout.ts';
import { tryClientLogin } from '../identity/client-login.ts';
import { fetchBy } from '../identity/way.ts';
import type { Run } from './run.ts';

/** Tries the pair before a living cluster is given it; a lockout is cleared where that may be done. */
export async function tryIdentity(
  run: Run,
  pair: { readonly clientId: string; readonly clientSecret: string },
  lockout: Lockout,
  fetch: typeof globalThis.fetch,
): Promise<void> {
  const { source } = run.castle.secrets;
  if (source?.kind !== 'infisical') return;
  const wire = { fetch: fetchBy({ env: run.env, caFile: source.caFile, fetch }), signal: run.signal };
  const onSecret = (value: string) => run.redactor.addUnnamed('cluster token', value);
  const attempt = () => tryClientLogin(source.host, pair, wire, onSecret);
  let tried = await attempt();
  if (tried === 'locked' && (await lockout.clear?.())) tried = await attempt();
  if (tried === 'locked') throw lockedOut('The new machine identity was not handed over', lockout);
  if (tried !== 'taken')
    run.log.warn(
      `The new machine identity could not be tried from here (${tried.unclear}); the cluster tries it first.`,
    );
}
