import { PhoenixError } from '../errors.ts';
import { enginesOf } from '../layer/engines.ts';
import { behindClaim } from '../rebirth/graph.ts';
import { type Access, readKubeconfig } from '../rebirth/kubeconfig.ts';
import { layerJob } from '../rebirth/layer-job.ts';
import { runLayers } from '../rebirth/layers.ts';
import type { Prepared } from '../rebirth/protocol.ts';
import { attendTo } from './attend.ts';
import { assertWhole, nukeSettings } from './criteria.ts';
import { noteKept } from './kept.ts';
import { nukeCastle } from './nuke.ts';
import { orderDestroy, type Part, standingOn } from './order.ts';
import { deadApi } from './reach.ts';
import { revokeMinted } from './revoke.ts';

/**
 * The work of `destroy`: as the castle file's `destroy.mode` has it. Everything is looked at first, and every refusal is
 * thrown; then `before` is waited for, and only then the first thing is destroyed. What `before` throws is thrown, with
 * nothing destroyed.
 */
export async function destroyCastle(
  prepared: Prepared,
  part: Part,
  before: () => Promise<void>,
): Promise<void> {
  const { castle } = prepared.run;
  const nuke = nukeSettings(castle);
  if (nuke === undefined) return destroyLayers(prepared, part, before);
  assertWhole(castle, part);
  return nukeCastle(prepared, nuke, before);
}

/** Layers in the reverse of their order, each once all that stands on it is gone. */
async function destroyLayers(
  prepared: Prepared,
  { only, from }: Part,
  before: () => Promise<void>,
): Promise<void> {
  const { run, progress, workspace, secrets, plan } = prepared;
  const { castle, log, ledger, signal } = run;
  const layers = behindClaim([...plan.layers.values()], castle.claim);
  const order = orderDestroy(layers, { only, from, protect: castle.destroy?.protect ?? [] });
  noteKept(prepared, order);
  log.info(`destroy: ${order.nodes.map(({ id }) => id).join(', ') || 'nothing'}`);
  const maker = castle.kubeconfig?.layer;
  const inside = maker === undefined ? new Set<string>() : standingOn(layers, maker);
  let silence: string | undefined;
  if (order.nodes.some(({ id }) => inside.has(id))) {
    const access = await ledger.span('kubeconfig', 'phase', () => kubeconfigIfAny(prepared));
    if (access !== undefined) {
      progress.access = access;
      silence = await ledger.span('cluster', 'phase', () => deadApi(access.cluster, signal));
    }
  }
  if (silence !== undefined) log.warn(`the cluster does not answer: ${silence}`);
  await before();
  const engines = enginesOf(run.journal);
  const context = { run, progress, workspace, secrets, operation: 'destroy' as const };
  await runLayers(order.nodes, plan.layers, {
    ...context,
    passClaim: async () => {},
    perform: attendTo({
      async leftOut(name) {
        const others = (order.leftOut.get(name) ?? []).map((other) => plan.layers.get(other));
        return Promise.all(
          others.filter((other) => other !== undefined).map((other) => layerJob(other, engines, context)),
        );
      },
      deadApi: (name) => (inside.has(name) ? silence : undefined),
    }),
  });
  if (progress.failures.length === 0 && isGone(prepared, maker))
    await ledger.span('client secrets', 'phase', () => revokeMinted(prepared));
}

const noKubeconfig = /^PHX-(?:KUBECONFIG-|CLUSTER-KUBECONFIG$)/;

/** A castle that was never applied, or is half destroyed, has none: its layers then have to do without. */
async function kubeconfigIfAny({ run, workspace, plan, secrets }: Prepared): Promise<Access | undefined> {
  try {
    return await readKubeconfig(run, workspace, plan.layers, secrets);
  } catch (error) {
    if (!(error instanceof PhoenixError) || !noKubeconfig.test(error.code)) throw error;
    run.log.info(`no kubeconfig for the layers: ${error.why}`);
    return undefined;
  }
}

/** Seen to go: an empty state alone may be that of another machine. */
function isGone({ progress }: Prepared, layer: string | undefined): boolean {
  const verdict = layer === undefined ? undefined : progress.layers.get(layer)?.verdict;
  return verdict === 'destroyed';
}
