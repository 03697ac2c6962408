import { eachOf } from '../bounded.ts';
import type { ProxmoxApi } from '../proxmox/client.ts';
import { listStorages, volumesOfMachines } from '../proxmox/storages.ts';
import type { Taken } from './take.ts';

const atOnce = 4;

/**
 * Volumes that bear the id of a VM which is gone, on the storages of its node; undefined where they could not be looked for.
 * Nothing is done to them.
 */
export async function leftVolumes(
  api: ProxmoxApi,
  taken: readonly Taken[],
): Promise<readonly string[] | undefined> {
  const gone = new Set(taken.filter(({ verdict }) => verdict === 'deleted').map(({ vmid }) => vmid));
  const nodes = [...new Set(taken.map(({ node }) => node))];
  try {
    const storages = (await eachOf(nodes, atOnce, (node) => listStorages(api, node)))
      .flat()
      .filter(({ active, content }) => active && content.includes('images'));
    // What nodes share is the same from each of them.
    const once = [
      ...new Map(
        storages.map((each) => [each.shared ? each.name : `${each.node}/${each.name}`, each]),
      ).values(),
    ];
    const volumes = (await eachOf(once, atOnce, (storage) => volumesOfMachines(api, storage))).flat();
    return volumes.filter(({ vmid }) => gone.has(vmid)).map(({ volid }) => volid);
  } catch {
    return undefined;
  }
}
