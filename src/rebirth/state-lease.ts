import { whenAborted } from '../cancellation.ts';
import { toPhoenixError } from '../errors.ts';
import { leaseStoreFor } from '../lease/beside.ts';
import type { Lease } from '../lease/hold.ts';
import { acquireLease } from '../lease/lease.ts';
import { endedIn } from '../lease/members.ts';
import { findState } from '../lease/place.ts';
import { thisProcess } from '../lease/who.ts';
import type { Layer } from '../plan/discover.ts';
import { leaveStateLease } from '../settle/handover.ts';
import type { Run } from './run.ts';
import { runUrl } from './run-url.ts';
import type { RunSecrets } from './secrets.ts';
import type { Workspace } from './workspace.ts';

/**
 * Takes the castle where its state is, so that no other machine is at it. Undefined where only this machine is guarded:
 * the castle file wants it so, the castle is of the box, or the backend has no place for a lease, which is told.
 */
export async function holdStates(
  run: Run,
  workspace: Workspace,
  layers: readonly Layer[],
  secrets: RunSecrets,
  fetch: typeof globalThis.fetch,
): Promise<Lease | undefined> {
  const { castle, log, signal, ledger } = run;
  if (castle.box || castle.lease.place === 'machine') return undefined;
  return ledger.span('lease', 'phase', async () => {
    const first = layers.find(({ dependencies }) => dependencies.length === 0);
    const env = workspace.environment(secrets.environment(first?.name ?? ''));
    const terragrunt = { terragrunt: workspace.terragrunt, tofu: workspace.engine, env, signal };
    const state = await findState(layers, castle.liveDir, terragrunt);
    const store =
      typeof state === 'string' ? state : leaseStoreFor(state, { castle: castle.name, env, fetch });
    if (typeof store === 'string') {
      log.info(`lease: on this machine only, for ${store}`);
      return undefined;
    }
    if (typeof state !== 'string') await leaveStateLease(run.vault, { state, castle: castle.name, env });
    const { id, group } = run;
    const own = { run: id, castle: castle.name, owner: await thisProcess(), url: runUrl(run.env) };
    const lease = await acquireLease(store, group === undefined ? own : { ...own, group }, {
      ttlSeconds: castle.lease.ttlSeconds,
      waitSeconds: castle.lease.waitSeconds,
      signal,
      log,
    });
    noteEnded(run, lease);
    whenAborted(lease.lost, () => run.stop(toPhoenixError(lease.lost.reason)));
    return lease;
  });
}

/** A lock of another machine can be proved dead by this alone: that the run which took it has ended in order. */
function noteEnded({ journal }: Run, { predecessor }: Lease): void {
  if (predecessor === undefined) return;
  for (const { run, host, user, engines } of endedIn(predecessor)) {
    for (const engine of engines) journal.write({ type: 'predecessor', run, host, user, ...engine });
  }
}
