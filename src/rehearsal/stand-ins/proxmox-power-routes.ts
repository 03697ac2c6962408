import { ProxmoxRefusal } from './proxmox-refusal.ts';
import { type Asked, assertPrivilege, exactly, type RouteTable, type Server } from './proxmox-server.ts';
import type { Machine } from './proxmox-world.ts';

const vm = '/nodes/([^/]+)/qemu/(\\d+)';

/** A VM's power, and what its guest agent says. */
export const powerRoutes: RouteTable = [
  ['GET', exactly(`${vm}/status/current`), status],
  ['POST', exactly(`${vm}/status/(start|stop|shutdown|reboot)`), power],
  ['GET', exactly(`${vm}/agent/network-get-interfaces`), interfaces],
];

const idOf = ({ parts: [, vmid] }: Asked) => Number(vmid);

function status({ world, now }: Server, asked: Asked): unknown {
  const { vmid, status: power, lock, config, startedAt, ha = false } = world.machine(idOf(asked));
  return {
    ...{
      vmid,
      status: power,
      qmpstatus: power,
      name: config.get('name') ?? '',
      tags: config.get('tags') ?? '',
    },
    ...{
      cpus: 1,
      maxmem: 1,
      uptime: power === 'running' ? Math.floor((now() - startedAt) / 1000) : 0,
      ha: { managed: ha ? 1 : 0 },
    },
    ...(config.get('agent')?.startsWith('enabled=1') || config.get('agent')?.startsWith('1')
      ? { agent: 1 }
      : {}),
    ...(lock === undefined ? {} : { lock }),
  };
}

function power(server: Server, asked: Asked): unknown {
  const { world, tasks, faults, now } = server;
  assertPrivilege(server, idOf(asked), 'VM.PowerMgmt');
  const machine = world.unlocked(idOf(asked));
  const action = asked.parts[2] ?? '';
  if (faults.strikes('no-worker')) throw new ProxmoxRefusal(500, 'got no worker upid - start worker failed');
  if (action === 'start' && machine.status === 'running')
    throw new ProxmoxRefusal(500, `VM ${machine.vmid} already running`);
  return tasks.start(`qm${action}`, `${machine.vmid}`, () => {
    if (action === 'stop' || action === 'shutdown') {
      if (!faults.strikes('stop-ignored')) machine.status = 'stopped';
      return;
    }
    if (faults.strikes('start-fails'))
      throw new Error(
        'start failed: QEMU exited with code 1: cannot set up guest memory: Cannot allocate memory',
      );
    assertSnippets(server, machine);
    machine.status = faults.strikes('starts-stopped') ? 'stopped' : 'running';
    machine.startedAt = now();
  });
}

/** The drive of cloud-init is made at the start, from snippets that must be there then. */
function assertSnippets({ world }: Server, { config }: Machine): void {
  for (const part of (config.get('cicustom') ?? '').split(',')) {
    const volume = part.split('=')[1];
    if (volume !== undefined && !world.volumes.has(volume))
      throw new Error(`volume '${volume}' does not exist`);
  }
}

function interfaces({ world, faults, now, config }: Server, asked: Asked): unknown {
  const { vmid, config: options, status: power, startedAt } = world.machine(idOf(asked));
  if (!/^(?:enabled=)?1/.test(options.get('agent') ?? ''))
    throw new ProxmoxRefusal(500, 'No QEMU guest agent configured');
  if (power !== 'running') throw new ProxmoxRefusal(500, `VM ${vmid} is not running`);
  if (now() < startedAt + config.agentMs || faults.strikes('agent-absent'))
    throw new ProxmoxRefusal(500, 'QEMU guest agent is not running');
  const [, address = '', prefix = ''] = /ip=([\d.]+)\/(\d+)/.exec(options.get('ipconfig0') ?? '') ?? [];
  const mac = /=((?:[0-9a-f]{2}:){5}[0-9a-f]{2})/i.exec(options.get('net0') ?? '')?.[1] ?? '';
  const ip = (text: string, bits: number) => ({
    'ip-address': text,
    'ip-address-type': 'ipv4',
    prefix: bits,
  });
  return {
    result: [
      { name: 'lo', 'hardware-address': '00:00:00:00:00:00', 'ip-addresses': [ip('127.0.0.1', 8)] },
      {
        ...{ name: 'eth0', 'hardware-address': mac.toLowerCase() },
        'ip-addresses': address === '' ? [] : [ip(address, Number(prefix))],
      },
    ],
  };
}
