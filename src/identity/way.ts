import { readFile } from 'node:fs/promises';
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { connect, getCACertificates, type TLSSocket } from 'node:tls';
import { PhoenixError } from '../errors.ts';
import { ProxyFault, proxyFor } from './proxy.ts';

export interface Way {
  readonly env: NodeJS.ProcessEnv;
  /** PEM, beside the authorities that Node trusts anyway (NODE_EXTRA_CA_CERTS among them). */
  readonly caFile?: string | undefined;
  /** For what needs neither a proxy nor a CA of its own. */
  readonly fetch: typeof globalThis.fetch;
}

/**
 * A fetch for the servers that tokens are sent to: through the proxy of the environment (Node's own knows one only when
 * it is told so at its start, and not in every version that a runner brings), and trusting a CA of the user's. A proxy
 * sees nothing but the host's name: what goes through it is TLS to the end. Throws ProxyFault for what is its fault.
 */
export function fetchBy({ env, caFile, fetch }: Way): typeof globalThis.fetch {
  return async (input, init = {}) => {
    const target = new URL(input instanceof Request ? input.url : input);
    const proxy = proxyFor(target, env);
    if (target.protocol !== 'https:' || (proxy === undefined && caFile === undefined)) {
      return fetch(input, init);
    }
    const ca = caFile === undefined ? {} : { ca: await authorities(caFile) };
    const signal = init.signal ?? undefined;
    const tunnel = proxy && (await tunnelTo(target, proxy, signal));
    const socket = await secured(target, tunnel, ca, signal);
    try {
      return await ask(target, socket, init, signal);
    } catch (error) {
      socket.destroy();
      throw error;
    }
  };
}

async function authorities(caFile: string): Promise<string[]> {
  const pem = await readFile(caFile, 'utf8').catch((cause: unknown) => {
    throw badAuthority(
      caFile,
      `It could not be read (${(cause as NodeJS.ErrnoException).code ?? 'no reason given'}).`,
      cause,
    );
  });
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw badAuthority(caFile, 'It holds no certificate.');
  return [...getCACertificates('default'), pem];
}

function badAuthority(caFile: string, why: string, cause?: unknown): PhoenixError {
  return new PhoenixError({
    code: 'PHX-IDENTITY-CA',
    class: 'identity',
    what: `The CA file ${caFile} cannot be used.`,
    why,
    next: 'Let `ca-file` in the castle file name a PEM file: one or more blocks that begin with `-----BEGIN CERTIFICATE-----`.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** RFC 9110, CONNECT. The proxy's answer is read for its status alone. */
function tunnelTo(target: URL, proxy: URL, signal: AbortSignal | undefined): Promise<Socket> {
  const shown = `${proxy.hostname}:${proxy.port || (proxy.protocol === 'https:' ? 443 : 80)}`;
  const authority = `${target.hostname}:${target.port || 443}`;
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const login = proxy.username === '' ? undefined : `${decoded(proxy.username)}:${decoded(proxy.password)}`;
  const send = proxy.protocol === 'https:' ? secureRequest : plainRequest;
  const request = send({
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
    method: 'CONNECT',
    path: authority,
    agent: false,
    headers: {
      host: authority,
      ...(login === undefined
        ? {}
        : { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` }),
    },
    ...(signal === undefined ? {} : { signal }),
  });
  request.once('connect', ({ statusCode = 0 }, socket) => {
    if (statusCode >= 200 && statusCode < 300) return resolve(socket);
    socket.destroy();
    return reject(new ProxyFault(shown, String(statusCode)));
  });
  // A server that is no proxy answers CONNECT like any other request.
  request.once('response', (response) => {
    response.destroy();
    reject(new ProxyFault(shown, String(response.statusCode ?? 0)));
  });
  request.once('error', (error: NodeJS.ErrnoException) =>
    reject(signal?.aborted ? error : new ProxyFault(shown, error.code ?? 'no reason given')),
  );
  request.end();
  return promise;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function secured(
  target: URL,
  tunnel: Socket | undefined,
  ca: { readonly ca?: string[] },
  signal: AbortSignal | undefined,
): Promise<TLSSocket> {
  signal?.throwIfAborted();
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const to = tunnel === undefined ? { host, port: Number(target.port || 443) } : { socket: tunnel, host };
  const socket = connect({ ...to, ...ca, ...(/[a-z]/i.test(host) ? { servername: host } : {}) });
  const abort = () => socket.destroy(signal?.reason as Error);
  signal?.addEventListener('abort', abort, { once: true });
  const done = (settle: () => void) => {
    signal?.removeEventListener('abort', abort);
    settle();
  };
  socket.once('secureConnect', () => done(() => resolve(socket)));
  socket.once('error', (error) => done(() => reject(error)));
  socket.once('close', () => done(() => reject(closed())));
  return promise;
}

function closed(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
}

function ask(
  target: URL,
  socket: TLSSocket,
  init: RequestInit,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const body = typeof init.body === 'string' ? init.body : undefined;
  const request = secureRequest(target, {
    method: init.method ?? 'GET',
    headers: {
      ...Object.fromEntries(new Headers(init.headers)),
      connection: 'close',
      ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
    },
    createConnection: () => socket,
    ...(signal === undefined ? {} : { signal }),
  });
  request.once('error', reject);
  request.once('response', (response) => {
    const { statusCode = 0 } = response;
    const headers = new Headers();
    for (const [name, value] of Object.entries(response.headers)) {
      if (value !== undefined) headers.set(name, [value].flat().join(', '));
    }
    const bare = [101, 204, 205, 304].includes(statusCode);
    if (bare) response.resume();
    const stream = bare ? null : (Readable.toWeb(response) as ReadableStream<Uint8Array>);
    try {
      const statusText = (response.statusMessage ?? '').replace(/[^\t\x20-\x7e]/g, '?');
      resolve(new Response(stream, { status: statusCode, statusText, headers }));
    } catch (error) {
      response.destroy();
      reject(error);
    }
  });
  request.end(body);
  return promise;
}
