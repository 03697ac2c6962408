import { once } from 'node:events';
import { createServer } from 'node:net';

/** What this process gave away: a program that has yet to start may not listen on its port so far. */
const given = new Set<number>();

/** `count` TCP ports of the loopback interface that are free now, all different, and none that was given before. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = await openPorts(count);
  const fresh = ports.filter((port) => !given.has(port));
  for (const port of fresh) given.add(port);
  return fresh.length === count ? fresh : [...fresh, ...(await freePorts(count - fresh.length))];
}

async function openPorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  try {
    // All are held at once: ports asked for one after another could be the same one twice.
    return await Promise.all(
      servers.map(async (server) => {
        server.listen({ port: 0, host: '127.0.0.1' });
        await once(server, 'listening');
        const address = server.address();
        return typeof address === 'object' && address !== null ? address.port : 0;
      }),
    );
  } finally {
    await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  }
}

export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host: '127.0.0.1' });
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    if (server.listening) await new Promise((done) => server.close(done));
  }
}
