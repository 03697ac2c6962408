import { z } from 'zod';
import type { ProxmoxApi } from '../../proxmox/client.ts';
import { listNodes } from '../../proxmox/machines.ts';
import { listStorages, type Storage } from '../../proxmox/storages.ts';
import { type Check, type Finding, failed, listed, ok, skipped, warning } from '../check.ts';
import { ofHypervisor } from './hypervisor.ts';
import { platformOf } from './inputs.ts';

/** Shares that are used. A thin pool that is full stops every VM on it, so this is refused before that. */
const fullShare = 0.95;
const nearlyShare = 0.85;

/** A storage that the castle's machines are made on, and what it must take. */
export interface WantedStorage {
  readonly name: string;
  /** The only node that counts; any where it is undefined. */
  readonly node: string | undefined;
  readonly content: 'images' | 'import';
}

export const storages: Check = {
  id: 'proxmox.storage',
  why: 'A storage that fills up in the middle of a rebirth fails the new disks, and a thin pool stops every VM that is on it.',
  look: ofHypervisor(async (api, castle, subject) => {
    const platform = await platformOf(castle, subject);
    const wanted = 'status' in platform ? [] : wantedBy(platform.inputs);
    return judgeStorages(await storagesOf(api), wanted);
  }),
};

const inputs = z.object({
  node: z.string().optional(),
  storage: z.object({ disk: z.string().optional(), image: z.string().optional() }).optional(),
  source_of_disk: z.object({ image: z.looseObject({}).nullish() }).optional(),
});

/** By the inputs of castle/modules/platform; none where they are others. */
export function wantedBy(given: Readonly<Record<string, unknown>>): readonly WantedStorage[] {
  const parsed = inputs.safeParse(given);
  if (!parsed.success) return [];
  const { node, storage, source_of_disk: source } = parsed.data;
  return [
    ...(storage?.disk === undefined ? [] : [{ name: storage.disk, node, content: 'images' as const }]),
    // A clone needs no image.
    ...(storage?.image === undefined || source?.image == null
      ? []
      : [{ name: storage.image, node, content: 'import' as const }]),
  ];
}

/** Each shared one once; only of nodes that are up. */
async function storagesOf(api: ProxmoxApi): Promise<readonly Storage[]> {
  const nodes = (await listNodes(api)).filter(({ online }) => online);
  const each = (await Promise.all(nodes.map(({ node }) => listStorages(api, node)))).flat();
  const once = new Map(
    each.map((storage) => [storage.shared ? storage.name : `${storage.node}/${storage.name}`, storage]),
  );
  return [...once.values()];
}

/** Of those that are wanted what is wrong fails; of others that may hold disks it is told. Without any wanted all of them count. */
export function judgeStorages(all: readonly Storage[], wanted: readonly WantedStorage[]): Finding {
  if (all.length === 0) return skipped('the token sees no storage (it needs Datastore.Audit)');
  const troubles = wanted.flatMap((one) => troubleWith(one, all));
  if (troubles.length > 0)
    return failed(
      listed(troubles),
      'Set it right in Proxmox (Datacenter, Storage), or name another in the inputs of the platform (`storage`).',
    );
  const counted = wanted.length === 0 ? all : all.filter((each) => wanted.some((one) => fits(one, each)));
  const holds = all.filter(({ content }) => content.some((kind) => kind === 'images' || kind === 'import'));
  const next = 'Remove images, snapshots and disks of VMs that are gone, or make the storage larger.';
  const full = holds.filter((each) => counted.includes(each) && shareOf(each) >= fullShare);
  if (full.length > 0) return failed(`full: ${listed(full.map(used))}`, next);
  const nearly = holds.filter((each) => shareOf(each) >= nearlyShare);
  if (nearly.length > 0) return warning(`nearly full: ${listed(nearly.map(used))}`, next);
  const active = holds.filter(isActive);
  if (active.length === 0)
    return warning('no storage for disks or images is active', 'Look in Proxmox why: no VM can be made.');
  return ok(`room on ${listed(active.map(used))}`);
}

function troubleWith(one: WantedStorage, all: readonly Storage[]): string[] {
  const found = all.filter((each) => fits(one, each));
  const it = one.content === 'images' ? `${one.name} (for disks)` : `${one.name} (for the image)`;
  if (found.length === 0)
    return [`there is no storage ${it}${one.node === undefined ? '' : ` on ${one.node}`}`];
  if (!found.some(({ content }) => content.includes(one.content)))
    return [`${it} does not take the content \`${one.content}\``];
  return found.some(isActive) ? [] : [`${it} is not active`];
}

const fits = ({ name, node }: WantedStorage, storage: Storage) =>
  storage.name === name && (node === undefined || storage.shared || storage.node === node);
const isActive = ({ active, total }: Storage) => active && total > 0;
const shareOf = (storage: Storage) => (isActive(storage) ? storage.used / storage.total : 0);
const used = (storage: Storage) =>
  `${storage.shared ? storage.name : `${storage.name} on ${storage.node}`} ${Math.floor(shareOf(storage) * 100)} %`;
