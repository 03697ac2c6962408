import type { FaultPlan } from './faults.ts';
import type { ClientSecrets } from './infisical-client-secrets.ts';
import type { Identity, InfisicalConfig } from './infisical-config.ts';
import type { Tokens } from './infisical-tokens.ts';
import { bearerOf, type Call } from './server.ts';

/** What a route works with. */
export interface Server {
  readonly config: InfisicalConfig;
  readonly faults: FaultPlan<'infisical'>;
  readonly tokens: Tokens;
  readonly clientSecrets: ClientSecrets;
  readonly now: () => number;
}

export interface Asked {
  readonly call: Call;
  /** The parts of the path that the route names. */
  readonly id: string;
  readonly second: string;
}

export type Route = (server: Server, asked: Asked) => Promise<unknown>;

export type RouteTable = readonly (readonly [method: 'GET' | 'POST', path: RegExp, route: Route])[];

/** A path, its groups being the parts that are named. */
export function exactly(path: string): RegExp {
  return new RegExp(`^${path}/?$`);
}

/** The identity that asks, by its access token. */
export function callerOf({ tokens }: Server, { call }: Asked): Promise<Identity> {
  return tokens.identify(bearerOf(call));
}
