import { beforeAll, describe, expect, test } from 'vitest';
import { askByGoSdk, type SdkTask, warmGoSdk } from '../support/go-sdk.ts';
import {
  clientSecret,
  identityId,
  openWorld,
  pem,
  projectId,
  type World,
} from '../support/identity-world.ts';

beforeAll(() => warmGoSdk(), 900_000);

const ask = (world: World, changes: Partial<SdkTask> = {}) =>
  askByGoSdk({
    siteUrl: world.infisical.url,
    clientId: 'client-id-of-the-box',
    clientSecret,
    projectId,
    environment: 'prod',
    path: '/',
    key: 'TLS_KEY',
    ...changes,
  });

const pathsOf = (world: World) => world.infisical.requests.map(({ method, path }) => `${method} ${path}`);

describe("Infisical's own client, go-sdk v0.8.0, takes the stand-in for an Infisical:", () => {
  test('it logs in by client secret, lists, reads one and revokes', async () => {
    await using world = await openWorld();
    const { login, list, read, revoke } = await ask(world);
    expect(login).toEqual({ ok: true, seconds: 3600 });
    expect(list?.secrets).toEqual([
      { key: 'FROM_IMPORT', value: 'imported-value-0987654321', path: '/shared' },
      { key: 'GITHUB_TOKEN', value: 'github-token-value-1234567890', path: '/' },
      { key: 'TLS_KEY', value: pem, path: '/' },
      { key: 'UNUSED', value: 'unused-value-that-nobody-asked-for', path: '/' },
    ]);
    expect(read?.secrets).toEqual([{ key: 'TLS_KEY', value: pem, path: '/' }]);
    expect(revoke).toEqual({ ok: true });
    expect(pathsOf(world)).toEqual([
      'POST /api/v1/auth/universal-auth/login',
      'GET /api/v3/secrets/raw',
      'GET /api/v3/secrets/raw/TLS_KEY',
      'POST /api/v1/auth/token/revoke',
    ]);
  });

  test("it logs in by GitHub's id token, and finds the project by its slug", async () => {
    await using world = await openWorld();
    const { login, list } = await ask(world, {
      identityId,
      jwt: await world.idToken(),
      projectId: '',
      projectSlug: 'castle-x1y2',
    });
    expect(login?.ok).toBe(true);
    expect(list?.secrets).toHaveLength(4);
  });

  test('it lists a folder and those below, each secret with its path', async () => {
    await using world = await openWorld();
    const { list } = await ask(world, { recursive: true });
    expect(list?.secrets?.map(({ key, path }) => `${path} ${key}`).toSorted()).toEqual([
      '/ GITHUB_TOKEN',
      '/ TLS_KEY',
      '/ UNUSED',
      '/shared FROM_IMPORT',
      '/shared GITHUB_TOKEN',
    ]);
  });

  test('it lists nothing, without an error, where the folder does not exist', async () => {
    await using world = await openWorld();
    expect((await ask(world, { path: '/none' })).list).toEqual({ ok: true });
  });
});

describe("Infisical's own client reads the stand-in's refusals as its own server's:", () => {
  const refused = (status: number, message: unknown) => ({
    ok: false,
    error: {
      type: 'APIError',
      status,
      reqId: expect.stringMatching(/^req-[0-9a-f]{14}$/),
      message: expect.stringContaining(String(message)),
    },
  });

  test.each<[string, Partial<SdkTask>, 'login' | 'list' | 'read', number, string]>([
    ['a wrong client secret', { clientSecret: 'wrong' }, 'login', 401, 'Invalid credentials'],
    ['an unknown client id', { clientId: 'nobody' }, 'login', 401, 'Invalid credentials'],
    ['a token that is revoked', { revokeFirst: true }, 'list', 401, 'No identity access token found'],
    ['a project that does not exist', { projectId: 'none' }, 'list', 404, "Project with ID 'none' not found"],
    ['a secret that does not exist', { key: 'NONE' }, 'read', 404, "Secret with name 'NONE' not found"],
    ['a request without an environment', { environment: '' }, 'list', 422, ''],
    ['an id token that is none', { jwt: 'none', identityId }, 'login', 401, 'Invalid JWT'],
    [
      'an identity without OIDC',
      { jwt: 'none', identityId: 'none' },
      'login',
      404,
      'OIDC auth method not found for identity, did you configure OIDC auth?',
    ],
  ])('%s', async (_, changes, part, status, message) => {
    await using world = await openWorld();
    expect((await ask(world, changes))[part]).toMatchObject(refused(status, message));
  });

  test('a subject that is not bound', async () => {
    await using world = await openWorld({ boundSubject: 'repo:tazzo/castle:*' });
    const { login } = await ask(world, { jwt: await world.idToken(), identityId });
    expect(login).toMatchObject(refused(403, 'Access denied: OIDC subject not allowed.'));
  });

  test('a token that has expired', async () => {
    await using world = await openWorld({ faults: ['infisical:expired-token'] });
    expect((await ask(world)).list).toMatchObject(refused(403, 'Your token has expired'));
  });

  test('an identity that is no member, and too many requests', async () => {
    await using world = await openWorld({ role: 'not-a-member' });
    expect((await ask(world)).list).toMatchObject(refused(403, 'You are not a member of this project'));
    await using busy = await openWorld({ faults: ['infisical:429'] });
    expect((await ask(busy)).login).toMatchObject(refused(429, 'Rate limit exceeded'));
  });
});
