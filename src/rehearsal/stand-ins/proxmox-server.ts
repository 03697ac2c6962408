import type { ProxmoxConfig } from './proxmox-config.ts';
import type { ProxmoxFaults } from './proxmox-faults.ts';
import { ProxmoxRefusal } from './proxmox-refusal.ts';
import type { Tasks } from './proxmox-tasks.ts';
import type { World } from './proxmox-world.ts';

/** What every route works on. */
export interface Server {
  readonly config: ProxmoxConfig;
  readonly world: World;
  readonly tasks: Tasks;
  readonly faults: ProxmoxFaults;
  readonly now: () => number;
}

/** A request: what stands in its path, and its parameters, from query and body alike, as Proxmox takes them. */
export interface Asked {
  readonly parts: readonly string[];
  readonly parameters: ReadonlyMap<string, string>;
  note(text: string): void;
}

/** Gives what stands in `data` of the answer. */
export type Route = (server: Server, asked: Asked) => unknown;

/** Method, path below /api2/json (each group one of `parts`), route. */
export type RouteTable = readonly (readonly [string, RegExp, Route])[];

export const exactly = (path: string) => new RegExp(`^${path}/?$`);

/** In the words of PVE::RPCEnvironment. */
export function assertPrivilege(
  { config: { lacks } }: Server,
  vmid: number,
  privilege: ProxmoxConfig['lacks'][number],
): void {
  if (lacks.includes(privilege))
    throw new ProxmoxRefusal(403, `Permission check failed (/vms/${vmid}, ${privilege})`);
}
