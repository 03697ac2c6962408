import { z } from 'zod';
import { eachOf } from '../bounded.ts';
import { parseJson } from '../json.ts';
import { enginesOf } from '../layer/engines.ts';
import type { Layer } from '../plan/discover.ts';
import { layerJob } from '../rebirth/layer-job.ts';
import type { Prepared } from '../rebirth/protocol.ts';
import { wayTo } from './way.ts';

/** A guest that a layer's engine would delete, for its state holds it. */
export interface HeldMachine {
  readonly vmid: number;
  readonly address: string;
}

/** What a layer's state holds, as far as whoever deletes VMs beside it must know. */
export interface Held {
  readonly layer: string;
  /** The unit's folder. */
  readonly dir: string;
  /** It was never applied, or is destroyed. */
  readonly empty: boolean;
  readonly machines: readonly HeldMachine[];
}

/** A layer whose state does not tell. */
export interface Untold {
  readonly layer: string;
  readonly trouble: string;
}

const atOnce = 4;

/** The providers of Proxmox call the id of a guest `vm_id` (bpg) or `vmid` (telmate). */
const guestIds = ['vm_id', 'vmid'] as const;
const guestTypes = /^proxmox_/;
/** Types of theirs that are a guest, so that one without an id does not tell which. */
const isGuest = /^proxmox_(?:(?:virtual_environment_)?(?:vm|container)2?|vm_qemu|lxc|cloned_vm)$/;

const stateOfGuests = z.object({
  resources: z.array(
    z.object({
      module: z.string().optional(),
      mode: z.string(),
      type: z.string(),
      name: z.string(),
      instances: z.array(
        z.object({
          index_key: z.union([z.string(), z.number()]).optional(),
          attributes: z.record(z.string(), z.unknown()).nullish(),
        }),
      ),
    }),
  ),
});

/** Reads which guests the states of these layers hold. Changes nothing; throws only for an abort. */
export async function readHeld(
  prepared: Prepared,
  layers: readonly Layer[],
): Promise<readonly (Held | Untold)[]> {
  const { run, progress, workspace, secrets } = prepared;
  const engines = enginesOf(run.journal);
  const context = { run, progress, workspace, secrets, operation: 'destroy' as const };
  return eachOf(layers, atOnce, async (layer) => {
    const { name, dir } = layer;
    const way = await wayTo(await layerJob(layer, engines, context), run.signal);
    const held = 'trouble' in way ? way : heldIn(way.text);
    return 'trouble' in held ? { layer: name, trouble: held.trouble } : { layer: name, dir, ...held };
  });
}

/** The guests in a state as `state pull` prints it. */
export function heldIn(text: string): Pick<Held, 'empty' | 'machines'> | Pick<Untold, 'trouble'> {
  if (text === '') return { empty: true, machines: [] };
  // The engine may print warnings before the state.
  const parsed = stateOfGuests.safeParse(parseJson(text.slice(Math.max(0, text.indexOf('{')))));
  if (!parsed.success) return { trouble: 'what `state pull` printed is no state' };
  const managed = parsed.data.resources.filter(({ mode }) => mode === 'managed');
  const machines: HeldMachine[] = [];
  for (const { module, type, name, instances } of managed) {
    if (!guestTypes.test(type)) continue;
    for (const { index_key: key, attributes } of instances) {
      const address = `${module === undefined ? '' : `${module}.`}${type}.${name}${key === undefined ? '' : `[${JSON.stringify(key)}]`}`;
      const vmid = guestIds.map((each) => idOf(attributes?.[each])).find((id) => id !== undefined);
      if (vmid !== undefined) machines.push({ vmid, address });
      else if (isGuest.test(type)) return { trouble: `it does not tell the VM id of ${address}` };
    }
  }
  return { empty: managed.every(({ instances }) => instances.length === 0), machines };
}

function idOf(value: unknown): number | undefined {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  return /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
}
