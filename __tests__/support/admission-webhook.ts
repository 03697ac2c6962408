import { createServer, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { createAuthority } from '../../src/rehearsal/pki.ts';

/** What a webhook of the test does with a question: `refuses` is that nobody listens. */
export type Mood = 'refuses' | '503' | 'hangs' | 'admits' | { readonly denies: string };

/** An admission webhook over TLS at a port that stays the same while it comes and goes. */
export async function startAdmissionWebhook() {
  const authority = createAuthority('webhook of the test');
  const { certificate, key } = authority.server({ commonName: 'webhook' }, ['127.0.0.1']);
  const port = await freePort();
  let mood: Mood = 'refuses';
  let asked = 0;
  const hanging = new Set<ServerResponse>();
  const server = createSecureServer({ cert: certificate, key }, async (request, response) => {
    asked += 1;
    const { request: question } = (await json(request)) as { request: { uid: string } };
    if (mood === '503') return void response.writeHead(503).end();
    if (mood === 'hangs') return void hanging.add(response);
    const verdict =
      typeof mood === 'object' ? { allowed: false, status: { message: mood.denies } } : { allowed: true };
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...review, response: { uid: question.uid, ...verdict } }));
  });
  return {
    url: `https://127.0.0.1:${port}`,
    caBundle: Buffer.from(authority.certificate).toString('base64'),
    asked: () => asked,
    async become(next: Mood) {
      mood = next;
      if (next === 'refuses' || server.listening) return;
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    },
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
