import { whenAborted } from '../cancellation.ts';
import { toPhoenixError } from '../errors.ts';
import { leaseStoreFor } from '../lease/beside.ts';
import type { Lease } from '../lease/hold.ts';
import { acquireLease } from '../lease/lease.ts';
import { endedIn } from '../lease/members.ts';
import { findState, type StatePlace } from '../lease/place.ts';
import { thisProcess } from '../lease/who.ts';
import type { Layer } from '../plan/discover.ts';
import { leaveStateLease } from '../settle/handover.ts';
import type { Run } from './run.ts';
import { runUrl } from './run-url.ts';
import type { RunSecrets } from './secrets.ts';
import type { Workspace } from './workspace.ts';

/** Where the castle's states are, and the environment with the credentials for that place. */
export interface States {
  readonly state: StatePlace;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The place that all runs of the castle share; a text says why there is none: the castle file wants this machine alone,
 * the castle is of the box, or its states do not tell.
 */
export async function findStates(
  { castle, signal, ledger }: Run,
  workspace: Workspace,
  layers: readonly Layer[],
  secrets: RunSecrets,
): Promise<States | string> {
  if (castle.box) return 'the castle is of the box';
  if (castle.lease.place === 'machine') return 'the castle file wants no other place';
  const first = layers.find(({ dependencies }) => dependencies.length === 0);
  const env = workspace.environment(secrets.environment(first?.name ?? ''));
  const terragrunt = { terragrunt: workspace.terragrunt, tofu: workspace.starter.engine, env, signal };
  const state = await ledger.span('lease', 'phase', () => findState(layers, castle.liveDir, terragrunt));
  return typeof state === 'string' ? state : { state, env };
}

/**
 * Takes the castle where its state is, so that no other machine is at it. Undefined where only this machine is guarded,
 * which is told where the castle file does not want it so: the backend has no place for a lease.
 */
export async function holdStates(
  run: Run,
  states: States | string,
  fetch: typeof globalThis.fetch,
): Promise<Lease | undefined> {
  const { castle, log, signal, ledger } = run;
  if (castle.box || castle.lease.place === 'machine') return undefined;
  return ledger.span('lease', 'phase', async () => {
    const name = castle.name;
    const store =
      typeof states === 'string'
        ? states
        : leaseStoreFor(states.state, { castle: name, env: states.env, fetch });
    if (typeof store === 'string') {
      log.info(`lease: on this machine only, for ${store}`);
      return undefined;
    }
    if (typeof states !== 'string')
      await leaveStateLease(run.vault, { state: states.state, castle: name, env: { ...states.env } });
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
