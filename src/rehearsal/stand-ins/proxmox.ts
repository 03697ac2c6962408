import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { proxmoxConfig } from './proxmox-config.ts';
import { isDisk } from './proxmox-disks.ts';
import { planProxmoxFaults } from './proxmox-faults.ts';
import { powerRoutes } from './proxmox-power-routes.ts';
import { ProxmoxRefusal } from './proxmox-refusal.ts';
import { exactly, type RouteTable, type Server } from './proxmox-server.ts';
import { storageRoutes } from './proxmox-storage-routes.ts';
import { createTasks, type TaskRecord } from './proxmox-tasks.ts';
import { vmRoutes } from './proxmox-vm-routes.ts';
import { createWorld } from './proxmox-world.ts';
import { type Call, type RequestRecord, type StandIn, sendJson, serve } from './server.ts';

export interface ProxmoxStandIn extends StandIn {
  /** What is there now, for whoever looks whether a castle left anything. */
  readonly machines: readonly ShownMachine[];
  readonly volumes: readonly string[];
  readonly tasks: readonly TaskRecord[];
  /** Resolves when no task runs any more: who deletes an image does not wait for its task. */
  settled(): Promise<void>;
}

export interface ShownMachine {
  readonly vmid: number;
  readonly status: 'running' | 'stopped';
  readonly config: Readonly<Record<string, string>>;
}

const routes: RouteTable = [
  [
    'GET',
    exactly('/version'),
    ({ config }) => ({ version: config.version, release: config.version.slice(0, 3), repoid: '0' }),
  ],
  ['GET', exactly('/nodes'), listNodes],
  ['GET', exactly('/cluster/nextid'), nextId],
  ['GET', exactly('/cluster/resources'), resources],
  [
    'GET',
    exactly('/nodes/([^/]+)/tasks'),
    ({ tasks }, { parameters }) => tasks.ended(parameters.get('typefilter'), parameters.get('vmid')),
  ],
  [
    'GET',
    exactly('/nodes/([^/]+)/tasks/([^/]+)/status'),
    ({ tasks }, { parts: [, upid = ''] }) => tasks.status(upid),
  ],
  [
    'GET',
    exactly('/nodes/([^/]+)/tasks/([^/]+)/log'),
    ({ tasks }, { parts: [, upid = ''] }) => tasks.log(upid),
  ],
  ...vmRoutes,
  ...powerRoutes,
  ...storageRoutes,
];

/**
 * The API of one Proxmox node, as far as the bpg provider (v0.80) and Phoenix call it: token, VMs, power, agent, storages
 * and tasks, over HTTPS where it is given a certificate, for the provider takes nothing else. Nothing runs in it.
 */
export async function startProxmox(
  given: z.input<typeof proxmoxConfig>,
  options: {
    readonly tls?: { readonly certificate: string; readonly key: string };
    readonly now?: () => number;
    readonly onRequest?: (record: RequestRecord) => void;
  } = {},
): Promise<ProxmoxStandIn> {
  const config = proxmoxConfig.parse(given);
  const now = options.now ?? Date.now;
  const faults = planProxmoxFaults(config.faults);
  const world = createWorld(config.storages, config.node);
  for (const { vmid, status, config: shown, lock, ...rest } of config.machines) {
    const made = { vmid, status, config: new Map(Object.entries(shown)), startedAt: now(), ...rest };
    world.machines.set(vmid, lock === undefined ? made : { ...made, lock });
    for (const [key, value] of Object.entries(shown)) {
      const [volid = '', ...options] = value.split(',');
      const size =
        Number(options.find((option) => /^size=\d+G$/.test(option))?.slice(5, -1) ?? 1) * 1024 ** 3;
      if (isDisk(key) && volid.includes(':'))
        world.volumes.set(volid, { volid, content: 'images', size, vmid });
    }
  }
  const tasks = createTasks({
    node: config.node,
    user: config.token.split('=')[0] ?? '',
    now,
    durationMs: () => config.taskMs + (faults.strikes('slow') ? 30_000 : 0),
  });
  const server: Server = { config, world, tasks, faults, now };
  const standIn = await serve({
    onRequest: options.onRequest,
    tls: options.tls,
    handle: (call) => answer(server, call),
  });
  return Object.defineProperties(standIn as ProxmoxStandIn, {
    machines: {
      get: () =>
        [...world.machines.values()].map(({ vmid, status, config: shown }) => ({
          ...{ vmid, status, config: Object.fromEntries(shown) },
        })),
    },
    volumes: { get: () => [...world.volumes.keys()] },
    tasks: { get: () => tasks.records },
    settled: {
      value: async () => {
        const deadline = Date.now() + 60_000;
        for (;;) {
          tasks.settle();
          if (tasks.records.every(({ exit }) => exit !== undefined)) return;
          if (Date.now() > deadline) throw new Error('a task still runs after 60 s');
          await sleep(20);
        }
      },
    },
  });
}

async function answer(server: Server, call: Call): Promise<void> {
  const { request, response, url } = call;
  try {
    server.tasks.settle();
    assertToken(server, call);
    const path = url.pathname.replace(/^\/api2\/json/, '');
    if (path !== '/version') strike(server, call);
    for (const [method, pattern, route] of routes) {
      const match = method === request.method ? pattern.exec(path) : null;
      if (match === null) continue;
      const parts = match.slice(1).map((part) => decodeURIComponent(part));
      if (path.startsWith('/nodes/')) assertNode(server, parts, path);
      const body = new URLSearchParams(await text(request));
      const parameters = new Map([...url.searchParams, ...body]);
      sendJson(call, 200, { data: route(server, { parts, parameters, note: call.note }) });
      return;
    }
    throw new ProxmoxRefusal(501, `Method '${request.method} ${path}' not implemented`);
  } catch (error) {
    if (!(error instanceof ProxmoxRefusal)) throw error;
    call.note(`${error.message}${error.errors === undefined ? '' : ` ${JSON.stringify(error.errors)}`}`);
    response.statusMessage = error.message;
    sendJson(call, error.status, {
      data: null,
      ...(error.errors === undefined ? {} : { errors: error.errors }),
    });
  }
}

function assertToken({ config, faults }: Server, { request }: Call): void {
  const header = request.headers.authorization ?? '';
  if (header === '') throw new ProxmoxRefusal(401, 'No ticket');
  if (header !== `PVEAPIToken=${config.token}` || faults.strikes('401'))
    throw new ProxmoxRefusal(401, 'invalid token value!');
}

function strike({ faults, config }: Server, call: Call): void {
  if (faults.strikes('500')) throw new ProxmoxRefusal(500, 'Internal Server Error');
  if (!faults.strikes('595')) return;
  call.note('fault 595');
  throw new ProxmoxRefusal(
    595,
    `Errors during connection establishment, proxy handshake: no route to ${config.node}`,
  );
}

/** What is on another node goes there, and finds no VM that is not there. */
function assertNode({ config, world }: Server, [node = '', vmid]: readonly string[], path: string): void {
  const other = config.others.find(({ name }) => name === node);
  if (node !== config.node && other === undefined)
    throw new ProxmoxRefusal(500, `hostname lookup '${node}' failed - failed to get address info`);
  if (other?.online === false)
    throw new ProxmoxRefusal(
      595,
      `Errors during connection establishment, proxy handshake: no route to ${node}`,
    );
  const machine = /^\/nodes\/[^/]+\/qemu\/\d+/.test(path) ? world.machines.get(Number(vmid)) : undefined;
  if (machine === undefined) return;
  if ((machine.node ?? config.node) !== node || machine.kind === 'lxc')
    throw new ProxmoxRefusal(
      500,
      `Configuration file 'nodes/${node}/qemu-server/${vmid}.conf' does not exist`,
    );
  if (machine.hidden === true)
    throw new ProxmoxRefusal(403, `Permission check failed (/vms/${vmid}, VM.Audit)`);
}

function listNodes({ config: { node, others } }: Server): unknown {
  return [{ name: node, online: true }, ...others].map(({ name, online }) => ({
    ...{ node: name, id: `node/${name}`, type: 'node', status: online ? 'online' : 'offline' },
  }));
}

function nextId(
  { world }: Server,
  { parameters }: { readonly parameters: ReadonlyMap<string, string> },
): string {
  const wanted = parameters.get('vmid');
  if (wanted === undefined) return String(world.nextId());
  if (world.machines.has(Number(wanted)))
    throw new ProxmoxRefusal(400, 'Parameter verification failed.', { vmid: `VM ${wanted} already exists` });
  return wanted;
}

/** A node that is offline broadcasts no name and no status any more. */
function resources({ world, config: { node, others } }: Server): unknown {
  const offline = new Set(others.filter(({ online }) => !online).map(({ name }) => name));
  return [...world.machines.values()]
    .filter(({ hidden }) => hidden !== true)
    .map(({ vmid, status, config, node: own = node, kind = 'qemu' }) => ({
      ...{ type: kind, id: `${kind}/${vmid}`, vmid, node: own, tags: config.get('tags') ?? '' },
      ...(offline.has(own)
        ? { status: 'unknown' }
        : { status, name: config.get('name') ?? '', template: config.has('template') ? 1 : 0 }),
    }));
}
