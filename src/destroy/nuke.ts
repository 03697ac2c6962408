import { graceAfter } from '../cancellation.ts';
import { PhoenixError, toPhoenixError } from '../errors.ts';
import type { runLayer } from '../layer/run.ts';
import { inUnit } from '../layer/signatures/signature.ts';
import type { Machine } from '../proxmox/machines.ts';
import { behindClaim } from '../rebirth/graph.ts';
import { runLayers } from '../rebirth/layers.ts';
import { noteFailure } from '../rebirth/progress.ts';
import type { Prepared } from '../rebirth/protocol.ts';
import { assertAccord, occupied } from './accord.ts';
import { attendTo } from './attend.ts';
import { assertUnprotected, type NukeSettings } from './criteria.ts';
import { dropLayer } from './drop.ts';
import { type Held, readHeld } from './held.ts';
import { noteKept } from './kept.ts';
import { type DestroyOrder, orderDestroy, standingOn } from './order.ts';
import { revokeMinted } from './revoke.ts';
import { type Connect, openProxmox, survey } from './survey.ts';
import { type Taken, takeMachines } from './take.ts';
import { leftVolumes } from './volumes.ts';

/** How long tasks that run are still waited for when the run is stopped: by a job whose next step follows at once, and else. */
const graceMs = { 'hand-over': 3_000, wait: 60_000 };

/** What a nuke is about to do. */
export interface Nuke {
  readonly order: DestroyOrder;
  /** Layers whose objects live in the cluster. */
  readonly inside: ReadonlySet<string>;
  readonly connect: Connect;
  readonly machines: readonly Machine[];
  /** What the states of the layers in `order` hold. */
  readonly held: readonly Held[];
}

/** Looks at everything and touches nothing; throws where it must not be done. */
export async function prepareNuke(prepared: Prepared, settings: NukeSettings): Promise<Nuke> {
  const { run, plan } = prepared;
  const { castle, ledger } = run;
  const layers = behindClaim([...plan.layers.values()], castle.claim);
  const protect = castle.destroy?.protect ?? [];
  const order = orderDestroy(layers, { only: [], from: '', protect });
  const { maker } = settings;
  const inside = standingOn(layers, maker);
  assertUnprotected(castle, order, new Set([...inside, maker]));
  const connect = openProxmox(prepared, settings);
  const api = connect(run.signal);
  const selection = await ledger.span('machines', 'phase', () => survey(prepared, api, settings));
  const held = await ledger.span('states', 'phase', async () => {
    const going = layers.filter(({ name }) => order.nodes.some(({ id }) => id === name));
    const states = await readHeld(prepared, going);
    return assertAccord(api, selection, states, { settings, inside, file: castle.file });
  });
  return { order, inside, connect, machines: selection.ours, held };
}

/**
 * The work of `destroy` with `mode: nuke`: the VMs by Proxmox' own API, then what lived in the cluster out of the states, then
 * the layers that remain by their engine, which finds their machines gone. In this order no state forgets what still lives,
 * and whatever is cut off half-way is gone on with by the next run.
 */
export async function nukeCastle(
  prepared: Prepared,
  settings: NukeSettings,
  before: () => Promise<void>,
): Promise<void> {
  const { run, progress, plan } = prepared;
  const { ledger, log } = run;
  const nuke = await prepareNuke(prepared, settings);
  const { order, inside } = nuke;
  noteKept(prepared, order);
  const dropped = order.nodes.filter(({ id }) => inside.has(id)).map(({ id }) => id);
  log.info(`dropped with the cluster: ${dropped.join(', ') || 'no layer'}`);
  const rest = order.nodes.filter(({ id }) => !inside.has(id)).map(({ id }) => id);
  log.info(`destroyed by the engine: ${rest.join(', ') || 'no layer'}`);
  await before();
  const taken = await ledger.span('deletion', 'phase', () => takeAll(prepared, nuke));
  const left = taken.filter(({ verdict }) => verdict === 'failed' || verdict === 'kept');
  if (left.length > 0) {
    noteSkipped(prepared, order, left);
    if (left.some(({ verdict }) => verdict === 'failed'))
      noteFailure(progress, 'machines', notTaken(taken, left));
    if (run.signal.aborted) noteFailure(progress, 'run', toPhoenixError(run.signal.reason));
    return;
  }
  const api = nuke.connect(run.signal);
  const refilled = run.signal.aborted ? [] : await occupied(api, nuke.held);
  if (refilled.length > 0) {
    noteSkipped(prepared, order, refilled);
    noteFailure(progress, 'machines', refilledError(refilled));
    return;
  }
  const attend = attendTo({ leftOut: async () => [], deadApi: () => undefined });
  const perform: typeof runLayer = async (job, retry, out, signal) => {
    if (inside.has(job.name)) return dropLayer(job, out, signal);
    // Minutes may lie behind the last look: the id of a VM that is gone is the next one that Proxmox gives away.
    const own = nuke.held.filter(({ layer }) => layer === job.name);
    const others = await occupied(api, own).catch((thrown: unknown) => {
      if (!signal.aborted) throw thrown;
      return undefined;
    });
    const none = { retries: 0, phases: [], outputs: new Map() };
    if (others === undefined) return { verdict: 'cancelled', ...none };
    if (others.length > 0) return { verdict: 'failed', ...none, error: refilledError(others) };
    return attend(job, retry, out, signal);
  };
  const { workspace, secrets } = prepared;
  await runLayers(order.nodes, plan.layers, {
    ...{ run, progress, workspace, secrets, operation: 'destroy' as const, perform },
    passClaim: async () => {},
  });
  // Seen to go, now or by a run before this one: empty states alone may be those of another machine.
  const gone = taken.length > 0 || nuke.held.some(({ machines }) => machines.length > 0);
  if (progress.failures.length === 0 && gone)
    await ledger.span('client secrets', 'phase', () => revokeMinted(prepared));
}

async function takeAll(
  { run, edge, progress }: Prepared,
  { connect, machines }: Nuke,
): Promise<readonly Taken[]> {
  if (machines.length === 0) return [];
  const { log, signal } = run;
  const late = graceAfter(signal, graceMs[edge.onCancel === 'hand-over' ? 'hand-over' : 'wait']);
  const api = connect(late);
  const taken = await takeMachines(api, machines, { log, stop: signal });
  progress.machines = taken.map((each) => ({ ...each }));
  const volumes = signal.aborted ? [] : await leftVolumes(api, taken);
  const caution =
    volumes === undefined
      ? 'Whether volumes of the deleted VMs are left could not be looked for (Datastore.Audit on /storage).'
      : volumes.length > 0
        ? `Volumes of deleted VMs are left, and were not touched: ${volumes.join(', ')}.`
        : undefined;
  if (caution !== undefined) {
    log.warn(caution);
    progress.cautions.push(caution);
  }
  return taken;
}

function noteSkipped(
  { progress }: Prepared,
  { nodes }: DestroyOrder,
  left: readonly { readonly vmid: number }[],
): void {
  const which = left.map(({ vmid }) => vmid).join(', ');
  for (const { id, dependencies } of nodes) {
    const note = `It was not begun, for not every VM of the castle is gone: ${which}.`;
    const never = { ran: undefined, retries: 0, phases: [] };
    progress.layers.set(id, { name: id, dependencies, verdict: 'skipped', ...never, note });
  }
}

/** The error where an id that a state holds is taken, after the castle's VMs are gone. */
function refilledError(others: Awaited<ReturnType<typeof occupied>>): PhoenixError {
  return new PhoenixError({
    code: 'PHX-DESTROY-MACHINES',
    class: 'cluster',
    what: 'The VMs of the castle are gone, and another guest was made on one of their ids.',
    why: `${others.map(({ vmid, layer, address }) => `VM id ${vmid} is taken, and the state of layer ${layer} holds it as ${address}`).join('. ')}: its engine would delete that guest, so it was not begun.`,
    next: `Drop what is gone from the state (${others.map(({ dir, address }) => inUnit({ unit: dir }, `terragrunt state rm '${address}'`)).join('; ')}), then run \`destroy\` again.`,
  });
}

function notTaken(taken: readonly Taken[], left: readonly Taken[]): PhoenixError {
  return new PhoenixError({
    code: 'PHX-DESTROY-MACHINES',
    class: 'cluster',
    what: `${left.length} of ${taken.length} VMs of the castle ${left.length === 1 ? 'is' : 'are'} not deleted.`,
    why: left.map(({ vmid, name, node, why }) => `VM ${vmid} (${name}, node ${node}): ${why}`).join(' '),
    next: 'Settle that in Proxmox, then run `destroy` again: it takes what is left, and only then drops what the states hold.',
  });
}
