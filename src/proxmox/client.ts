import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import type { ProxmoxSettings } from '../castle/proxmox.ts';
import { fetchBy } from '../identity/way.ts';
import { mayPass, proxmoxError, strangeAnswer } from './errors.ts';
import { type Received, type Sending, send } from './wire.ts';

/** What a test must hold still. Everything but the way out has a default that is the real thing. */
export interface ProxmoxWire {
  readonly env: NodeJS.ProcessEnv;
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
  readonly random?: () => number;
  /** How long one request may take, and how long one that only reads is asked again. */
  readonly attemptMs?: number;
  readonly budgetMs?: number;
}

/** What is asked: the route below /api2/json, and what for, as in `read VM 421`. */
export interface Route {
  readonly route: string;
  readonly to: string;
  readonly parameters?: Readonly<Record<string, string | number>>;
}

export interface ProxmoxApi {
  readonly endpoint: string;
  /** Reads; tried again while what is in the way may pass. */
  read<T>(route: Route, schema: z.ZodType<T>): Promise<T>;
  /** As `read`; undefined where Proxmox refuses in the words `none`. */
  find<T>(route: Route, schema: z.ZodType<T>, none: RegExp): Promise<T | undefined>;
  /**
   * Changes something, asked once: whoever wants to ask again must look first whether it is still the same machine. An
   * error that may pass is told as such by `isPassing`.
   */
  change<T>(method: 'POST' | 'DELETE', route: Route, schema: z.ZodType<T>): Promise<T>;
  /** Waits; ends early, with its reason, where the wire is aborted. */
  sleep(ms: number): Promise<void>;
  now(): number;
  random(): number;
}

const usualAttemptMs = 15_000;
const usualBudgetMs = 30_000;
const firstPauseMs = 500;
const longestPauseMs = 8_000;

/** The API of Proxmox VE with an API token. The token stands in one header and nowhere else. Every error is a PHX-PROXMOX-…. */
export function connectProxmox(
  { endpoint, tokenId, caFile }: Pick<ProxmoxSettings, 'endpoint' | 'tokenId' | 'caFile'>,
  secret: string,
  wire: ProxmoxWire,
): ProxmoxApi {
  const {
    signal,
    now = () => performance.now(),
    random = Math.random,
    attemptMs = usualAttemptMs,
    budgetMs = usualBudgetMs,
    sleep = (ms: number, abort: AbortSignal) => delay(ms, undefined, { signal: abort }),
  } = wire;
  const fetch = fetchBy({ env: wire.env, caFile, fetch: wire.fetch });
  const authorization = `PVEAPIToken=${tokenId}=${secret.trim()}`;

  const once = (method: Sending['method'], { route, parameters = {} }: Route) =>
    send(
      { method, url: `${endpoint}/api2/json${route}`, parameters, authorization },
      fetch,
      attemptMs,
      signal,
    );

  async function patiently(route: Route): Promise<Received> {
    const end = now() + budgetMs;
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
      const received = await once('GET', route);
      if (received.kind === 'data' || received.kind === 'foreign' || !mayPass(received)) return received;
      const ms = pause * (0.5 + random() / 2);
      if (now() + ms > end) return received;
      await sleep(ms, signal);
    }
  }

  function judge<T>(received: Received, { to }: Route, schema: z.ZodType<T>): T {
    const asked = { endpoint, tokenId, to };
    if (received.kind === 'foreign') throw strangeAnswer(asked, received.looks);
    if (received.kind !== 'data') throw proxmoxError(received, asked);
    const parsed = schema.safeParse(received.data);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw strangeAnswer(
      asked,
      `\`${['data', ...(issue?.path ?? [])].map(String).join('.')}\` is not as expected`,
    );
  }

  return {
    endpoint,
    read: async (route, schema) => judge(await patiently(route), route, schema),
    async find(route, schema, none) {
      const received = await patiently(route);
      const absent = received.kind === 'refused' && none.test(received.words);
      return absent ? undefined : judge(received, route, schema);
    },
    change: async (method, route, schema) => judge(await once(method, route), route, schema),
    sleep: (ms) => sleep(ms, signal),
    now,
    random,
  };
}
