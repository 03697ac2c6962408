import { readFile } from 'node:fs/promises';
import { eachOf } from '../bounded.ts';
import type { ProxmoxApi } from '../proxmox/client.ts';
import { isTaken, listGuests, listNodes, type Machine, readMachine } from '../proxmox/machines.ts';
import { type Criteria, type Inventory, isInRange, keyOf } from './machines.ts';

const atOnce = 4;
/** Of a wider range only so many ids are asked for one by one whether somebody has them unseen. */
const mostAsked = 256;

/** Looks at all that Proxmox has, and closely at the VMs whose ids are the castle's. Changes nothing. */
export async function takeInventory(api: ProxmoxApi, criteria: Pick<Criteria, 'vmids'>): Promise<Inventory> {
  const [nodes, guests] = await Promise.all([listNodes(api), listGuests(api)]);
  const online = new Set(nodes.filter((each) => each.online).map(({ node }) => node));
  const inRange = guests.filter(({ vmid }) => isInRange(criteria, vmid));
  const near = inRange.filter(({ kind, node }) => kind === 'qemu' && online.has(node));
  const read = await eachOf(near, atOnce, (guest) => readMachine(api, guest));
  const machines = new Map(
    read
      .filter((machine) => machine !== undefined)
      .map((machine): [string, Machine] => [keyOf(machine), machine]),
  );
  const seen = new Set(guests.map(({ vmid }) => vmid));
  const unseen = idsOf(criteria, mostAsked).filter((vmid) => !seen.has(vmid));
  const taken = await eachOf(unseen, atOnce, (vmid) => isTaken(api, vmid));
  return { nodes, guests, machines, hidden: unseen.filter((_, index) => taken[index]) };
}

function idsOf({ vmids }: Pick<Criteria, 'vmids'>, most: number): number[] {
  const ids = new Set<number>();
  for (const { first, last } of vmids)
    for (let vmid = first; vmid <= last && ids.size < most; vmid += 1) ids.add(vmid);
  return [...ids];
}

/** The SMBIOS id of this machine, lower case: root alone may read it. Undefined where it cannot be read. */
export async function ownUuid(file = '/sys/class/dmi/id/product_uuid'): Promise<string | undefined> {
  const text = (await readFile(file, 'utf8').catch(() => '')).trim().toLowerCase();
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text) ? text : undefined;
}
