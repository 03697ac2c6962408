import { type Listed, listGuests } from '../../proxmox/machines.ts';
import { type Check, type Finding, failed, listed, ofCastle, ok } from '../check.ts';
import { hypervisorOf } from './hypervisor.ts';
import { machinesOf, type PlannedMachine, platformOf } from './inputs.ts';

/** How the castle's own VMs are told from others. */
export interface Marks {
  readonly castle: string;
  readonly tag: string | undefined;
}

export const machines: Check = {
  id: 'proxmox.machines',
  why: 'Proxmox gives a VM id once: where it is taken by another VM, the castle cannot be made, and that VM must not be deleted for it.',
  look: ofCastle(async (castle, _, subject) => {
    const api = hypervisorOf(castle, subject);
    if ('status' in api) return api;
    const platform = await platformOf(castle, subject);
    if ('status' in platform) return platform;
    const planned = machinesOf(platform);
    if ('status' in planned) return planned;
    return judgeMachines(planned, await listGuests(api), { castle: castle.name, tag: castle.destroy?.tag });
  }),
};

/** Whose a guest is that has the VM id of a machine of the castle. */
export function isOwn({ key }: Pick<PlannedMachine, 'key'>, guest: Listed, { castle, tag }: Marks): boolean {
  const tagged = tag === undefined || guest.tags.includes(tag);
  return guest.kind === 'qemu' && guest.name === `${castle}-${key}` && tagged;
}

export function judgeMachines(
  planned: readonly PlannedMachine[],
  guests: readonly Listed[],
  marks: Marks,
): Finding {
  const found = planned.flatMap((machine) =>
    guests.filter(({ vmid }) => vmid === machine.vmid).map((guest) => ({ machine, guest })),
  );
  const taken = found.filter(({ machine, guest }) => !isOwn(machine, guest, marks));
  if (taken.length > 0)
    return failed(
      `taken by others: ${listed(taken.map(({ machine, guest }) => `${machine.vmid} (for ${marks.castle}-${machine.key}) is ${guest.kind === 'lxc' ? 'the container' : 'the VM'} ${guest.name ?? 'without a name'} on ${guest.node}, tags ${guest.tags.join(' ') || 'none'}`))}`,
      'Give the castle other VM ids (its input `machines`, and `destroy.vmids`). If that VM is of this castle after all, give it the name and the tag that the castle gives.',
    );
  if (found.length === 0) return ok(`none of ${planned.map(({ vmid }) => vmid).join(', ')} is taken`);
  return {
    ...ok(
      `the castle's own stand: ${listed(found.map(({ guest }) => `${guest.vmid} ${guest.name} ${guest.status}`))}`,
    ),
    next: 'Where the state of their layer is lost, adopt them or delete them: docs/castle.md.',
  };
}
