import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PhoenixError } from '../../errors.ts';
import type { Supervisor } from '../supervisor.ts';
import { type DoorConfig, doorReady } from './door-protocol.ts';
import { join as joined } from './pipe.ts';

/** A way in: connections to 127.0.0.1:`port` of the machine reach `host`:`port` in the node. */
export interface Inward {
  readonly listen: number;
  readonly host: string;
  readonly port: number;
}

const opensWithinMs = 15_000;

/**
 * Opens ways between the machine's loopback and the node's network: inward as told, outward from each of `outward` at the
 * node's address to the same port of the machine's loopback.
 * @throws PhoenixError PHX-BOX-NODE, or EADDRINUSE in its words
 */
export async function openDoors(options: {
  /** Short: it begins the paths of unix sockets. */
  readonly dir: string;
  readonly logDir: string;
  readonly self: readonly string[];
  /** Starts programs in the node's network. */
  readonly onNetwork: Supervisor;
  readonly inward: readonly Inward[];
  readonly outward: readonly number[];
}): Promise<AsyncDisposable> {
  await using ends = new AsyncDisposableStack();
  const config: DoorConfig = {
    inward: options.inward.map(({ host, port }, index) => ({
      socket: join(options.dir, `i${index}`),
      host,
      port,
    })),
    outward: options.outward.map((port, index) => ({ port, socket: join(options.dir, `o${index}`) })),
  };
  for (const { socket, port } of config.outward) {
    await rm(socket, { force: true });
    ends.use(
      await listening({ path: socket }, () => connect({ host: '127.0.0.1', port, allowHalfOpen: true })),
    );
  }
  const [file = '', ...prefix] = options.self;
  const said = Promise.withResolvers<string>();
  const program = await options.onNetwork.start({
    name: 'door',
    file,
    args: [...prefix, 'box-door'],
    env: {},
    cwd: options.dir,
    logFile: join(options.logDir, 'door.log'),
    firstLine: JSON.stringify(config),
    onLine: said.resolve,
    polite: false,
  });
  ends.defer(() => program.end());
  void program.ended.then((how) => said.reject(notOpened(`The door ended with ${how}`)));
  const timer = new AbortController();
  const late = sleep(opensWithinMs, undefined, { signal: timer.signal }).then(() => {
    throw notOpened(`The door did not open within ${opensWithinMs / 1000} s.`);
  });
  late.catch(() => {});
  const word = await Promise.race([said.promise, late]).finally(() => timer.abort());
  if (word !== doorReady) throw notOpened(`The door said ${word}`);
  program.declareUp();
  for (const [index, { listen }] of options.inward.entries()) {
    const path = config.inward[index]?.socket ?? '';
    ends.use(await listening({ port: listen }, () => connect({ path, allowHalfOpen: true })));
  }
  return ends.move();
}

async function listening(
  at: { readonly port: number } | { readonly path: string },
  onward: () => Socket,
): Promise<AsyncDisposable> {
  const open = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (from) => {
    open.add(from);
    from.once('close', () => open.delete(from));
    joined(from, onward());
  });
  server.listen('path' in at ? at.path : { host: '127.0.0.1', port: at.port });
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

function notOpened(why: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-BOX-NODE',
    class: 'cluster',
    what: "The way into the node's network could not be opened.",
    why,
    next: 'Run again; if it stays, read door.log in the logs folder of the rehearsal.',
  });
}
