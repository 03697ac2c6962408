import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** One request as the backend saw it. */
export interface Seen {
  readonly method: string;
  readonly name: string;
  readonly status: number;
}

/**
 * An HTTP state backend on loopback, as OpenTofu's `http` backend speaks to it (remote-state/http/client.go): GET, POST
 * (with `?ID=` of the lock) and DELETE of a state; LOCK and UNLOCK with a lock as their body; 423 with the lock that is
 * there; 409 where an ID does not match.
 */
export interface HttpBackend extends AsyncDisposable {
  /** The `backend "http"` block of the state `name`. */
  block(name: string): string;
  /** The lock that is held, as it was sent; undefined where none is. */
  lock(name: string): string | undefined;
  /** Plants a lock as somebody else's engine would have left it. */
  plant(name: string, lock: Readonly<Record<string, string>>): void;
  /** Every version of a state that was written whole, the oldest first. */
  versions(name: string): readonly string[];
  readonly seen: readonly Seen[];
  /** From now on these methods (`POST`, `LOCK` …) are answered, and count, only after `ms`. */
  delay(methods: readonly string[], ms: number): void;
  /** From now on these methods are answered with `status`; 200 mends them. */
  answer(methods: readonly string[], status: number): void;
  /** From now on a lock that is there is answered with `body` instead of itself; undefined mends it. */
  garble(body: string | undefined): void;
  /** From now on these methods get no answer at all. */
  hang(methods: readonly string[]): void;
}

export async function startHttpBackend(port = 0): Promise<HttpBackend> {
  const locks = new Map<string, string>();
  const states = new Map<string, string[]>();
  const seen: Seen[] = [];
  const delays = new Map<string, number>();
  let garbled: string | undefined;
  const failing = new Map<string, number>();
  const hanging = new Set<string>();

  async function answer(request: IncomingMessage, body: string): Promise<[number, string]> {
    const { method = '' } = request;
    await sleep(delays.get(method) ?? 0);
    const url = new URL(request.url ?? '/', 'http://loopback');
    const name = url.pathname.slice(1);
    const held = locks.get(name);
    const failure = failing.get(method);
    if (failure !== undefined) return [failure, ''];
    switch (method) {
      case 'GET': {
        const state = states.get(name)?.at(-1);
        return state === undefined ? [404, ''] : [200, state];
      }
      case 'POST': {
        if (held !== undefined && url.searchParams.get('ID') !== idOf(held)) return [409, held];
        const sum = request.headers['content-md5'];
        if (sum !== createHash('md5').update(body).digest('base64')) return [400, ''];
        states.set(name, [...(states.get(name) ?? []), body]);
        return [200, ''];
      }
      case 'DELETE':
        states.delete(name);
        return [200, ''];
      case 'LOCK':
        if (held !== undefined) return [423, garbled ?? held];
        locks.set(name, body);
        return [200, ''];
      case 'UNLOCK':
        if (held !== undefined && idOf(held) !== idOf(body)) return [409, held];
        locks.delete(name);
        return [200, ''];
      default:
        return [405, ''];
    }
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { method = '' } = request;
    void text(request)
      .then(async (body) => {
        if (hanging.has(method)) return;
        const [status, said] = await answer(request, body);
        seen.push({ method, name: (request.url ?? '').slice(1).split('?')[0] ?? '', status });
        response.writeHead(status).end(said);
      })
      // The client was killed in the middle of its request.
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    block: (name) =>
      ['terraform {', '  backend "http" {', ...settings(`${base}/${name}`), '  }', '}', ''].join('\n'),
    lock: (name) => locks.get(name),
    plant: (name, lock) => void locks.set(name, JSON.stringify(lock)),
    versions: (name) => states.get(name) ?? [],
    seen,
    delay(methods, ms) {
      for (const method of methods) delays.set(method, ms);
    },
    answer(methods, status) {
      for (const method of methods) status === 200 ? failing.delete(method) : failing.set(method, status);
    },
    garble(body) {
      garbled = body;
    },
    hang(methods) {
      hanging.clear();
      for (const method of methods) hanging.add(method);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One retry only: the engine's own (2, from 1 s) would make each test of a failing backend wait for seconds. */
function settings(address: string): string[] {
  const urls = ['address', 'lock_address', 'unlock_address'].map((name) => `    ${name} = "${address}"`);
  return [...urls, '    retry_max = 1', '    retry_wait_min = 1', '    retry_wait_max = 1'];
}

function idOf(lock: string): string {
  return (JSON.parse(lock) as { readonly ID: string }).ID;
}
