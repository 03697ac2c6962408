import { eachOf } from '../bounded.ts';
import { PhoenixError } from '../errors.ts';
import { inUnit } from '../layer/signatures/signature.ts';
import type { ProxmoxApi } from '../proxmox/client.ts';
import { isTaken, listNodes } from '../proxmox/machines.ts';
import { wasDeleted } from '../proxmox/tasks.ts';
import { criteriaWords, type NukeSettings } from './criteria.ts';
import type { Held, HeldMachine, Untold } from './held.ts';
import type { Selection, Stranger } from './machines.ts';

const atOnce = 4;

/**
 * Throws PHX-DESTROY-MACHINES-REFUSED where what the states hold and what Proxmox has do not go together: an engine deletes
 * whatever sits on the ids of its state, and a state that is dropped forgets a VM that lives. So each guest on such an id
 * must be one that the nuke itself deletes; and where it deletes none, they must be seen to have been there.
 */
export async function assertAccord(
  api: ProxmoxApi,
  { ours, strangers }: Selection,
  states: readonly (Held | Untold)[],
  {
    settings,
    inside,
    file,
  }: {
    readonly settings: NukeSettings;
    /** Layers whose states would be dropped. */
    readonly inside: ReadonlySet<string>;
    readonly file: string;
  },
): Promise<readonly Held[]> {
  const refuse = (why: readonly string[], next: string) => refused(api.endpoint, why, next, file);
  const untold = states.filter((each) => 'trouble' in each);
  if (untold.length > 0)
    throw refuse(
      untold.map(
        ({ layer, trouble }) =>
          `Which VMs the state of layer ${layer} holds cannot be told: ${trouble.replace(/\.$/, '')}`,
      ),
      'Bring that state within reach (`terragrunt state list` in the unit must answer), then run again.',
    );
  const held = states.filter((each) => 'machines' in each);
  const own = new Set(ours.map(({ vmid }) => vmid));
  const others = await occupied(
    api,
    held.map((each) => ({ ...each, machines: each.machines.filter(({ vmid }) => !own.has(vmid)) })),
  );
  if (others.length > 0)
    throw refuse(
      others.map(({ vmid, address, layer }) => {
        const stranger = strangers.find((each) => each.vmid === vmid);
        const who = stranger === undefined ? 'a guest that is not the castle’s' : strangerWords(stranger);
        return `VM id ${vmid} is taken by ${who}; and the state of layer ${layer} holds it as ${address}, so that layer's engine would delete it`;
      }),
      `Where it is the castle's, give it back what it lacks (${criteriaWords(settings)}), or set \`destroy.mode: layers\`, which deletes what the states hold. Where it is somebody else's, drop it from the state: ${others.map(forgetting).join('; ')}. Then run again.`,
    );
  if (ours.length > 0) return held;
  const words = `no VM on ${api.endpoint} has ${criteriaWords(settings)}`;
  const machines = held.flatMap((each) => each.machines.map((machine) => ({ ...machine, ...placeOf(each) })));
  const near = strangers.filter(({ inRange }) => inRange);
  if (machines.length > 0 && !(await wereHere(api, machines)))
    throw refuse(
      [
        `${words}, yet the states hold ${machines.map(({ vmid, layer }) => `VM ${vmid} (layer ${layer})`).join(', ')}, and nothing there tells that one of these was ever deleted`,
        seen(near),
      ],
      `See that \`proxmox.endpoint\` is the Proxmox of this castle. Where its VMs are really gone, drop them from the state: ${machines.map(forgetting).join('; ')}; or set \`destroy.mode: layers\`. Then run again.`,
    );
  const full = held.filter(({ layer, empty }) => !empty && (inside.has(layer) || layer === settings.maker));
  if (machines.length === 0 && near.length > 0 && full.length > 0)
    throw refuse(
      [
        `${words}, yet the states of ${full.map(({ layer }) => layer).join(', ')} are not empty, and do not tell which VMs they stand on`,
        seen(near),
      ],
      'Where one of these is the castle’s, give it back its tag and name, or correct `destroy` in the castle file. Where none is, take their ids out of `destroy.vmids`, or set `destroy.mode: layers`. Then run again.',
    );
  return held;
}

/** Machines of the states whose ids are taken now, by whatever it is. */
export async function occupied(
  api: ProxmoxApi,
  held: readonly Held[],
): Promise<readonly (HeldMachine & Pick<Held, 'layer' | 'dir'>)[]> {
  const machines = held.flatMap((each) => each.machines.map((machine) => ({ ...machine, ...placeOf(each) })));
  const ids = [...new Set(machines.map(({ vmid }) => vmid))];
  const answers = await eachOf(ids, atOnce, (vmid) => isTaken(api, vmid));
  const taken = new Set(ids.filter((_, index) => answers[index]));
  return machines.filter(({ vmid }) => taken.has(vmid));
}

const placeOf = ({ layer, dir }: Held) => ({ layer, dir });

/** A Proxmox that has deleted one of them is theirs: that of a run which was cut off, or of a hand. */
async function wereHere(api: ProxmoxApi, machines: readonly HeldMachine[]): Promise<boolean> {
  const nodes = (await listNodes(api)).filter(({ online }) => online);
  const pairs = nodes.flatMap(({ node }) => machines.map(({ vmid }) => ({ node, vmid })));
  const answers = await eachOf(pairs, atOnce, ({ node, vmid }) => wasDeleted(api, node, vmid));
  return answers.includes(true);
}

function forgetting({ address, dir }: HeldMachine & Pick<Held, 'dir'>): string {
  return inUnit({ unit: dir }, `terragrunt state rm '${address}'`);
}

function strangerWords({ name, node, why }: Stranger): string {
  return `${name || 'a guest without a name'} on node ${node}, which is not the castle's (${why})`;
}

function seen(near: readonly Stranger[]): string {
  if (near.length === 0) return 'On the ids of `destroy.vmids` nothing is seen';
  return `On the ids of \`destroy.vmids\` is seen: ${near.map((each) => `${each.vmid} ${strangerWords(each)}`).join('; ')}`;
}

function refused(endpoint: string, why: readonly string[], next: string, file: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-DESTROY-MACHINES-REFUSED',
    class: 'input',
    what: `No VM was touched, and no state: what the states hold is not what ${endpoint} has.`,
    why: `${why.map((each) => `${each.charAt(0).toUpperCase()}${each.slice(1)}`).join('. ')}.`,
    next,
    at: { file },
  });
}
