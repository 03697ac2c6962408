import { PhoenixError } from '../errors.ts';
import { ProxyFault } from '../identity/proxy.ts';
import { parseJson } from '../json.ts';

export interface Sending {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** The whole address of the route. */
  readonly url: string;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly authorization: string;
}

/** The `data` of an answer, not yet looked at. */
interface Answered {
  readonly kind: 'data';
  readonly data: unknown;
}

/** Proxmox said no. `words` is what stands in its status line: that is where its own clients read the reason. */
export interface Refused {
  readonly kind: 'refused';
  readonly status: number;
  readonly words: string;
}

export interface NoAnswer {
  readonly kind: 'none';
  readonly reason: 'timeout' | 'tls' | 'network' | 'proxy';
  /** The system's word for it, or how long was waited. */
  readonly code: string;
}

export type Received = Answered | Refused | NoAnswer | { readonly kind: 'foreign'; readonly looks: string };

const largestAnswer = 32 * 1024 * 1024;
const certificateErrors =
  /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|EPROTO|HOSTNAME_MISMATCH)/;

/**
 * One request and its answer; no redirect is followed, for what is sent is a credential. Throws only `signal`'s reason, and
 * a PhoenixError of the fetch that it was given (a CA file that cannot be used).
 */
export async function send(
  { method, url, parameters, authorization }: Sending,
  fetch: typeof globalThis.fetch,
  attemptMs: number,
  signal: AbortSignal,
): Promise<Received> {
  signal.throwIfAborted();
  const deadline = AbortSignal.timeout(attemptMs);
  const form = new URLSearchParams(
    Object.entries(parameters).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  // A DELETE has its parameters in the address, as Proxmox' own client sends them.
  const inAddress = method !== 'POST' && form !== '';
  try {
    const response = await fetch(inAddress ? `${url}?${form}` : url, {
      method,
      redirect: 'manual',
      signal: AbortSignal.any([deadline, signal]),
      headers: {
        accept: 'application/json',
        authorization,
        ...(method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(method === 'POST' ? { body: form } : {}),
    });
    return await receive(response);
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) return { kind: 'none', reason: 'timeout', code: `${attemptMs / 1000} s` };
    if (error instanceof PhoenixError) throw error;
    if (error instanceof ProxyFault) return { kind: 'none', reason: 'proxy', code: error.how };
    const code = codeOf(error);
    return { kind: 'none', reason: certificateErrors.test(code) ? 'tls' : 'network', code };
  }
}

async function receive(response: Response): Promise<Received> {
  const { status, statusText } = response;
  const text = await textUpTo(response, largestAnswer);
  if (text === undefined) return { kind: 'foreign', looks: 'it is larger than any answer of it' };
  const body = parseJson(text);
  const isObject = typeof body === 'object' && body !== null;
  // Of a refusal that stands before the API itself (401, 595) the body is empty, or no JSON.
  if (status >= 400) return { kind: 'refused', status, words: wordsOf(statusText, isObject ? body : {}) };
  if (status >= 300) return { kind: 'foreign', looks: `it redirects (${status})` };
  if (!isObject || !('data' in body))
    return {
      kind: 'foreign',
      looks: /^\s*</.test(text) ? 'it sent a web page' : 'it sent no JSON with `data`',
    };
  return { kind: 'data', data: body.data };
}

/** Status line, and the parameters that were refused (400). */
function wordsOf(statusText: string, body: object): string {
  const errors =
    'errors' in body && typeof body.errors === 'object' && body.errors !== null ? body.errors : {};
  const each = Object.entries(errors).map(([name, words]) => `${name}: ${String(words)}`);
  return [statusText.trim(), ...each].filter((part) => part !== '').join(' ');
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

/** The system's or OpenSSL's name for the failure; undici puts it in the cause. */
function codeOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = (at as NodeJS.ErrnoException).code;
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code;
  }
  return 'no reason given';
}
