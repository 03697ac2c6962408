import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, isIP, type Server } from 'node:net';
import { toldByStdin } from '../first-line.ts';
import { doorConfig, doorReady } from './door-protocol.ts';
import { join as joined } from './pipe.ts';
import { clusterDns, nodeAddress } from './place.ts';

/**
 * The hidden command `box-door`: runs in the node's network with the machine's files, and carries connections between the
 * two. Reads its configuration from the first line of stdin and ends at the end of stdin. Returns the exit code.
 */
export async function runBoxDoor(): Promise<number> {
  const { text, closed } = await toldByStdin();
  if (text === undefined) return 0;
  const { inward, outward } = doorConfig.parse(JSON.parse(text));
  const listening: Promise<unknown>[] = [];
  // Listened for at once: the next socket is prepared while this one is already open.
  const open = (server: Server) => listening.push(once(server, 'listening'));
  for (const { socket, host, port } of inward) {
    await rm(socket, { force: true });
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, async (from) => {
      // A name that the cluster does not know yet is a place that does not answer yet.
      const address = await addressOf(host).catch(() => undefined);
      if (address === undefined) from.destroy();
      else joined(from, connect({ host: address, port, allowHalfOpen: true }));
    });
    open(server.listen(socket));
  }
  for (const { port, socket } of outward) {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (from) =>
      joined(from, connect({ path: socket, allowHalfOpen: true })),
    );
    open(server.listen({ host: nodeAddress, port }));
  }
  await Promise.all(listening);
  process.stdout.write(`${doorReady}\n`);
  await closed;
  return 0;
}

async function addressOf(host: string): Promise<string | undefined> {
  if (isIP(host) !== 0) return host;
  const resolver = new Resolver({ timeout: 1_000, tries: 2 });
  resolver.setServers([clusterDns]);
  return (await resolver.resolve4(host))[0];
}
