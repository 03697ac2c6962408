import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../errors.ts';

/** One request as it may be shown: no query, no header, no body. */
export interface RequestRecord {
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** What the stand-in made of it, e.g. `upload-pack with the token` or the fault that struck. */
  readonly note: string;
}

export interface StandIn extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` (https where it has a certificate), without a closing slash. */
  readonly url: string;
  /** The latest requests, oldest first; at most a thousand, for a cluster polls for hours. */
  readonly requests: readonly RequestRecord[];
  close(): Promise<void>;
}

export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** Aborted when the stand-in closes or the caller goes away. */
  readonly signal: AbortSignal;
  note(text: string): void;
}

export interface Serving {
  readonly onRequest?: ((record: RequestRecord) => void) | undefined;
  readonly handle: (call: Call) => Promise<void>;
  /** PEM; the server speaks HTTPS where it is given. */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
}

const keptRequests = 1000;
const base = 'http://127.0.0.1';
const largestRequest = 1024 * 1024;

/** A real HTTP or HTTPS server on a free port of 127.0.0.1. A handler that throws gives 500 without a word of why. */
export async function serve({ handle, onRequest, tls }: Serving): Promise<StandIn> {
  const requests: RequestRecord[] = [];
  const closing = new AbortController();
  const listener: RequestListener = (request, response) => {
    const gone = new AbortController();
    const notes: string[] = [];
    const target = request.url ?? '/';
    const url = new URL(URL.canParse(target, base) ? target : '/', base);
    response.on('close', () => {
      gone.abort();
      const record: RequestRecord = {
        at: new Date().toISOString(),
        method: request.method ?? '',
        path: url.pathname,
        status: response.headersSent ? response.statusCode : 0,
        note: notes.join('; '),
      };
      requests.push(record);
      if (requests.length > keptRequests) requests.shift();
      onRequest?.(record);
    });
    const call: Call = {
      request,
      response,
      url,
      signal: AbortSignal.any([closing.signal, gone.signal]),
      note: (text) => notes.push(text),
    };
    handle(call).catch((error: unknown) => {
      if (call.signal.aborted) return response.destroy();
      call.note(`the stand-in failed: ${messageOf(error)}`);
      if (!response.headersSent) response.writeHead(500);
      return response.end();
    });
  };
  const server =
    tls === undefined
      ? createServer(listener)
      : createTlsServer({ cert: tls.certificate, key: tls.key }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    closing.abort();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
  const scheme = tls === undefined ? 'http' : 'https';
  return { url: `${scheme}://127.0.0.1:${port}`, requests, close, [Symbol.asyncDispose]: close };
}

export function sendJson(
  { response }: Call,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}

/** The body of a request as JSON or form, by its content type; undefined where it is neither. */
export async function readBody({ request }: Call): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > largestRequest) return undefined;
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The token of `Authorization: Bearer …`. */
export function bearerOf({ request }: Call): string | undefined {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** The faults that any server may have. `broken` tells which of them strike; true where the call is over with that. */
export async function breakCall(
  call: Call,
  strikes: (kind: 'slow' | 'drop' | 'html') => boolean,
): Promise<boolean> {
  if (strikes('slow')) {
    call.note('fault slow');
    await delay(30_000, undefined, { signal: call.signal });
  }
  if (strikes('drop')) {
    call.note('fault drop');
    call.response.destroy();
    return true;
  }
  if (strikes('html')) {
    call.note('fault html');
    call.response.writeHead(200, { 'content-type': 'text/html' });
    call.response.end('<!doctype html><title>Welcome</title><p>Sign in to use this network.');
    return true;
  }
  return false;
}
