import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requestIdToken } from '../../src/identity/github.ts';
import type { InfisicalLogin } from '../../src/identity/infisical.ts';
import { fetchBy } from '../../src/identity/way.ts';
import { createAuthority } from '../../src/rehearsal/pki.ts';
import { type ProxyHabits, startConnectProxy } from '../support/connect-proxy.ts';
import { temporaryFolder } from '../support/folder.ts';
import { hasty, noSleep, openWorld, pem, refusal, requestToken } from '../support/identity-world.ts';
import { smallCastle } from '../support/small-castle.ts';
import { startTlsFront } from '../support/tls-front.ts';
import { warmTools } from '../support/world.ts';

const authority = createAuthority('a CA of our own');
const host = 'infisical.corp.test';

/** An Infisical by https, known by the name `host` behind the proxy only, its certificate of a CA of our own. */
async function openNetwork(habits: ProxyHabits = {}) {
  const ends = new AsyncDisposableStack();
  const world = ends.use(await openWorld());
  const front = ends.use(await startTlsFront(authority, [host, '127.0.0.1'], world.infisical.url));
  const proxy = ends.use(await startConnectProxy({ leadsTo: front.port, ...habits }));
  const folder = ends.use(await temporaryFolder({ 'ca.pem': authority.certificate }));
  const caFile = join(folder.dir, 'ca.pem');
  const logIn = (
    env: NodeJS.ProcessEnv,
    { ca = caFile, ...changes }: Partial<InfisicalLogin> & { readonly ca?: string } = {},
  ) =>
    world.logIn({
      host: `https://${host}`,
      fetch: fetchBy({ env, caFile: ca, fetch }),
      ...changes,
    });
  return {
    ...{ world, front, proxy, caFile, folder, logIn },
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

describe('an Infisical behind a proxy, with a certificate of a private CA', () => {
  test('is logged in to, read and left through the proxy, which sees no more than its name', async () => {
    await using network = await openNetwork({ login: 'jane:p@ss word' });
    const env = { HTTPS_PROXY: `http://jane:p%40ss%20word@${network.proxy.address}` };
    const session = await network.logIn(env);
    expect([...(await session.fetch(['TLS_KEY'])).values()]).toEqual([pem]);
    await session[Symbol.asyncDispose]();
    expect(network.world.infisical.requests.map(({ path, status }) => `${path} ${status}`)).toEqual([
      '/api/v1/auth/oidc-auth/login 200',
      '/api/v4/secrets 200',
      '/api/v1/auth/token/revoke 200',
    ]);
    expect(network.proxy.asked).toEqual([`${host}:443`, `${host}:443`, `${host}:443`]);
    expect(network.world.warnings).toEqual([]);
  });

  test('is reached without the proxy where NO_PROXY says so, and this machine always', async () => {
    await using network = await openNetwork();
    const { port } = network.front;
    for (const [env, at] of [
      [{}, '127.0.0.1'],
      [{ NO_PROXY: 'corp.test' }, '127.0.0.1'],
    ] as const) {
      const through = { HTTPS_PROXY: `http://${network.proxy.address}`, ...env };
      await using session = await network.logIn(through, { host: `https://${at}:${port}` });
      expect((await session.fetch(['TLS_KEY'])).size).toBe(1);
    }
    expect(network.proxy.asked).toEqual([]);
    const except = { HTTPS_PROXY: `http://${network.proxy.address}`, NO_PROXY: 'x.test,.corp.test' };
    // Without the proxy nothing knows the name.
    const error = await refusal(network.logIn(except), network.world.secrets);
    expect(error.code).toBe('PHX-INFISICAL-NETWORK');
    expect(error.why).toMatch(
      /^It could not be reached \((?:ENOTFOUND|EAI_AGAIN)\), also on repeated tries\.$/,
    );
    expect(network.proxy.asked).toEqual([]);
  });

  test('is not believed where its CA is not named, or signed another name', async () => {
    await using network = await openNetwork();
    const env = { HTTPS_PROXY: `http://${network.proxy.address}` };
    const { world } = network;
    const unknown = await refusal(
      world.logIn({ host: `https://${host}`, fetch: fetchBy({ env, fetch }) }),
      world.secrets,
    );
    expect(unknown.code).toBe('PHX-INFISICAL-TLS');
    expect(unknown.why).toBe('Its certificate was not accepted (UNABLE_TO_VERIFY_LEAF_SIGNATURE).');
    expect(unknown.next).toBe(
      'If it is signed by a CA of your own, name it as `ca-file` in the castle file, or give it to the runner: NODE_EXTRA_CA_CERTS=/path/to/ca.pem.',
    );
    const other = await refusal(network.logIn(env, { host: 'https://other.corp.test' }), world.secrets);
    expect(other.why).toBe('Its certificate was not accepted (ERR_TLS_CERT_ALTNAME_INVALID).');
    expect(world.infisical.requests).toEqual([]);
  });

  test('is not asked where the CA file is none', async () => {
    await using network = await openNetwork();
    const ca = join(network.folder.dir, 'none.pem');
    const error = await refusal(network.logIn({}, { ca }), network.world.secrets);
    expect(error).toMatchObject({
      code: 'PHX-IDENTITY-CA',
      what: `The CA file ${ca} cannot be used.`,
      why: 'It could not be read (ENOENT).',
    });
    await writeFile(ca, 'not a certificate');
    expect(await refusal(network.logIn({}, { ca }), network.world.secrets)).toMatchObject({
      why: 'It holds no certificate.',
    });
  });
});

describe("a proxy's own fault is told as the proxy's:", () => {
  const says = async (habits: ProxyHabits, login = '') => {
    await using network = await openNetwork(habits);
    const { address } = network.proxy;
    const env = { HTTPS_PROXY: `http://${login}${address}` };
    const error = await refusal(network.logIn(env), ['wrong-password', ...network.world.secrets]);
    expect(error.code).toBe('PHX-INFISICAL-PROXY');
    expect(error.what).toBe(`Phoenix could not log in to Infisical at https://${host}.`);
    const text = (words: string) => words.replaceAll(address, 'PROXY');
    return { why: text(error.why), next: text(error.next), tries: network.proxy.asked.length };
  };

  test('it asks for a password, or does not take the one it was given', async () => {
    const expected = {
      why: 'The proxy PROXY asks for a user and a password (407), or does not take those that it was given.',
      next: `Give them to the runner in HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT), or add ${host} to NO_PROXY where no proxy is needed.`,
      tries: 1,
    };
    expect(await says({ login: 'jane:right' })).toEqual(expected);
    expect(await says({ login: 'jane:right' }, 'jane:wrong-password@')).toEqual(expected);
  });

  test('it forbids the host', async () => {
    expect(await says({ refuses: 403 })).toEqual({
      why: `The proxy PROXY refused to let the runner through to ${host} (403).`,
      next: `Let ${host}:443 be allowed on the proxy, or add ${host} to NO_PROXY where no proxy is needed.`,
      tries: 1,
    });
  });

  test('it does not reach the host, which is tried again', async () => {
    expect(await says({ refuses: 502 })).toEqual({
      why: `The proxy PROXY could not reach ${host} for the runner (502), also on repeated tries.`,
      next: `Look from the proxy whether it reaches ${host}, or add ${host} to NO_PROXY where no proxy is needed.`,
      tries: 3,
    });
  });

  test('it does not run, or is no address', async () => {
    await using network = await openNetwork();
    const { address } = network.proxy;
    await network.proxy[Symbol.asyncDispose]();
    const gone = await refusal(network.logIn({ https_proxy: address }), network.world.secrets);
    expect(gone.code).toBe('PHX-INFISICAL-PROXY');
    expect(gone.why).toBe(`The proxy ${address} could not be used (ECONNREFUSED), also on repeated tries.`);
    const none = await refusal(network.logIn({ HTTPS_PROXY: 'socks5://127.0.0.1:1' }), []);
    expect(none.why).toBe(
      'The proxy HTTPS_PROXY could not be used (is not an http:// or https:// address), also on repeated tries.',
    );
  });

  test("it stands between the runner and GitHub's issuer", async () => {
    await using proxy = await startConnectProxy({ refuses: 403 });
    const error = await refusal(
      requestIdToken({
        requestUrl: 'https://pipelines.actions.corp.test/idtoken?api-version=2.0',
        requestToken,
        fetch: fetchBy({ env: { HTTPS_PROXY: `http://${proxy.address}` }, fetch }),
        sleep: noSleep,
        patience: hasty,
      }),
      [],
    );
    expect(error).toMatchObject({
      code: 'PHX-OIDC-PROXY',
      what: 'GitHub did not give an id token.',
      why: `The proxy ${proxy.address} refused to let the runner through to pipelines.actions.corp.test (403).`,
    });
  });
});

test('a rebirth takes the CA from NODE_EXTRA_CA_CERTS or `ca-file`, and without either says what to do', async () => {
  await warmTools(['tofu', 'terragrunt']);
  await using network = await openNetwork();
  await using place = await smallCastle({ first: { main: '' } });
  const castle = (more: string) =>
    place.write({
      'ca.pem': authority.certificate,
      'phoenix.yaml': [
        'version: 1',
        'castle: small',
        'live: live',
        'secrets:',
        '  source:',
        `    infisical: { host: 'https://127.0.0.1:${network.front.port}', identity-id: x, project-id: y, environment: prod${more} }`,
        '  A_SECRET: { layers: [first] }',
        '',
      ].join('\n'),
    });
  const env = {
    ACTIONS_ID_TOKEN_REQUEST_URL: network.world.github.requestUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
    HTTPS_PROXY: 'http://127.0.0.1:1',
  };
  await castle('');
  expect((await place.run(['rebirth'], env)).output).toContain('PHX-INFISICAL-TLS');
  const extra = { ...env, NODE_EXTRA_CA_CERTS: join(place.dir, 'ca.pem') };
  // The certificate is taken now: the answer is Infisical's own, about an identity that it does not know.
  expect((await place.run(['rebirth'], extra)).output).toContain('PHX-INFISICAL-NO-OIDC');
  await castle(', ca-file: ca.pem');
  expect((await place.run(['rebirth'], env)).output).toContain('PHX-INFISICAL-NO-OIDC');
});
