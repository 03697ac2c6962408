import { connect } from 'node:net';
import { firstOf } from '../../gitops/addresses.ts';
import { listGuests } from '../../proxmox/machines.ts';
import { type Check, type Finding, failed, listed, ofCastle, ok, skipped, warning } from '../check.ts';
import { hypervisorOf } from './hypervisor.ts';
import { machinesOf, type PlannedMachine, platformOf } from './inputs.ts';
import { isOwn } from './machines.ts';

/** What a machine on a home network answers on, by an accept or a refusal: Talos, Kubernetes, SSH, web. */
const ports = [50_000, 6_443, 22, 80, 443];
const withinMs = 1_500;
/** A pool may be a whole network. */
const mostOfPools = 32;

export const addresses: Check = {
  id: 'proxmox.addresses',
  why: 'Two machines with one address answer in turn: the API server, etcd and every probe fail now and then, and nothing says why.',
  look: ofCastle(async (castle, _, subject) => {
    const platform = await platformOf(castle, subject);
    if ('status' in platform) return platform;
    const planned = machinesOf(platform);
    if ('status' in planned) return planned;
    const api = hypervisorOf(castle, subject);
    const guests = 'status' in api ? undefined : await listGuests(api);
    const marks = { castle: castle.name, tag: castle.destroy?.tag };
    const stands = (machine: PlannedMachine) =>
      guests?.some(
        (guest) => guest.vmid === machine.vmid && guest.status === 'running' && isOwn(machine, guest, marks),
      );
    const anyStands = guests === undefined ? undefined : planned.some((machine) => stands(machine) === true);
    const { vip } = platform.inputs;
    const pools = Object.entries(castle.gitops?.given.pools ?? {});
    const claims = [
      ...planned.map((machine) => ({ of: machine.key, address: machine.address, stands: stands(machine) })),
      ...(typeof vip === 'string' ? [{ of: 'the API server', address: vip, stands: anyStands }] : []),
      ...pools.flatMap(([pool, ranges]) =>
        firstOf(ranges, mostOfPools).map((address) => ({
          of: `the pool ${pool}`,
          address,
          stands: anyStands,
        })),
      ),
    ];
    const each = await Promise.all(
      claims.map(async (claim) => ({ ...claim, answers: await answers(claim.address, subject.signal) })),
    );
    return judgeAddresses(each);
  }),
};

/** Who is at an address that the castle claims: a machine's, the API server's, one of the load balancer's. */
export interface Seen {
  readonly of: string;
  readonly address: string;
  /** Whether the castle itself may be what answers; undefined where that cannot be asked. */
  readonly stands: boolean | undefined;
  readonly answers: boolean;
}

export function judgeAddresses(each: readonly Seen[]): Finding {
  const words = (some: readonly Seen[]) => listed(some.map(({ of, address }) => `${address} (for ${of})`));
  const taken = each.filter(({ answers, stands }) => answers && stands === false);
  const next = 'Find out whose it is (`ip neigh`, the DHCP leases), and give one of the two another address.';
  if (taken.length > 0) return failed(`somebody else answers at ${words(taken)}`, next);
  const open = each.filter(({ answers, stands }) => answers && stands === undefined);
  if (open.length > 0)
    return warning(
      `somebody answers at ${words(open)}, and whether that is the castle itself cannot be asked here`,
      next,
    );
  if (each.length === 0) return skipped('the castle has no machine');
  return ok(`nobody but the castle answers at ${listed(each.map(({ address }) => address))}`);
}

/** Whether a machine is there: it accepts or refuses on one of the ports. Silence may be a firewall too. */
async function answers(host: string, signal: AbortSignal): Promise<boolean> {
  const each = await Promise.all(ports.map((port) => knock(host, port, signal)));
  return each.some(Boolean);
}

function knock(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal, timeout: withinMs });
    const end = (there: boolean) => {
      socket.destroy();
      resolve(there);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED'));
  });
}
