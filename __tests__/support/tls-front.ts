import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { CertificateAuthority } from '../../src/rehearsal/pki.ts';

export interface TlsFront extends AsyncDisposable {
  readonly port: number;
}

/**
 * A server with a certificate of `authority` for `hosts`, which hands everything on to the plain server at `url`; at any
 * free port where none is given.
 */
export async function startTlsFront(
  authority: CertificateAuthority,
  hosts: readonly string[],
  url: string,
  port = 0,
): Promise<TlsFront> {
  const { certificate, key } = authority.server({ commonName: 'front' }, hosts);
  const server = createServer({ cert: certificate, key }, (incoming, outgoing) => {
    const { method, headers } = incoming;
    const back = request(
      new URL(incoming.url ?? '/', url),
      { method: method ?? 'GET', headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      },
    );
    back.once('error', () => outgoing.destroy());
    incoming.pipe(back);
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
