import { z } from 'zod';
import { configAnswer, nodesAnswer, resourcesAnswer, statusAnswer, upidAnswer } from './answers.ts';
import type { ProxmoxApi } from './client.ts';

/** A guest as the cluster lists it. */
export interface Listed {
  readonly kind: 'qemu' | 'lxc';
  readonly vmid: number;
  readonly node: string;
  /** `running`, `stopped`; `unknown` where its node has not been heard of. */
  readonly status: string;
  readonly name: string | undefined;
  readonly tags: readonly string[];
}

/** Who a VM is, from its own configuration. */
export interface Identity {
  readonly name: string;
  /** In the order they have there. */
  readonly tags: readonly string[];
  readonly template: boolean;
  readonly protection: boolean;
  readonly lock: string | undefined;
  /** SMBIOS id, lower case; empty where it has none. */
  readonly uuid: string;
  /** What no other VM has, were it made in its place under the same id and name. */
  readonly mark: string;
}

/** A VM with its identity and its power. */
export interface Machine extends Identity {
  readonly vmid: number;
  readonly node: string;
  readonly status: string;
}

export interface Node {
  readonly node: string;
  readonly online: boolean;
}

/** PVE::AbstractConfig::load_config, PVE::API2::Cluster::nextid. */
const noConfiguration = /\bConfiguration file '[^']*' does not exist/i;
const idTaken = /\bVM \d+ already exists\b/i;

type Place = Pick<Machine, 'vmid' | 'node'>;

const below = ({ node, vmid }: Place) => `/nodes/${encodeURIComponent(node)}/qemu/${vmid}`;

export async function listNodes(api: ProxmoxApi): Promise<Node[]> {
  const nodes = await api.read({ route: '/nodes', to: 'list its nodes' }, nodesAnswer);
  return nodes.map(({ node, status }) => ({ node, online: status === 'online' }));
}

/** Every guest of the cluster that the token may see. */
export async function listGuests(api: ProxmoxApi): Promise<Listed[]> {
  const route = { route: '/cluster/resources', to: 'list its machines', parameters: { type: 'vm' } };
  const guests = await api.read(route, resourcesAnswer);
  return guests.map(({ type, vmid, node, status, name, tags }) => ({
    ...{ kind: type, vmid, node, status, name },
    tags: tagsIn(tags),
  }));
}

/** Tags as Proxmox splits them: by `;`, `,` and spaces. */
export function tagsIn(text: string | undefined): string[] {
  return (text ?? '').split(/[;,\s]+/).filter((tag) => tag !== '');
}

/** The VM as its node has it now; undefined where it has none of this id. */
export async function readMachine(api: ProxmoxApi, place: Place): Promise<Machine | undefined> {
  const { vmid, node } = place;
  const to = `read VM ${vmid}`;
  const config = await api.find({ route: `${below(place)}/config`, to }, configAnswer, noConfiguration);
  if (config === undefined) return undefined;
  const power = await api.find(
    { route: `${below(place)}/status/current`, to },
    statusAnswer,
    noConfiguration,
  );
  if (power === undefined) return undefined;
  const { smbios1 = '', vmgenid = '', meta = '', template, protection, lock = power.lock } = config;
  const uuid = (/(?:^|,)uuid=([^,]+)/.exec(smbios1)?.[1] ?? '').toLowerCase();
  const created = /(?:^|,)ctime=(\d+)/.exec(meta)?.[1] ?? '';
  return {
    ...{ vmid, node, status: power.status, name: config.name ?? '', tags: tagsIn(config.tags) },
    ...{ template, protection, lock, uuid, mark: [uuid, vmgenid.toLowerCase(), created].join(' ') },
  };
}

/**
 * Whether any guest of the cluster has this id, also one that the token may not see, or of a node that is down.
 */
export async function isTaken(api: ProxmoxApi, vmid: number): Promise<boolean> {
  const route = {
    route: '/cluster/nextid',
    to: `tell whether the VM id ${vmid} is free`,
    parameters: { vmid },
  };
  return (await api.find(route, z.union([z.string(), z.number()]), idTaken)) === undefined;
}

/** Begins to cut a VM's power; gives the task. */
export async function stopMachine(api: ProxmoxApi, place: Place): Promise<string> {
  const route = { route: `${below(place)}/status/stop`, to: `stop VM ${place.vmid}` };
  return api.change('POST', route, upidAnswer);
}

/**
 * Begins to delete a VM with the disks of its configuration, and what Proxmox itself keeps of it (jobs, HA, firewall); gives
 * the task. What else bears its id on a storage may be another's: of a detached disk, of another cluster's VM.
 */
export async function deleteMachine(api: ProxmoxApi, place: Place): Promise<string> {
  const parameters = { purge: 1, 'destroy-unreferenced-disks': 0 };
  return api.change('DELETE', { route: below(place), to: `delete VM ${place.vmid}`, parameters }, upidAnswer);
}
