import type { Listed, Machine, Node } from '../proxmox/machines.ts';

/** What a VM must match to be deleted: all three. */
export interface Criteria {
  readonly vmids: readonly { readonly first: number; readonly last: number }[];
  readonly tag: string;
  /** With `*` and `?`. */
  readonly name: string;
}

/** The machine that Phoenix runs on, as far as that can be told. */
export interface OwnMachine {
  readonly vmid?: number | undefined;
  /** SMBIOS id, lower case. */
  readonly uuid?: string | undefined;
}

/** What Proxmox has, looked at once. */
export interface Inventory {
  readonly nodes: readonly Node[];
  /** All guests that the token may see. */
  readonly guests: readonly Listed[];
  /** By `NODE/VMID`, the VMs among them whose id is one of the castle's, from their own configuration. */
  readonly machines: ReadonlyMap<string, Machine>;
  /** Ids of the castle's that are taken by guests which the token may not see. */
  readonly hidden: readonly number[];
}

/** A guest that looks like the castle's in part, and why it is none of its. Never touched. */
export interface Stranger {
  readonly vmid: number;
  readonly node: string;
  readonly name: string;
  readonly why: string;
  /** Whether it sits on an id that the castle will want. */
  readonly inRange: boolean;
}

export interface Selection {
  readonly ours: readonly Machine[];
  readonly strangers: readonly Stranger[];
  /** Why nothing may be touched at all; empty where all is well. */
  readonly refusals: readonly string[];
}

export const keyOf = ({ node, vmid }: { readonly node: string; readonly vmid: number }) => `${node}/${vmid}`;

export function isInRange({ vmids }: Pick<Criteria, 'vmids'>, vmid: number): boolean {
  return vmids.some(({ first, last }) => vmid >= first && vmid <= last);
}

/**
 * The castle's VMs among all: id, tag and name match, each exactly. What matches in part is a stranger. Where it cannot be
 * told for certain what is whose, or one of the castle's own is kept by a hand, nothing may be touched.
 */
export function selectMachines(inventory: Inventory, criteria: Criteria, own: OwnMachine): Selection {
  const ours: Machine[] = [];
  const strangers: Stranger[] = [];
  const refusals = [...doubts(inventory, criteria)];
  for (const guest of inventory.guests) {
    const { vmid, node, kind } = guest;
    const inRange = isInRange(criteria, vmid);
    const stranger = (name: string, why: string) => strangers.push({ vmid, node, name, why, inRange });
    if (!inRange) {
      // All that the list says of a VM out of range is for showing.
      if (guest.tags.includes(criteria.tag))
        stranger(guest.name ?? '', 'its id is not one of `destroy.vmids`');
      continue;
    }
    if (kind !== 'qemu') {
      stranger(guest.name ?? '', 'it is a container, not a VM');
      continue;
    }
    const machine = inventory.machines.get(keyOf(guest));
    // Why it is not there is one of the doubts.
    if (machine === undefined) continue;
    const missing = mismatches(machine, criteria);
    if (missing.length > 0) stranger(machine.name, missing.join(', and '));
    else {
      ours.push(machine);
      refusals.push(...objections(machine, own));
    }
  }
  const byId = (a: { readonly vmid: number }, b: { readonly vmid: number }) => a.vmid - b.vmid;
  return { ours: ours.sort(byId), strangers: strangers.sort(byId), refusals };
}

function mismatches({ name, tags }: Pick<Machine, 'name' | 'tags'>, criteria: Criteria): string[] {
  return [
    ...(tags.includes(criteria.tag) ? [] : [`it does not bear the tag \`${criteria.tag}\``]),
    ...(matchesName(criteria.name, name) ? [] : [`its name does not match \`${criteria.name}\``]),
  ];
}

/** Why an inventory is no ground to delete anything on. */
function doubts({ nodes, guests, machines, hidden }: Inventory, criteria: Criteria): string[] {
  const offline = new Set(nodes.filter(({ online }) => !online).map(({ node }) => node));
  const known = new Set(nodes.map(({ node }) => node));
  const seen = new Set<number>();
  const found: string[] = [];
  for (const guest of guests) {
    const { vmid, node, kind } = guest;
    if (!isInRange(criteria, vmid)) continue;
    if (seen.has(vmid)) found.push(`VM ${vmid} is listed more than once`);
    seen.add(vmid);
    if (offline.has(node) || !known.has(node))
      found.push(`VM ${vmid} is on node ${node}, which is not online`);
    else if (kind === 'qemu' && machines.get(keyOf(guest)) === undefined)
      found.push(`VM ${vmid} was listed on node ${node} and is not there: it was moved or deleted meanwhile`);
  }
  for (const vmid of hidden)
    found.push(`VM ${vmid} exists, and the token may not see it: give it VM.Audit on /vms/${vmid}`);
  return found;
}

/** Why one of the castle's own VMs must not be deleted. */
function objections({ vmid, name, template, protection, uuid }: Machine, own: OwnMachine): string[] {
  const it = `VM ${vmid} (${name})`;
  return [
    ...(protection ? [`${it} is protected: take that off in its options if it is meant to go`] : []),
    ...(template
      ? [`${it} is a template, and clones may stand on it: keep it out of \`destroy.vmids\``]
      : []),
    ...(own.vmid === vmid || (uuid !== '' && own.uuid === uuid)
      ? [`${it} is the machine that Phoenix runs on: run it on another one`]
      : []),
  ];
}

/** Why `now` is not the machine that was looked at, or may not be deleted any more; undefined where it is, and may. */
export function changeOf(then: Machine, now: Machine): string | undefined {
  if (now.vmid !== then.vmid || now.node !== then.node) return 'it is another VM';
  if (now.mark !== then.mark) return 'another VM was made in its place meanwhile';
  if (now.name !== then.name) return `it was renamed meanwhile, to ${now.name || 'nothing'}`;
  if (now.tags.toSorted().join(';') !== then.tags.toSorted().join(';'))
    return `its tags were changed meanwhile, to ${now.tags.join(';') || 'none'}`;
  if (now.protection) return 'it was protected meanwhile';
  if (now.template) return 'it was made a template meanwhile';
  return undefined;
}

/** Whether `*` (any characters) and `?` (one) make `pattern` the whole of `name`. Case counts. */
export function matchesName(pattern: string, name: string): boolean {
  let [at, from, star, mark] = [0, 0, -1, 0];
  while (from < name.length) {
    if (pattern[at] === '*') [star, mark, at] = [at, from, at + 1];
    else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[from]))
      [at, from] = [at + 1, from + 1];
    else if (star >= 0) [at, mark, from] = [star + 1, mark + 1, mark + 1];
    else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
