import type { Castle } from '../castle/load.ts';
import type { ProxmoxSettings } from '../castle/proxmox.ts';
import { PhoenixError } from '../errors.ts';
import type { Criteria } from './machines.ts';
import type { DestroyOrder, Part } from './order.ts';

/** What a nuke goes by, from the castle file. */
export interface NukeSettings extends Criteria {
  readonly proxmox: ProxmoxSettings;
  /** The layer that makes the cluster: all that stands on it goes with the VMs. */
  readonly maker: string;
}

/** Undefined where the castle is destroyed layer by layer. */
export function nukeSettings({ name, destroy, proxmox, kubeconfig }: Castle): NukeSettings | undefined {
  if (destroy?.mode !== 'nuke') return undefined;
  const { vmids, tag, name: glob = `${name}-*` } = destroy;
  // The schema does not let a castle file be without them.
  if (vmids === undefined || tag === undefined || proxmox === undefined || kubeconfig === undefined)
    throw new Error('the castle file names no machines');
  return { proxmox, maker: kubeconfig.layer, vmids, tag, name: glob };
}

/** `id 421-432, tag phoenix, name tazlab-*` */
export function criteriaWords({ vmids, tag, name }: Criteria): string {
  const ids = vmids.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  return `id ${ids.join(', ')}, tag ${tag}, name ${name}`;
}

/** Throws PHX-DESTROY-WHOLE for a part: of machines there is none. */
export function assertWhole(castle: Castle, { only, from }: Part): void {
  if (only.length === 0 && from === '') return;
  throw partError(
    castle,
    `\`${only.length > 0 ? 'only' : 'from'}\` names a part of it, and with the machines goes all that lives on them.`,
    'Leave it out; or set `destroy.mode: layers` in the castle file, and destroy that part by its layers.',
  );
}

/** Throws PHX-DESTROY-WHOLE where a layer is protected that goes with the machines. */
export function assertUnprotected(
  castle: Castle,
  { kept }: Pick<DestroyOrder, 'kept'>,
  goes: ReadonlySet<string>,
): void {
  const names = [...kept.keys()].filter((name) => goes.has(name));
  if (names.length === 0) return;
  throw partError(
    castle,
    `The castle file protects ${names.join(', ')} (destroy.protect), and that goes with the machines.`,
    'Take it out of `destroy.protect` if it is meant to go, or set `destroy.mode: layers`.',
  );
}

function partError(castle: Castle, why: string, next: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-DESTROY-WHOLE',
    class: 'input',
    what: `${castle.name} can only be nuked as a whole: nothing was touched.`,
    why,
    next,
    at: { file: castle.file, ...castle.at(['destroy', 'mode']) },
  });
}
