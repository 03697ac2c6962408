import { z } from 'zod';
import type { ProxmoxApi } from '../../proxmox/client.ts';
import { type Listed, listGuests } from '../../proxmox/machines.ts';
import { type Check, type Finding, listed, ok, skipped, warning } from '../check.ts';
import { ofHypervisor } from './hypervisor.ts';

const config = z.object({ agent: z.union([z.string(), z.number()]).transform(String).optional() });

/** PVE::QemuServer::Agent, PVE::QMPClient. */
const silent = /guest agent is not running|agent.*(?:timeout|timed out)|got timeout/i;

export const agent: Check = {
  id: 'proxmox.agent',
  why: 'Of a VM that is said to have a guest agent the provider waits for its address, for minutes at every start, and an image without the agent never gives it.',
  look: ofHypervisor(async (api, { destroy, name }) => {
    const own = (await listGuests(api)).filter(
      ({ kind, status, tags, name: called }) =>
        kind === 'qemu' &&
        status === 'running' &&
        (called?.startsWith(`${name}-`) ?? false) &&
        (destroy?.tag === undefined || tags.includes(destroy.tag)),
    );
    if (own.length === 0) return skipped('no VM of the castle runs that could be asked');
    return judgeAgents(
      await Promise.all(own.map(async (guest) => ({ guest, agent: await stateOf(api, guest) }))),
    );
  }),
};

type AgentState = 'off' | 'answers' | 'silent';

export function judgeAgents(
  each: readonly { readonly guest: Listed; readonly agent: AgentState }[],
): Finding {
  const mute = each
    .filter(({ agent }) => agent === 'silent')
    .map(({ guest }) => `${guest.vmid} ${guest.name}`);
  if (mute.length > 0)
    return warning(
      `said to have a guest agent, and none answers: ${listed(mute)}`,
      'Take an image with the agent (Talos: a schematic with siderolabs/qemu-guest-agent), or set `agent = false` in the inputs of the layer.',
    );
  const on = each.filter(({ agent }) => agent === 'answers').length;
  return ok(
    on === 0
      ? 'no VM of the castle is said to have a guest agent'
      : `the guest agent answers on ${on} of ${each.length} VMs`,
  );
}

async function stateOf(api: ProxmoxApi, { node, vmid }: Listed): Promise<AgentState> {
  const below = `/nodes/${encodeURIComponent(node)}/qemu/${vmid}`;
  const { agent } = await api.read({ route: `${below}/config`, to: `read VM ${vmid}` }, config);
  if (agent === undefined || !/^(?:1|.*\benabled=1)/.test(agent)) return 'off';
  const route = { route: `${below}/agent/network-get-interfaces`, to: `ask the agent of VM ${vmid}` };
  // Its answer is what the provider waits for. What it says is of no use here.
  const answer = await api.find(route, z.looseObject({}), silent);
  return answer === undefined ? 'silent' : 'answers';
}
