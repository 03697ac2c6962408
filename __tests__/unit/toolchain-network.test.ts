import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createAuthority } from '../../src/rehearsal/pki.ts';
import { withoutLogin } from '../../src/toolchain/go-command.ts';
import { createHosts } from '../../src/toolchain/hosts.ts';
import { explainNetwork } from '../../src/toolchain/network.ts';

it('a certificate of a CA that is not trusted is explained with the name of the CA and the setting that adds it', async () => {
  const proxy = createAuthority('Example Corp Inspection CA');
  const { certificate, key } = proxy.server({ commonName: 'github.com' }, ['localhost', '127.0.0.1']);
  const server = createServer({ cert: certificate, key });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
    const hosts = createHosts(fetch, new AbortController().signal);
    const why = await hosts.unreachable(url);
    expect(why).toContain('signed by Example Corp Inspection CA');
    expect(why).toContain('NODE_EXTRA_CA_CERTS');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

it('a closed port and a name without an address are told apart', async () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  const unknown = Object.assign(new Error('getaddrinfo'), { code: 'EAI_AGAIN' });
  const wrapped = (cause: unknown) => new TypeError('fetch failed', { cause });
  const url = 'https://github.com/x';
  expect(await explainNetwork(wrapped(refused), url)).toBe('github.com refused the connection');
  expect(await explainNetwork(wrapped(new AggregateError([refused])), url)).toContain('refused');
  expect(await explainNetwork(wrapped(unknown), url)).toBe('the name github.com does not resolve');
  expect(await explainNetwork('thrown text', url)).toBe('thrown text');
});

it('a host is asked once, and can be given up later', async () => {
  let asked = 0;
  const hosts = createHosts(async () => {
    asked += 1;
    return new Response(null, { status: 200 });
  }, new AbortController().signal);
  await Promise.all(['/a', '/b', '/c'].map((path) => hosts.unreachable(`https://github.com${path}`)));
  expect(asked).toBe(1);
  hosts.giveUp('https://github.com/a', 'its download host is closed');
  expect(await hosts.unreachable('https://github.com/d')).toBe('its download host is closed');
});

it('logins in what go prints are hidden', () => {
  expect(withoutLogin('Get "https://user:hidden@proxy.invalid/x": dial, https://t0ken@other.invalid')).toBe(
    'Get "https://***@proxy.invalid/x": dial, https://***@other.invalid',
  );
});
