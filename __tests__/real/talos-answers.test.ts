import { spawn } from 'node:child_process';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/rehearsal/pki.ts';

const script = join(import.meta.dirname, '../../castle/modules/talos-cluster/answers.sh');

/** An API server as it answers whom it does not know, after `silentMs` of refusing to speak TLS. */
async function openApiServer(silentMs = 0) {
  const authority = createAuthority('kubernetes');
  const { certificate, key } = authority.server({ commonName: 'kube-apiserver' }, ['127.0.0.1']);
  const server = createServer({ cert: certificate, key }, (_, response) => response.writeHead(401).end());
  const opens = Date.now() + silentMs;
  server.on('connection', (socket) => Date.now() < opens && socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    authority: authority.certificate,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function wait(endpoint: string, authority: string, within: number, path = '/usr/bin:/bin') {
  const child = spawn('/bin/sh', [script], {
    env: {
      ...{ PATH: path, ENDPOINT: endpoint, WITHIN: String(within) },
      AUTHORITY: Buffer.from(authority).toString('base64'),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said, code] = await Promise.all([
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  return { code, said };
}

describe('the wait for the API server', () => {
  test('ends as soon as it answers, also to a stranger with 401', async () => {
    await using api = await openApiServer(1500);
    expect(await wait(api.endpoint, api.authority, 20)).toEqual({ code: 0, said: '' });
  });

  test('takes no answer that has not the certificate of this cluster, and says so at its deadline', async () => {
    await using api = await openApiServer();
    const { code, said } = await wait(api.endpoint, createAuthority('another').certificate, 1);
    expect(code).toBe(1);
    expect(said).toMatch(/did not answer within 1 s; last: .*certificate/i);
  });

  test('does not begin where there is no curl to ask with', async () => {
    const { code, said } = await wait('https://127.0.0.1:1', '', 600, '/nonexistent');
    expect(code).toBe(1);
    expect(said).toMatch(/^curl is not in the PATH/);
  });

  test('gives up at its deadline where nobody listens', async () => {
    const { code, said } = await wait('https://127.0.0.1:1', createAuthority('any').certificate, 1);
    expect(code).toBe(1);
    expect(said).toMatch(/https:\/\/127\.0\.0\.1:1 did not answer within 1 s; last: .*connect/i);
  });
});
