import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** What the program in the container does: what it prints, and the API's last word; without one it hangs. */
export interface Played {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly status?: object;
  /** The connection breaks off behind what was printed. */
  readonly breaks?: boolean;
}

export interface ExecServer extends AsyncDisposable {
  readonly kubeconfig: string;
  /** Path and query of all that was asked for. */
  readonly asked: readonly URL[];
}

/**
 * Stands for the API server and the kubelet behind `pods/exec`: the channels of v5.channel.k8s.io over a websocket. Any
 * other request is answered by `log`, or 404.
 */
export async function startExecServer(
  play: (asked: URL) => Played | number,
  log?: { readonly status: number; readonly type: string; readonly body: string },
): Promise<ExecServer> {
  const asked: URL[] = [];
  const sockets = new Set<Duplex>();
  const server = createServer(({ url }, response) => {
    asked.push(new URL(url ?? '', 'http://api'));
    if (log === undefined) response.writeHead(404).end();
    else response.writeHead(log.status, { 'content-type': log.type }).end(log.body);
  });
  server.on('upgrade', (request, socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const url = new URL(request.url ?? '', 'http://api');
    asked.push(url);
    const played = play(url);
    if (typeof played === 'number') {
      socket.end(`HTTP/1.1 ${played} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
      return;
    }
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: v5.channel.k8s.io\r\n\r\n`,
    );
    const { stdout, stderr, status, breaks } = played;
    if (stdout !== undefined) socket.write(frame(1, stdout));
    if (stderr !== undefined) socket.write(frame(2, stderr));
    if (status !== undefined) socket.write(frame(3, JSON.stringify(status)));
    if (breaks === true) socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'it', users: [{ name: 'nobody', user: {} }] },
    clusters: [
      {
        name: 'it',
        cluster: {
          'insecure-skip-tls-verify': true,
          server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        },
      },
    ],
    contexts: [{ name: 'it', context: { cluster: 'it', user: 'nobody' } }],
  };
  return {
    kubeconfig: JSON.stringify(config),
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One whole binary message from the server, its first byte the channel. */
function frame(channel: number, text: string): Buffer {
  const body = Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);
  if (body.length < 126) return Buffer.concat([Buffer.from([0x82, body.length]), body]);
  const head = Buffer.alloc(10);
  head.writeUInt8(0x82, 0);
  head.writeUInt8(127, 1);
  head.writeBigUInt64BE(BigInt(body.length), 2);
  return Buffer.concat([head, body]);
}
