import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/rehearsal/pki.ts';
import { identityId, openWorld, pem, projectId, refusal, subject } from '../support/identity-world.ts';

describe('a session with Infisical', () => {
  test('gives the asked secrets byte for byte, the folder beating its imports, and no other', async () => {
    await using world = await openWorld();
    await using session = await world.logIn();
    const values = await session.fetch(['GITHUB_TOKEN', 'TLS_KEY', 'FROM_IMPORT']);
    expect(Object.fromEntries(values)).toEqual({
      GITHUB_TOKEN: 'github-token-value-1234567890',
      TLS_KEY: pem,
      FROM_IMPORT: 'imported-value-0987654321',
    });
    expect(session.source).toBe(`Infisical at ${world.infisical.url}`);
    expect(world.secrets).not.toContain('unused-value-that-nobody-asked-for');
  });

  test('tells the id token, the access token and each value to the mask, in the order they are known', async () => {
    await using world = await openWorld();
    await using session = await world.logIn();
    await session.fetch(['TLS_KEY']);
    expect(world.secrets).toHaveLength(3);
    expect(world.secrets[0]?.split('.')).toHaveLength(3);
    expect(world.secrets[2]).toBe(pem);
  });

  test('revokes its token when it is disposed of, and a used token is then refused', async () => {
    await using world = await openWorld();
    const session = await world.logIn();
    await session[Symbol.asyncDispose]();
    expect(world.infisical.requests.at(-1)).toMatchObject({ path: '/api/v1/auth/token/revoke', status: 200 });
    const used = await fetch(
      `${world.infisical.url}/api/v4/secrets?projectId=${projectId}&environment=prod`,
      { headers: { authorization: `Bearer ${world.secrets[1]}` } },
    );
    expect(used.status).toBe(401);
    await session[Symbol.asyncDispose]();
    expect(world.infisical.requests.at(-1)?.status).toBe(401);
    expect(world.warnings).toEqual([]);
  });

  test('warns and does not throw where its token cannot be revoked', async () => {
    await using world = await openWorld({ faults: ['infisical:no-revoke'] });
    const session = await world.logIn();
    await session[Symbol.asyncDispose]();
    expect(world.warnings).toEqual([
      expect.stringMatching(/could not be revoked \(status 500\); it dies by itself \d+ s/),
    ]);
    expect(world.warnings[0]).not.toContain(world.secrets[1]);
  });

  test('finds the project by its slug', async () => {
    await using world = await openWorld();
    await using session = await world.logIn({ project: { slug: 'castle-x1y2' } });
    expect((await session.fetch(['FROM_IMPORT'])).size).toBe(1);
    expect(world.infisical.requests.map(({ path }) => path)).toContain('/api/v1/projects/slug/castle-x1y2');
  });

  test('looks the slug of its project up, for the cluster knows projects by nothing else', async () => {
    await using world = await openWorld();
    await using session = await world.logIn();
    expect(await session.projectSlug?.()).toBe('castle-x1y2');
    await using stranger = await world.logIn({ project: { id: 'another-project' } });
    expect(await stranger.projectSlug?.()).toBeUndefined();
  });

  test.each([{ project: { id: projectId } }, { project: { slug: 'castle-x1y2' } }])(
    'falls back to API v3 where the server has no v4 (%#)',
    async (changes) => {
      await using world = await openWorld({ faults: ['infisical:no-v4'] });
      await using session = await world.logIn({ ...changes, host: `${world.infisical.url}/api/` });
      expect([...(await session.fetch(['GITHUB_TOKEN'])).values()]).toEqual([
        'github-token-value-1234567890',
      ]);
      expect(world.infisical.requests.at(-1)?.path).toBe('/api/v3/secrets/raw');
    },
  );

  test('logs in again, with a fresh id token and never by renewal, where its token has run out', async () => {
    await using world = await openWorld({ faults: ['infisical:expired-token*1'] });
    await using session = await world.logIn();
    expect((await session.fetch(['GITHUB_TOKEN'])).size).toBe(1);
    const paths = world.infisical.requests.map(({ path }) => path);
    expect(paths.filter((path) => path.endsWith('/oidc-auth/login'))).toHaveLength(2);
    expect(paths.some((path) => path.endsWith('/renew'))).toBe(false);
    expect(new Set(world.secrets.slice(0, 4)).size).toBe(4);
  });

  test('logs in again before its token runs out', async () => {
    await using world = await openWorld();
    let time = Date.now();
    await using session = await world.logIn({ now: () => time });
    time += 3_400_000;
    await session.fetch(['GITHUB_TOKEN']);
    expect(world.infisical.requests.filter(({ path }) => path.endsWith('/oidc-auth/login'))).toHaveLength(2);
  });

  test('asks for one fresh id token where the first arrives too late', async () => {
    await using world = await openWorld({ faults: ['github-oidc:expired*1'] });
    await using session = await world.logIn();
    expect((await session.fetch(['GITHUB_TOKEN'])).size).toBe(1);
  });

  test('warns where the token would live for more than an hour', async () => {
    await using world = await openWorld({ accessTokenTTL: 2_592_000 });
    await using _session = await world.logIn();
    expect(world.warnings).toEqual([expect.stringContaining('2592000 s')]);
  });

  test('waits as long as a 429 asks, and goes on', async () => {
    await using world = await openWorld({ faults: ['infisical:429*2'] });
    const pauses: number[] = [];
    await using session = await world.logIn({
      sleep: async (ms) => {
        pauses.push(ms);
      },
    });
    expect((await session.fetch(['GITHUB_TOKEN'])).size).toBe(1);
    expect(pauses.map((ms) => ms >= 1000)).toEqual([true, true]);
  });
});

describe('a login that Infisical refuses', () => {
  test.each([
    [
      'infisical:401-audience',
      'PHX-INFISICAL-AUDIENCE',
      /set Audiences to exactly `https:\/\/infisical\.box\.invalid`/,
    ],
    ['github-oidc:wrong-audience', 'PHX-INFISICAL-AUDIENCE', /audience-of-somebody-else/],
    [
      'infisical:403-subject',
      'PHX-INFISICAL-SUBJECT',
      /set Subject to exactly `repo:tazzo\/castle:ref:refs\/heads\/main`/,
    ],
    [
      'github-oidc:wrong-subject',
      'PHX-INFISICAL-SUBJECT',
      /`repo:tazzo\/another-repository:ref:refs\/heads\/main`/,
    ],
    ['infisical:401-claim', 'PHX-INFISICAL-CLAIM', /repository_id `4242`/],
    ['infisical:401-issuer', 'PHX-INFISICAL-ISSUER', /set Issuer and the discovery URL to exactly `http:/],
    ['github-oidc:unknown-key', 'PHX-INFISICAL-KEYS', /discovery URL to exactly/],
    ['github-oidc:bad-signature', 'PHX-INFISICAL-KEYS', /discovery URL to exactly/],
    ['github-oidc:expired', 'PHX-INFISICAL-EXPIRED', /Run the job again/],
    ['infisical:skew', 'PHX-INFISICAL-CLOCK', /timedatectl/],
    ['infisical:404-no-oidc', 'PHX-INFISICAL-NO-OIDC', /add OIDC Auth to that identity/],
    ['infisical:422', 'PHX-INFISICAL-INVALID', /`identity-id`/],
    ['infisical:429', 'PHX-INFISICAL-RATE', /Wait 1 s/],
    ['infisical:500', 'PHX-INFISICAL-SERVER', /api\/status/],
    ['infisical:html', 'PHX-INFISICAL-FOREIGN', /it must show JSON/],
    ['infisical:redirect', 'PHX-INFISICAL-FOREIGN', /it must show JSON/],
    ['infisical:truncated', 'PHX-INFISICAL-FOREIGN', /it must show JSON/],
    ['infisical:drop', 'PHX-INFISICAL-NETWORK', /firewall/],
  ])('by %s is %s and says the next move', async (fault, code, next) => {
    await using world = await openWorld({ faults: [fault] });
    const error = await refusal(world.logIn(), world.secrets);
    expect(error.code).toBe(code);
    expect(error.next).toMatch(next);
    expect(error.class).toBe('identity');
    expect(`${error.what}${error.why}${error.next}`).not.toMatch(/Welcome|eyJ/);
  });

  test('for its subject shows the other form too, which looks right and does not match', async () => {
    await using world = await openWorld({ subject: 'immutable', boundSubject: subject });
    const error = await refusal(world.logIn(), world.secrets);
    expect(error.next).toContain('exactly `repo:tazzo@77/castle@4242:ref:refs/heads/main`');
    expect(error.next).toContain('If `repo:tazzo/castle:ref:refs/heads/main` stands there');
  });

  test('names the fields that a 422 complains of, and the request by its id', async () => {
    await using world = await openWorld({ faults: ['infisical:422'] });
    const error = await refusal(world.logIn(), world.secrets);
    expect(error.why).toMatch(/422, ValidationFailure, request req-[0-9a-f]+/);
    expect(error.why).toContain('identityId, jwt');
  });

  test('for a clock says which is ahead and by how much', async () => {
    await using world = await openWorld({ faults: ['infisical:skew'] });
    const error = await refusal(world.logIn(), world.secrets);
    expect(error.why).toMatch(/differ by (599|600|601) s \(Infisical is ahead\)/);
  });

  test.each([
    ['https://app.infisical.com', 'https://eu.infisical.com'],
    ['https://eu.infisical.com/api', 'https://app.infisical.com'],
  ])('at %s for an unknown identity names the other region', async (host, other) => {
    await using world = await openWorld();
    const { origin } = new URL(host);
    const error = await refusal(
      world.logIn({
        host,
        identityId: '0f0e0d0c-0000-4000-8000-0000000000ff',
        fetch: (url, init) => fetch(String(url).replace(origin, world.infisical.url), init),
      }),
      world.secrets,
    );
    expect(error.code).toBe('PHX-INFISICAL-NO-OIDC');
    expect(error.next).toContain(`host: ${other}`);
  });

  test('where nothing listens names the address and the system’s word', async () => {
    await using world = await openWorld();
    await world.infisical.close();
    const error = await refusal(world.logIn(), world.secrets);
    expect(error.code).toBe('PHX-INFISICAL-NETWORK');
    expect(error.what).toContain(world.infisical.url);
    expect(error.why).toContain('ECONNREFUSED');
  });

  test('where its certificate is of an unknown authority asks for that authority', async () => {
    const { certificate, key } = createAuthority('a CA of our own').server({ commonName: 'infisical' }, [
      '127.0.0.1',
    ]);
    const server = createServer({ cert: certificate, key }, (_request, response) => response.end('{}'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    try {
      await using world = await openWorld();
      const { port } = server.address() as AddressInfo;
      const error = await refusal(world.logIn({ host: `https://127.0.0.1:${port}` }), world.secrets);
      expect(error.code).toBe('PHX-INFISICAL-TLS');
      expect(error.why).toContain('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
      expect(error.next).toContain('NODE_EXTRA_CA_CERTS=/path/to/ca.pem');
    } finally {
      server.close();
    }
  });

  test('where it does not answer in time says how long was waited', async () => {
    await using world = await openWorld({ faults: ['infisical:slow'] });
    const patience = { attemptMs: 50, budgetMs: 1000, attempts: 2 };
    const error = await refusal(world.logIn({ patience }), world.secrets);
    expect(error.code).toBe('PHX-INFISICAL-TIMEOUT');
    expect(error.why).toContain('0.05 s');
  });
});

describe('secrets that Infisical does not give', () => {
  const names = ['GITHUB_TOKEN', 'TLS_KEY'];
  const place = `project ${projectId}, environment prod, path /`;

  test.each([
    ['infisical:missing-folder', 'PHX-SECRET-MISSING', /the folder exists/],
    ['infisical:no-read', 'PHX-SECRET-MISSING', /reads secret values there/],
    ['infisical:missing-secret', 'PHX-SECRET-MISSING', /Add it there/],
    ['infisical:hidden', 'PHX-SECRET-HIDDEN', /`Read Value`/],
    ['infisical:empty-secret', 'PHX-SECRET-EMPTY', /Give it its value/],
  ])('for %s are %s, named with their path', async (fault, code, next) => {
    await using world = await openWorld({ faults: [fault] });
    await using session = await world.logIn();
    const error = await refusal(session.fetch(names), world.secrets);
    expect(error.code).toBe(code);
    expect(error.next).toMatch(next);
    expect(error.what).toContain('GITHUB_TOKEN, TLS_KEY');
    expect(error.what).toContain(place);
  });

  test('because of a misspelt name offer the near one', async () => {
    await using world = await openWorld();
    await using session = await world.logIn();
    const error = await refusal(session.fetch(['GITHUB_TOKN']), world.secrets);
    expect(error.why).toContain('Did you mean `GITHUB_TOKEN`?');
  });

  test('because of the folder name it', async () => {
    await using world = await openWorld();
    await using session = await world.logIn({ path: '/typo' });
    const error = await refusal(session.fetch(['GITHUB_TOKEN']), world.secrets);
    expect(error.code).toBe('PHX-SECRET-MISSING');
    expect(error.what).toContain('path /typo');
    expect(error.why).toContain('nothing at all');
  });

  test.each([
    [{ role: 'not-a-member' as const }, {}, 'PHX-INFISICAL-FORBIDDEN', identityId],
    [{ role: 'describe' as const }, {}, 'PHX-SECRET-HIDDEN', 'Read Value'],
    [{ role: 'none' as const }, {}, 'PHX-SECRET-MISSING', 'role'],
    [{}, { project: { id: 'another-project' } }, 'PHX-INFISICAL-PROJECT', 'id or slug'],
    [{}, { project: { slug: 'another-slug' } }, 'PHX-INFISICAL-PROJECT', 'id or slug'],
    [{}, { environment: '' }, 'PHX-INFISICAL-INVALID', '`environment`'],
    [{ faults: ['infisical:expired-token'] }, {}, 'PHX-INFISICAL-TOKEN', 'OIDC Auth settings'],
  ])('for reason %# are refused with the next move', async (options, changes, code, word) => {
    await using world = await openWorld(options);
    await using session = await world.logIn(changes);
    const error = await refusal(session.fetch(names), world.secrets);
    expect(error.code).toBe(code);
    expect(`${error.why} ${error.next}`).toContain(word);
  });
});
