import type { ProxmoxApi } from '../../proxmox/client.ts';
import { listNodes } from '../../proxmox/machines.ts';
import { listStorages, type Storage } from '../../proxmox/storages.ts';
import { type Check, type Finding, failed, listed, ok, skipped, warning } from '../check.ts';
import { ofHypervisor } from './hypervisor.ts';

/** Shares that are used. A thin pool that is full stops every VM on it, so this is refused before that. */
const fullShare = 0.95;
const nearlyShare = 0.85;

export const storages: Check = {
  id: 'proxmox.storage',
  why: 'A storage that fills up in the middle of a rebirth fails the new disks, and a thin pool stops every VM that is on it.',
  look: ofHypervisor(async (api) => judgeStorages(await storagesOf(api))),
};

/** What may hold disks or images, each shared one once; only of nodes that are up. */
export async function storagesOf(api: ProxmoxApi): Promise<readonly Storage[]> {
  const nodes = (await listNodes(api)).filter(({ online }) => online);
  const each = (await Promise.all(nodes.map(({ node }) => listStorages(api, node)))).flat();
  const once = new Map(
    each.map((storage) => [storage.shared ? storage.name : `${storage.node}/${storage.name}`, storage]),
  );
  return [...once.values()].filter(({ content }) =>
    content.some((kind) => kind === 'images' || kind === 'import'),
  );
}

export function judgeStorages(all: readonly Storage[]): Finding {
  if (all.length === 0)
    return skipped('the token sees no storage for disks or images (it needs Datastore.Audit)');
  const idle = all.filter(({ active }) => !active).map(named);
  const shares = all
    .filter(({ active, total }) => active && total > 0)
    .map((storage) => ({ name: named(storage), share: storage.used / storage.total }));
  const words = (least: number) =>
    shares
      .filter(({ share }) => share >= least)
      .map(({ name, share }) => `${name} ${Math.floor(share * 100)} %`);
  const next = 'Remove images, snapshots and disks of VMs that are gone, or make the storage larger.';
  if (words(fullShare).length > 0) return failed(`full: ${listed(words(fullShare))}`, next);
  if (words(nearlyShare).length > 0) return warning(`nearly full: ${listed(words(nearlyShare))}`, next);
  if (idle.length > 0)
    return warning(
      `not active: ${listed(idle)}`,
      'Look in Proxmox why; a castle whose disks are to lie there will not come up.',
    );
  return ok(
    `room on ${listed(shares.map(({ name, share }) => `${name} (${Math.floor(share * 100)} % used)`))}`,
  );
}

const named = ({ name, node, shared }: Storage) => (shared ? name : `${name} on ${node}`);
