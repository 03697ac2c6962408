import { eachOf } from '../bounded.ts';
import { enginesOf } from '../layer/engines.ts';
import { layerJob } from '../rebirth/layer-job.ts';
import type { Prepared } from '../rebirth/protocol.ts';
import { nukeSettings } from './criteria.ts';
import { takeInventory } from './inventory.ts';
import { lookAtState } from './look.ts';
import { selectMachines } from './machines.ts';
import { openProxmox } from './survey.ts';

const atOnce = 4;

/**
 * Whether there is anything of the castle: `nothing` where every layer's state is empty and, where it is nuked, no VM is its
 * own; `unknown` where not all of that could be looked at. Changes nothing; throws only for an abort.
 */
export async function whatStands(prepared: Prepared): Promise<'nothing' | 'something' | 'unknown'> {
  const { run, progress, workspace, secrets, plan } = prepared;
  const { signal } = run;
  const engines = enginesOf(run.journal);
  const context = { run, progress, workspace, secrets, operation: 'destroy' as const };
  try {
    const looks = await eachOf([...plan.layers.values()], atOnce, async (layer) =>
      lookAtState(await layerJob(layer, engines, context), signal),
    );
    if (looks.some(({ is }) => is === 'standing')) return 'something';
    const machines = await machinesStand(prepared);
    if (machines === 'something') return machines;
    return looks.some(({ is }) => is === 'unknown') ? 'unknown' : machines;
  } catch {
    signal.throwIfAborted();
    return 'unknown';
  }
}

async function machinesStand(prepared: Prepared): Promise<'nothing' | 'something' | 'unknown'> {
  const settings = nukeSettings(prepared.run.castle);
  if (settings === undefined) return 'nothing';
  const inventory = await takeInventory(openProxmox(prepared, settings)(prepared.run.signal), settings);
  const { ours, refusals } = selectMachines(inventory, settings, {});
  if (ours.length > 0) return 'something';
  return refusals.length > 0 ? 'unknown' : 'nothing';
}
