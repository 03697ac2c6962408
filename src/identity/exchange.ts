import { setTimeout as delay } from 'node:timers/promises';
import { PhoenixError } from '../errors.ts';
import { ProxyFault } from './proxy.ts';

/** What a test must hold still. Everything has a default that is the real thing. */
export interface Wire {
  readonly fetch?: typeof globalThis.fetch;
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly now?: () => number;
  readonly random?: () => number;
  readonly signal?: AbortSignal;
}

/** How long one attempt may take, how many there are, and when all of it, waiting included, must be over. */
export interface Patience {
  readonly attemptMs: number;
  readonly budgetMs: number;
  readonly attempts: number;
}

const patient: Patience = { attemptMs: 15_000, budgetMs: 60_000, attempts: 6 };

export interface Ask {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

/** How an exchange ended. Nothing in it but `body` was written by the other side, so all the rest may be printed. */
export type Outcome =
  | {
      readonly kind: 'json';
      readonly status: number;
      readonly body: unknown;
      readonly date: Date | undefined;
      /** Seconds that the server asked to wait. */
      readonly retryAfter: number | undefined;
    }
  | { readonly kind: 'foreign'; readonly status: number; readonly looks: string }
  | { readonly kind: 'unreachable'; readonly reason: 'timeout' | 'tls' | 'network'; readonly code: string }
  /** `proxy`: its host and port; `code`: the status that it answered, or the system's word for why it did not. */
  | {
      readonly kind: 'unreachable';
      readonly reason: 'proxy';
      readonly code: string;
      readonly proxy: string;
    };

/** 412 is HashiCorp Vault's, from a node that has not yet what another one wrote. */
const passing = new Set([408, 412, 429, 500, 502, 503, 504]);
const largestBody = 16 * 1024 * 1024;
const certificateErrors =
  /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|EPROTO|HOSTNAME_MISMATCH)/;

/**
 * One request and its answer. 408, 412, 429, 5xx, timeouts and network failures are tried again, after the time the server
 * asked for or with exponential backoff and jitter, until the budget is spent; the last outcome is then the answer.
 * Redirects are not followed: what is sent here is a credential, and it goes to no address but the one configured.
 * Throws only the reason of an aborted `wire.signal`, and a PhoenixError of the fetch that it was given.
 */
export async function exchange(ask: Ask, wire: Wire, patience: Patience = patient): Promise<Outcome> {
  const { now = Date.now, random = Math.random, sleep = wait } = wire;
  const end = now() + patience.budgetMs;
  for (let attempt = 1; ; attempt += 1) {
    wire.signal?.throwIfAborted();
    const outcome = await attemptOnce(ask, wire, patience.attemptMs);
    wire.signal?.throwIfAborted();
    const wanted = (outcome.kind === 'json' && outcome.retryAfter) || 0;
    const pause = Math.max(wanted * 1000, Math.min(8000, 500 * 2 ** (attempt - 1)) * (0.5 + random() / 2));
    if (!mayPass(outcome) || attempt >= patience.attempts || now() + pause > end) return outcome;
    await sleep(pause, wire.signal);
  }
}

function mayPass(outcome: Outcome): boolean {
  if (outcome.kind !== 'unreachable') return passing.has(outcome.status);
  return outcome.reason === 'proxy' ? !/^4/.test(outcome.code) : outcome.reason !== 'tls';
}

async function attemptOnce(ask: Ask, wire: Wire, attemptMs: number): Promise<Outcome> {
  const { fetch = globalThis.fetch } = wire;
  const deadline = AbortSignal.timeout(attemptMs);
  try {
    const response = await fetch(ask.url, {
      method: ask.method,
      redirect: 'manual',
      signal: wire.signal ? AbortSignal.any([deadline, wire.signal]) : deadline,
      headers: {
        accept: 'application/json',
        ...(ask.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...ask.headers,
      },
      ...(ask.json === undefined ? {} : { body: JSON.stringify(ask.json) }),
    });
    return await read(response);
  } catch (error) {
    if (deadline.aborted) return { kind: 'unreachable', reason: 'timeout', code: `${attemptMs / 1000} s` };
    if (error instanceof PhoenixError) throw error;
    if (error instanceof ProxyFault) {
      return { kind: 'unreachable', reason: 'proxy', code: error.how, proxy: error.proxy };
    }
    const code = codeOf(error);
    return { kind: 'unreachable', reason: certificateErrors.test(code) ? 'tls' : 'network', code };
  }
}

async function read(response: Response): Promise<Outcome> {
  const { status, headers } = response;
  const foreign = (looks: string): Outcome => ({ kind: 'foreign', status, looks });
  if (status >= 300 && status < 400) {
    await response.body?.cancel();
    return foreign('a redirect');
  }
  const text = await textUpTo(response, largestBody);
  if (text === undefined) return foreign(`more than ${largestBody / 1024 / 1024} MiB`);
  try {
    const body: unknown = JSON.parse(text);
    return { kind: 'json', status, body, date: dateOf(headers), retryAfter: retryAfterOf(headers) };
  } catch {
    if (/^\s*</.test(text)) return foreign('a web page');
    return foreign(text === '' ? 'nothing' : 'text that is not JSON, or JSON cut short');
  }
}

async function textUpTo(response: Response, limit: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function dateOf(headers: Headers): Date | undefined {
  const time = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(time) ? undefined : new Date(time);
}

function retryAfterOf(headers: Headers): number | undefined {
  const text = headers.get('retry-after') ?? '';
  return /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

/** The system's or OpenSSL's name for the failure; undici puts it in the cause. Any other text is not passed on. */
function codeOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = (at as NodeJS.ErrnoException).code;
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code;
  }
  return 'no reason given';
}

async function wait(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
