import { describe, expect, test } from 'vitest';
import { startStandIn } from '../../src/rehearsal/stand-ins/registry.ts';
import {
  adminId,
  clientSecret,
  identityId,
  openWorld,
  projectId,
  type World,
  type WorldOptions,
} from '../support/identity-world.ts';

async function post(world: World, path: string, body: unknown, token?: string) {
  const response = await fetch(`${world.infisical.url}/api/v1/auth/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function get(world: World, path: string, token: string) {
  const response = await fetch(`${world.infisical.url}/api/${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const loginByUa = (world: World, secret = clientSecret, clientId = 'client-id-of-the-box') =>
  post(world, 'universal-auth/login', { clientId, clientSecret: secret });
const tokenOf = ({ body }: { body: Record<string, unknown> }) => String(body['accessToken']);

describe('the OIDC login of the Infisical stand-in', () => {
  const login = (world: World, jwt: string) => post(world, 'oidc-auth/login', { identityId, jwt });

  test('takes a good token and answers in seconds', async () => {
    await using world = await openWorld();
    const { status, body } = await login(world, await world.idToken());
    expect(status).toBe(200);
    expect(body).toEqual({
      accessToken: expect.any(String),
      expiresIn: 3600,
      accessTokenMaxTTL: 3600,
      tokenType: 'Bearer',
    });
  });

  test('refuses a token whose payload or signature was changed', async () => {
    await using world = await openWorld();
    const [header, payload = '', signature = ''] = (await world.idToken()).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
    const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'repo:tazzo/castle:environment:x' }));
    const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
    for (const jwt of [
      `${header}.${changed.toString('base64url')}.${signature}`,
      `${header}.${payload}.${flipped}`,
      `${unsigned}.${payload}.`,
    ]) {
      const { status, body } = await login(world, jwt);
      expect(status).toBe(401);
      expect(body).toMatchObject({ error: 'UnauthorizedError', message: 'Access denied: invalid signature' });
    }
    expect(await login(world, 'not-a-jwt')).toMatchObject({ status: 401, body: { message: 'Invalid JWT' } });
  });

  test('allows clocks no leeway, in the very second that a token ends and before it begins', async () => {
    const start = Math.floor(Date.now() / 1000) * 1000;
    for (const [offset, status, message] of [
      [299_000, 200, undefined],
      [300_000, 401, 'Access denied: jwt expired'],
      [-600_000, 200, undefined],
      [-601_000, 401, 'Access denied: jwt not active'],
    ] as const) {
      await using world = await openWorld({ githubNow: () => start, infisicalNow: () => start + offset });
      const answer = await login(world, await world.idToken());
      expect({ offset, status: answer.status, message: answer.body['message'] }).toEqual({
        offset,
        status,
        message,
      });
    }
  });

  test.each<[WorldOptions, string | undefined, number, string]>([
    [{ boundSubject: 'repo:tazzo/castle:*' }, undefined, 403, 'Access denied: OIDC subject not allowed.'],
    [{}, 'https://one-more.invalid', 200, ''],
    [{}, 'https://third.invalid', 401, 'Access denied: OIDC audience not allowed.'],
    [{ job: { repositoryId: '1' } }, undefined, 401, 'Access denied: OIDC claim not allowed.'],
    [{ boundSubject: '' }, undefined, 200, ''],
    // The subject is looked at before the audience: both wrong is a 403.
    [{ boundSubject: 'x' }, 'https://third.invalid', 403, 'Access denied: OIDC subject not allowed.'],
  ])('checks what is bound (%#)', async (options, audience, status, message) => {
    await using world = await openWorld(options);
    const answer = await login(world, await world.idToken(audience));
    expect(answer.status).toBe(status);
    expect(answer.body['message'] ?? '').toBe(message);
  });

  test('lists the issues of a request that is not valid, and asks for an identity that has OIDC', async () => {
    await using world = await openWorld();
    const invalid = await post(world, 'oidc-auth/login', { identityId });
    expect(invalid).toMatchObject({
      status: 422,
      body: { statusCode: 422, error: 'ValidationFailure', message: [{ path: ['jwt'] }] },
    });
    const unknown = await post(world, 'oidc-auth/login', { identityId: adminId, jwt: 'x' });
    expect(unknown.status).toBe(404);
  });

  test('takes a form as well as JSON', async () => {
    await using world = await openWorld();
    const response = await fetch(`${world.infisical.url}/api/v1/auth/oidc-auth/login`, {
      method: 'POST',
      body: new URLSearchParams({ identityId, jwt: await world.idToken() }),
    });
    expect(response.status).toBe(200);
  });
});

describe('what External Secrets Operator asks of the Infisical stand-in', () => {
  const query = 'environment=prod&secretPath=%2F&expandSecretReferences=true';

  test('login, list, one secret and revoke are answered as go-sdk 0.5.100 reads them', async () => {
    await using world = await openWorld();
    const token = tokenOf(await loginByUa(world));
    const list = await get(
      world,
      `v3/secrets/raw?workspaceId=&workspaceSlug=castle-x1y2&${query}&include_imports=false&recursive=false`,
      token,
    );
    expect(list).toMatchObject({ status: 200, body: { imports: [] } });
    expect(list.body['secrets']).toHaveLength(3);
    const one = await get(
      world,
      `v3/secrets/raw/FROM_IMPORT?workspaceSlug=castle-x1y2&${query}&include_imports=true&type=shared`,
      token,
    );
    expect(one).toMatchObject({
      status: 200,
      body: { secret: { secretKey: 'FROM_IMPORT', secretValue: 'imported-value-0987654321' } },
    });
    expect((await post(world, 'token/revoke', { accessToken: token }, token)).status).toBe(200);
    expect((await get(world, `v3/secrets/raw?workspaceSlug=castle-x1y2&${query}`, token)).status).toBe(401);
  });

  test('a missing secret is 404, a slug that nobody knows too, and v4 takes no slug', async () => {
    await using world = await openWorld();
    const token = tokenOf(await loginByUa(world));
    const missing = await get(world, `v4/secrets/NONE?projectId=${projectId}&${query}`, token);
    expect(missing).toMatchObject({ status: 404, body: { message: "Secret with name 'NONE' not found" } });
    expect((await get(world, `v3/secrets/raw?workspaceSlug=none&${query}`, token)).status).toBe(404);
    expect((await get(world, `v4/secrets?workspaceSlug=castle-x1y2&${query}`, token)).status).toBe(422);
    expect((await get(world, `v9/secrets?${query}`, token)).body['message']).toMatch(/^Route GET:/);
  });

  test('only its own API is empty where the fault is the cluster’s', async () => {
    await using world = await openWorld({ faults: ['infisical:cluster-empty'] });
    const token = tokenOf(await loginByUa(world));
    const v3 = await get(world, `v3/secrets/raw/GITHUB_TOKEN?workspaceSlug=castle-x1y2&${query}`, token);
    expect(v3.body).toMatchObject({ secret: { secretValue: '' } });
    const v4 = await get(world, `v4/secrets/GITHUB_TOKEN?projectId=${projectId}&${query}`, token);
    expect(v4.body).toMatchObject({ secret: { secretValue: 'github-token-value-1234567890' } });
  });

  test('three wrong secrets lock the client id, the right one included, for five minutes', async () => {
    let time = Date.now();
    await using world = await openWorld({ infisicalNow: () => time });
    for (const _ of [1, 2, 3]) {
      expect((await loginByUa(world, 'wrong')).body['message']).toBe('Invalid credentials');
    }
    expect(await loginByUa(world)).toMatchObject({
      status: 401,
      body: { message: 'This identity auth method is temporarily locked, please try again later' },
    });
    expect((await loginByUa(world, clientSecret, 'client-id-of-the-admin')).status).toBe(200);
    time += 301_000;
    expect((await loginByUa(world)).status).toBe(200);
  });

  test('wrong secrets that are far enough apart lock nobody out', async () => {
    let time = Date.now();
    await using world = await openWorld({ infisicalNow: () => time });
    for (const _ of [1, 2, 3, 4]) {
      await loginByUa(world, 'wrong');
      time += 31_000;
    }
    expect((await loginByUa(world)).status).toBe(200);
  });
});

describe('client secrets and tokens of the Infisical stand-in', () => {
  const base = `universal-auth/identities/${identityId}`;

  test('an administrator makes one, finds it by its description and revokes it with what it gave', async () => {
    await using world = await openWorld();
    const admin = tokenOf(await loginByUa(world, clientSecret, 'client-id-of-the-admin'));
    const made = await post(world, `${base}/client-secrets`, { description: 'run 42', ttl: 3600 }, admin);
    const secret = String(made.body['clientSecret']);
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    const token = tokenOf(await loginByUa(world, secret));
    const { body } = await get(world, `v1/auth/${base}/client-secrets`, admin);
    const found = (body['clientSecretData'] as Record<string, unknown>[]).find(
      ({ description }) => description === 'run 42',
    );
    expect(found).toMatchObject({
      clientSecretPrefix: secret.slice(0, 4),
      clientSecretNumUses: 1,
      clientSecretTTL: 3600,
    });
    expect(JSON.stringify(found)).not.toContain(secret);
    const revoke = `${base}/client-secrets/${String(found?.['id'])}/revoke`;
    expect((await post(world, revoke, {}, admin)).status).toBe(200);
    expect((await loginByUa(world, secret)).status).toBe(401);
    expect((await get(world, `v4/secrets?projectId=${projectId}&environment=prod`, token)).status).toBe(401);
    expect((await post(world, `${base}/client-secrets/none/revoke`, {}, admin)).status).toBe(404);
    expect((await post(world, `${base}/clear-lockouts`, {}, admin)).status).toBe(200);
  });

  test('who is no administrator makes none', async () => {
    await using world = await openWorld();
    const token = tokenOf(await loginByUa(world));
    const refused = await post(world, `${base}/client-secrets`, {}, token);
    expect(refused).toMatchObject({ status: 403, body: { error: 'PermissionDenied' } });
  });

  test('a client secret ends by its time and by its number of uses', async () => {
    let time = Date.now();
    await using world = await openWorld({ infisicalNow: () => time });
    const admin = tokenOf(await loginByUa(world, clientSecret, 'client-id-of-the-admin'));
    const make = async (body: object) =>
      String((await post(world, `${base}/client-secrets`, body, admin)).body['clientSecret']);
    const once = await make({ numUsesLimit: 1 });
    const short = await make({ ttl: 60 });
    expect((await loginByUa(world, once)).status).toBe(200);
    expect((await loginByUa(world, once)).body['message']).toMatch(/usage limit reached/);
    time += 61_000;
    expect((await loginByUa(world, short)).body['message']).toMatch(/expired client secret/);
    expect((await loginByUa(world, short)).body['message']).toBe('Invalid credentials');
  });

  test('a renewal beyond the longest life fails and deletes the token; an expired one is 403 TokenError', async () => {
    let time = Date.now();
    await using world = await openWorld({ infisicalNow: () => time });
    const token = tokenOf(await loginByUa(world));
    time += 10_000;
    expect((await post(world, 'token/renew', { accessToken: token })).status).toBe(401);
    expect((await get(world, `v4/secrets?projectId=${projectId}&environment=prod`, token)).status).toBe(401);
    const other = tokenOf(await loginByUa(world));
    time += 3_601_000;
    const expired = await get(world, `v4/secrets?projectId=${projectId}&environment=prod`, other);
    expect(expired).toMatchObject({
      status: 403,
      body: { error: 'TokenError', message: 'Your token has expired. Please re-authenticate.' },
    });
  });
});

describe('a stand-in', () => {
  test('logs its requests without query, header or body', async () => {
    await using world = await openWorld();
    await using session = await world.logIn();
    await session.fetch(['GITHUB_TOKEN']);
    const log = JSON.stringify([world.infisical.requests, world.github.requests]);
    expect(log).toContain('/api/v4/secrets');
    for (const secret of world.secrets) expect(log).not.toContain(secret);
    expect(log).not.toContain('environment=prod');
  });

  test('is started from its configuration and gone when closed', async () => {
    const standIn = await startStandIn({
      kind: 'github-oidc',
      config: { requestToken: 'request-token-0123456789', job: { repository: 'o/r' } },
    });
    expect(standIn.main).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/.*\?api-version=2\.0$/);
    expect((await fetch(`${standIn.url}/.well-known/jwks`)).status).toBe(200);
    await standIn.close();
    await expect(fetch(`${standIn.url}/.well-known/jwks`)).rejects.toThrow();
  });
});
