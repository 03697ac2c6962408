import { readFile } from 'node:fs/promises';
import { machineFile, machineIn } from '../doctor/blast-radius.ts';
import { PhoenixError } from '../errors.ts';
import { connectProxmox, type ProxmoxApi } from '../proxmox/client.ts';
import type { Prepared } from '../rebirth/protocol.ts';
import { criteriaWords, type NukeSettings } from './criteria.ts';
import { ownUuid, takeInventory } from './inventory.ts';
import { type OwnMachine, type Selection, selectMachines } from './machines.ts';

/** A way to the API that ends with the signal it is given. */
export type Connect = (signal: AbortSignal) => ProxmoxApi;

/** The API of the castle's Proxmox. The token's secret stays in memory. */
export function openProxmox({ run, edge, secrets }: Prepared, { proxmox }: NukeSettings): Connect {
  const secret = secrets.value(proxmox.tokenSecret);
  return (signal) => connectProxmox(proxmox, secret, { env: run.env, fetch: edge.fetch, signal });
}

/** Looks which VMs are the castle's, says it, and throws PHX-DESTROY-MACHINES-REFUSED where nothing may be touched. */
export async function survey(
  { run, progress }: Prepared,
  api: ProxmoxApi,
  settings: NukeSettings,
): Promise<Selection> {
  const inventory = await takeInventory(api, settings);
  const selection = selectMachines(inventory, settings, await ownMachine());
  const { ours, strangers, refusals } = selection;
  progress.machines = ours.map(({ vmid, name, node }) => ({
    ...{ vmid, name, node, verdict: 'kept' as const, why: 'it was not begun' },
  }));
  const { log } = run;
  log.info(`nuke: VMs with ${criteriaWords(settings)} on ${api.endpoint}: ${ours.length || 'none'}`);
  for (const { vmid, name, node, status, tags } of ours)
    log.info(`  VM ${vmid}  ${name}  node ${node}  ${status}  tags ${tags.join(';')}`);
  for (const { vmid, name, node, why, inRange } of strangers) {
    const words = `left alone: ${vmid} ${name} on node ${node}: ${why}`;
    if (inRange) log.warn(`${words}. It sits on an id that the castle will want.`);
    else log.info(words);
  }
  if (refusals.length > 0) throw refused(refusals, run.castle.file);
  return selection;
}

async function ownMachine(): Promise<OwnMachine> {
  const [text, uuid] = await Promise.all([readFile(machineFile, 'utf8').catch(() => undefined), ownUuid()]);
  if (text === undefined) return { uuid };
  const known = machineIn(text);
  if (known !== undefined) return { vmid: known.vmid, uuid };
  throw new PhoenixError({
    code: 'PHX-DESTROY-MACHINES-REFUSED',
    class: 'input',
    what: 'No VM was touched: it cannot be told whether one of them is this machine.',
    why: `${machineFile} is there and does not tell which VM this is.`,
    next: 'Write `{"vmid": 900, "tags": ["phoenix-runner"]}` there, with what Proxmox shows for this VM.',
  });
}

function refused(refusals: readonly string[], file: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-DESTROY-MACHINES-REFUSED',
    class: 'input',
    what: 'No VM was touched, and no state: not all of what would be deleted may be.',
    why: `${refusals.join('. ')}.`,
    next: 'Settle each of these in Proxmox, or correct `destroy` in the castle file, then run again.',
    at: { file },
  });
}
