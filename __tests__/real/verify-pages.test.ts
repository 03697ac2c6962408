import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { HttpProbe } from '../../src/castle/probes.ts';
import { createAuthority } from '../../src/rehearsal/pki.ts';
import { lookAtPage } from '../../src/verify/http.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startTlsFront } from '../support/tls-front.ts';

const { signal } = new AbortController();
const day = 24 * 3600 * 1000;

async function serve(pages: Readonly<Record<string, { status?: number; location?: string; body?: string }>>) {
  const server = createServer((request, response) => {
    const page = pages[request.url ?? ''] ?? { status: 404 };
    const location = page.location === undefined ? {} : { location: page.location };
    response.writeHead(page.status ?? 200, location).end(page.body ?? `host ${request.headers.host}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const seen = async (probe: Omit<HttpProbe, 'kind'>, now?: () => number) =>
  lookAtPage({ kind: 'http', ...probe }, signal, now);

describe('a page', () => {
  it('is held to its status and to what is in it', async () => {
    await using server = await serve({ '/': { body: 'build 7' }, '/gone': { status: 410 } });
    const { url } = server;
    expect(await seen({ url, contains: 'build 7' })).toMatchObject({ good: true });
    expect((await seen({ url, contains: 'build 8' })).seen).toContain('without the marker');
    expect((await seen({ url, notContains: 'build 7' })).seen).toContain('must not be in it');
    expect((await seen({ url: `${url}/gone` })).seen).toContain('answered 410');
    expect(await seen({ url: `${url}/gone`, status: 410 })).toMatchObject({ good: true });
  });

  it('is asked at the address given, by the name of its host', async () => {
    await using server = await serve({});
    const url = `http://blog.example.invalid:${server.port}/`;
    expect(
      await seen({ url, resolve: '127.0.0.1', status: 404, contains: `host blog.example.invalid` }),
    ).toMatchObject({
      good: true,
    });
    expect(await seen({ url })).toMatchObject({ good: false });
  });

  it('is followed where it leads elsewhere, five times at most, and not where it must not be', async () => {
    await using server = await serve({
      '/old': { status: 301, location: '/new' },
      '/new': { body: 'here' },
      '/round': { status: 302, location: '/round' },
    });
    const { url } = server;
    expect(await seen({ url: `${url}/old`, contains: 'here' })).toMatchObject({ good: true });
    expect((await seen({ url: `${url}/old`, redirects: false })).seen).toContain('answered 301 (to /new)');
    expect((await seen({ url: `${url}/round` })).seen).toContain('leads on and on');
  });
});

describe('a certificate', () => {
  const authority = createAuthority('test CA');

  it('is told apart: trusted, of an unknown CA, for another name, of a CA for tests, expired, ending, self-signed', async () => {
    await using folder = await temporaryFolder({});
    const caFile = join(folder.dir, 'ca.pem');
    await writeFile(caFile, authority.certificate);
    await using server = await serve({ '/': { body: 'behind TLS' } });
    await using front = await startTlsFront(authority, ['blog.example.invalid'], server.url);
    const url = `https://blog.example.invalid:${front.port}/`;
    const resolve = '127.0.0.1';
    const rules = { caFile, notIssuer: [], names: [] };
    const look = (certificate: HttpProbe['certificate'], after = 0, of = url) =>
      seen(
        { url: of, resolve, contains: 'behind TLS', ...(certificate ? { certificate } : {}) },
        () => Date.now() + after,
      );
    expect(await look(rules)).toMatchObject({ good: true });
    expect(await look(undefined)).toMatchObject({ good: false, trouble: 'certificate' });
    expect((await look(undefined)).seen).toMatch(/neither sent nor trusted|not trusted here/);
    expect((await look(rules, 0, `https://shop.example.invalid:${front.port}/`)).seen).toContain(
      'not for shop.example.invalid',
    );
    expect((await look({ ...rules, names: ['www.example.invalid'] })).seen).toContain(
      'not for www.example.invalid',
    );
    expect((await look({ ...rules, notIssuer: ['test CA'] })).seen).toContain('an issuer that is not wanted');
    expect((await look(rules, 2 * day)).seen).toContain('the certificate expired');
    expect((await look(rules, -2 * day)).seen).toContain('valid only from');
    expect((await look({ ...rules, validForSeconds: 7 * 24 * 3600 })).seen).toContain('in 1.0 days');
    const { certificate, key } = await selfSigned(folder.dir);
    const own = { ...authority, server: () => ({ certificate, key }) };
    await using alone = await startTlsFront(own, [], server.url);
    expect((await look(undefined, 0, `https://blog.example.invalid:${alone.port}/`)).seen).toContain(
      'the certificate is self-signed',
    );
  });
});

async function selfSigned(dir: string) {
  const name = ['-subj', '/CN=blog.example.invalid', '-addext', 'subjectAltName=DNS:blog.example.invalid'];
  const files = ['-keyout', join(dir, 'key.pem'), '-out', join(dir, 'own.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'];
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...name, ...files]);
  return {
    certificate: await readFile(join(dir, 'own.pem'), 'utf8'),
    key: await readFile(join(dir, 'key.pem'), 'utf8'),
  };
}
