import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { PhoenixError, toPhoenixError } from '../errors.ts';
import { type ErrorShape, errorShape, type MachineLine, machineRequest } from './host-protocol.ts';

/** What the host can be asked for; the platform layer of the box's castle asks for a machine. */
export interface HostRequests {
  processes(): readonly { readonly name: string; readonly pid: number }[];
  createMachine(
    id: string,
    port: number,
    progress: (text: string) => void,
  ): Promise<{ readonly id: string; readonly server: string }>;
  deleteMachine(): Promise<void>;
}

/** `sun_path` holds 108 bytes on Linux and 104 on macOS, with the final zero. */
const longestSocketPath = 103;

/**
 * HTTP on a unix socket in the box's RAM directory, so that only the user who owns that directory can ask.
 * `GET /processes`; `POST /machine` answers JSON lines while it works; `DELETE /machine`.
 */
export async function serveHostApi(socket: string, requests: HostRequests): Promise<AsyncDisposable> {
  if (Buffer.byteLength(socket) > longestSocketPath) {
    throw new PhoenixError({
      code: 'PHX-BOX-SOCKET-PATH',
      class: 'input',
      what: `The box cannot listen on ${socket}.`,
      why: `The path of a unix socket has at most ${longestSocketPath} bytes; this one has ${Buffer.byteLength(socket)}.`,
      next: 'Set PHOENIX_VAULT to a RAM directory with a shorter path.',
    });
  }
  const server = createServer((request, response) => {
    answer(requests, request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(line({ error: shapeOf(error) }));
    });
  });
  // A machine takes seconds, and its lines come as it grows: no default timeout of HTTP fits.
  server.requestTimeout = 0;
  server.listen(socket);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(requests: HostRequests, request: IncomingMessage, response: ServerResponse) {
  const body = await bodyOf(request);
  switch (`${request.method} ${request.url}`) {
    case 'GET /processes':
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(requests.processes().map(({ name, pid }) => ({ name, pid }))));
      return;
    case 'POST /machine': {
      const { id, port } = machineRequest.parse(JSON.parse(body));
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      const machine = await requests.createMachine(id, port, (progress) =>
        response.write(line({ progress })),
      );
      response.end(line({ machine }));
      return;
    }
    case 'DELETE /machine':
      await requests.deleteMachine();
      response.writeHead(204).end();
      return;
    default:
      response.writeHead(404).end();
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const line = (value: MachineLine) => `${JSON.stringify(value)}\n`;

/** An error as it crosses to another process: without stack and cause. */
export function shapeOf(thrown: unknown): ErrorShape {
  return errorShape.parse(toPhoenixError(thrown));
}
