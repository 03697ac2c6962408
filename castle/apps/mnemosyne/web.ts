import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Database } from './database.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * `handlers` by `METHOD /path`, and two questions that Kubernetes asks: /healthz, whether the process listens, and
 * /readyz, whether the database answers a query. What went wrong is told without the database's address.
 */
export function webServer(database: Database, handlers: Readonly<Record<string, Handler>>): Server {
  const all: Record<string, Handler> = {
    'GET /healthz': async (_, response) => send(response, 200, 'ok\n'),
    'GET /readyz': async (_, response) => {
      // Whoever asks comes again in a moment: no answer now is an answer.
      await database.query('select 1', [], 0);
      send(response, 200, 'ready\n');
    },
    ...handlers,
  };
  const paths = new Set(Object.keys(all).map((route) => route.split(' ')[1]));
  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://mnemosyne');
    const handler = all[`${request.method} ${pathname}`];
    if (handler === undefined) return send(response, paths.has(pathname) ? 405 : 404, 'no such page\n');
    handler(request, response).catch((error: unknown) => {
      process.stderr.write(`${request.method} ${pathname}: ${causeOf(error)}\n`);
      if (response.headersSent) response.end();
      else send(response, 503, `the database does not answer: ${causeOf(error)}\n`);
    });
  });
}

export function send(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

/** The code of PostgreSQL or of the network where there is one: a message may quote an address or a name. */
export function causeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.name : 'unknown';
}
