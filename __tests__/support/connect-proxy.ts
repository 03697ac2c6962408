import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface ConnectProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** The authorities that it was asked to connect to, in order. */
  readonly asked: readonly string[];
}

export interface ProxyHabits {
  /** `USER:PASSWORD` that it asks for. */
  readonly login?: string;
  /** Answers this status to every CONNECT. */
  readonly refuses?: number;
  /** Where it really goes, whatever it was asked for: stands for names that resolve only behind it. */
  readonly leadsTo?: number;
}

/** A real proxy for CONNECT on loopback, which sees of what goes through it the name of the host alone. */
export async function startConnectProxy(habits: ProxyHabits = {}): Promise<ConnectProxy> {
  const asked: string[] = [];
  const open = new Set<Socket>();
  const server: Server = createServer((_request, response) => {
    response.writeHead(400);
    response.end();
  });
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => open.delete(socket));
  });
  server.on('connect', (request, client: Socket) => {
    asked.push(request.url ?? '');
    const login = `Basic ${Buffer.from(habits.login ?? '').toString('base64')}`;
    if (habits.login !== undefined && request.headers['proxy-authorization'] !== login) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n');
    } else if (habits.refuses !== undefined) client.end(`HTTP/1.1 ${habits.refuses} No\r\n\r\n`);
    else {
      const port = habits.leadsTo ?? Number(request.url?.split(':').at(-1));
      const far = connect(port, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        far.pipe(client).pipe(far);
      });
      open.add(far);
      far.once('close', () => open.delete(far));
      far.on('error', () => client.destroy());
      client.on('error', () => far.destroy());
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
