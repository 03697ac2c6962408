import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/rehearsal/pki.ts';
import { warmHashicorpVault } from '../support/backends/hashicorp-vault-build.ts';
import { openHashicorpWorld, policy, role, stored } from '../support/hashicorp-world.ts';
import { pem, refusal, requestToken, subject } from '../support/identity-world.ts';
import { smallCastle } from '../support/small-castle.ts';

beforeAll(() => warmHashicorpVault(), 1_800_000);

const values = Object.values(stored).filter((value) => typeof value === 'string' && value.trim() !== '');
const denied = (work: Promise<unknown>, told: readonly string[]) =>
  refusal(work, [...told, ...(values as string[]), stored.MAP.password]);

describe('a session with HashiCorp Vault', () => {
  test('gives the asked keys byte for byte, and no other is known to it', async () => {
    await using world = await openHashicorpWorld();
    await using session = await world.logIn();
    const found = await session.fetch(['GITHUB_TOKEN', 'TLS_KEY']);
    expect(Object.fromEntries(found)).toEqual({ GITHUB_TOKEN: stored.GITHUB_TOKEN, TLS_KEY: pem });
    expect(session.source).toBe(`HashiCorp Vault at ${world.vault.address}`);
    expect(world.secrets).not.toContain(stored.UNUSED);
    expect(world.warnings).toEqual([]);
  });

  test('tells the id token, its own token and each value to the mask, in the order they are known', async () => {
    await using world = await openHashicorpWorld();
    await using session = await world.logIn();
    expect(world.secrets).toHaveLength(2);
    expect(world.secrets[0]?.split('.')).toHaveLength(3);
    expect(world.secrets[1]).toMatch(/^hvs\./);
    await session.fetch(['TLS_KEY']);
    expect(world.secrets[2]).toBe(pem);
  });

  test('takes secrets from other paths and under other keys, asking each path once', async () => {
    await using world = await openHashicorpWorld();
    await world.vault.set('POST', `sys/policies/acl/${policy}`, {
      policy: 'path "secret/data/*" { capabilities = ["read"] }',
    });
    await world.vault.set('POST', 'secret/data/db/main%20one', { data: { password: 'password-of-the-db' } });
    const asked: string[] = [];
    await using session = await world.logIn({
      places: new Map([
        ['DB_PASSWORD', { path: '/db/main one', key: 'password' }],
        ['TOKEN', { key: 'GITHUB_TOKEN' }],
      ]),
      fetch: (url, init) => {
        asked.push(new URL(String(url)).pathname);
        return fetch(url, init);
      },
    });
    const found = await session.fetch(['DB_PASSWORD', 'TOKEN', 'TLS_KEY']);
    expect(Object.fromEntries(found)).toEqual({
      DB_PASSWORD: 'password-of-the-db',
      TOKEN: stored.GITHUB_TOKEN,
      TLS_KEY: pem,
    });
    expect(asked.filter((path) => path.startsWith('/v1/secret/'))).toEqual([
      '/v1/secret/data/db/main%20one',
      '/v1/secret/data/castle/prod',
    ]);
  });

  test('reads a KV engine of version 1 as well, since it asks the server which it is', async () => {
    await using world = await openHashicorpWorld();
    await world.vault.set('POST', 'sys/mounts/team/kv1', { type: 'kv', options: { version: '1' } });
    await world.vault.set('POST', 'team/kv1/castle/prod', { GITHUB_TOKEN: 'token-in-version-one' });
    await world.vault.set('POST', `sys/policies/acl/${policy}`, {
      policy: 'path "team/kv1/castle/prod" { capabilities = ["read"] }',
    });
    await using session = await world.logIn({ mount: 'team/kv1/' });
    expect([...(await session.fetch(['GITHUB_TOKEN'])).values()]).toEqual(['token-in-version-one']);
  });

  test('sends its namespace with every request about secrets and tokens', async () => {
    await using world = await openHashicorpWorld();
    const namespaces: (string | null)[] = [];
    const session = await world.logIn({
      namespace: 'admin/castle',
      // The open edition ignores the header: what is sent is looked at here.
      fetch: (url, init) => {
        namespaces.push(new Headers(init?.headers).get('x-vault-namespace'));
        return fetch(url, init);
      },
    });
    await session.fetch(['TLS_KEY']);
    await session[Symbol.asyncDispose]();
    expect(namespaces).toEqual(Array(4).fill('admin/castle'));
  });

  test('revokes its token when it is disposed of: the server takes it no more, and a second time is no trouble', async () => {
    await using world = await openHashicorpWorld();
    const session = await world.logIn();
    const [token = ''] = world.lived;
    expect(await world.isAlive(token)).toBe(true);
    await session[Symbol.asyncDispose]();
    expect(await world.isAlive(token)).toBe(false);
    await session[Symbol.asyncDispose]();
    expect(world.warnings).toEqual([]);
  });

  test('logs in again where its token was revoked behind its back, and revokes both in the end', async () => {
    await using world = await openHashicorpWorld();
    const session = await world.logIn();
    await world.vault.set('POST', 'auth/token/revoke', { token: world.lived[0] });
    expect((await session.fetch(['GITHUB_TOKEN'])).size).toBe(1);
    expect(world.lived).toHaveLength(2);
    await session[Symbol.asyncDispose]();
    expect(await Promise.all(world.lived.map(world.isAlive))).toEqual([false, false]);
    expect(world.warnings).toEqual([]);
  });

  test('logs in again, and never renews, where its token has run out', async () => {
    await using world = await openHashicorpWorld();
    await world.setRole({ token_ttl: 1 });
    let time = Date.now();
    await using session = await world.logIn({ now: () => time });
    await sleep(1500);
    // By its own clock the token still lives: the server is what says that it does not.
    expect((await session.fetch(['GITHUB_TOKEN'])).size).toBe(1);
    time += 3_400_000;
    expect((await session.fetch(['GITHUB_TOKEN'])).size).toBe(1);
    expect(world.lived).toHaveLength(3);
    expect(new Set(world.lived).size).toBe(3);
  });

  test('asks for one fresh id token where the first arrives too late', async () => {
    await using world = await openHashicorpWorld({ faults: ['github-oidc:expired*1'] });
    await using session = await world.logIn();
    expect((await session.fetch(['GITHUB_TOKEN'])).size).toBe(1);
  });

  test.each([
    [
      'lives for more than an hour',
      { token_ttl: 7200, token_max_ttl: 7200 },
      /would live 7200 s .*token_ttl=3600/,
    ],
    [
      'is of the kind that cannot be revoked',
      { token_type: 'batch' },
      /batch token, which nobody can revoke/,
    ],
    ['dies after a few uses', { token_num_uses: 5 }, /may be used 5 times only/],
  ])('warns of a token that %s, with the command that mends it', async (_, changes, warning) => {
    await using world = await openHashicorpWorld();
    await world.setRole(changes);
    await using session = await world.logIn();
    expect((await session.fetch(['GITHUB_TOKEN'])).size).toBe(1);
    expect(world.warnings).toEqual([expect.stringMatching(warning)]);
  });

  test('warns, and does not throw, where it may not revoke its token', async () => {
    await using world = await openHashicorpWorld();
    await world.setRole({ token_no_default_policy: true });
    const session = await world.logIn();
    await session[Symbol.asyncDispose]();
    expect(world.warnings).toEqual([
      expect.stringMatching(
        /could not be revoked \(status 403: the policies .*`default`.*\); it dies by itself \d+ s/,
      ),
    ]);
    const accessors = await world.vault.ask('POST', 'auth/token/lookup', { json: { token: world.lived[0] } });
    expect(accessors.status).toBe(200);
  });
});

describe('a login that HashiCorp Vault refuses', () => {
  test.each([
    [
      'github-oidc:wrong-audience',
      'PHX-HASHICORP-AUDIENCE',
      /bound_audiences=https:\/\/audience-of-somebody-else/,
    ],
    [
      'github-oidc:wrong-subject',
      'PHX-HASHICORP-SUBJECT',
      /bound_subject=repo:tazzo\/another-repository:ref:refs\/heads\/main/,
    ],
    ['github-oidc:unknown-key', 'PHX-HASHICORP-KEYS', /`oidc_discovery_url` must be exactly `http:/],
    ['github-oidc:bad-signature', 'PHX-HASHICORP-KEYS', /`oidc_discovery_url` must be exactly `http:/],
    ['github-oidc:expired', 'PHX-HASHICORP-EXPIRED', /Run the job again/],
  ])('because of %s is %s and says the next move', async (fault, code, next) => {
    await using world = await openHashicorpWorld({ faults: [fault] });
    const error = await denied(world.logIn(), world.secrets);
    expect(error.code).toBe(code);
    expect(error.next).toMatch(next);
    expect(error.class).toBe('identity');
    expect(`${error.what}${error.why}${error.next}`).not.toMatch(/eyJ|error validating/);
  });

  test.each([
    [
      'another audience',
      { bound_audiences: ['https://else.invalid'] },
      'PHX-HASHICORP-AUDIENCE',
      /is bound to another/,
    ],
    ['no audience', { bound_audiences: [] }, 'PHX-HASHICORP-AUDIENCE', /is bound to none/],
    [
      'another subject',
      { bound_subject: 'repo:tazzo/castle:pull_request' },
      'PHX-HASHICORP-SUBJECT',
      /repo:tazzo/,
    ],
    [
      'another value of a claim',
      { bound_claims: { repository_id: '1' } },
      'PHX-HASHICORP-CLAIM',
      /is bound to, repository_id, is missing/,
    ],
    [
      'a claim that is not there',
      { bound_claims: { environment: 'prod' } },
      'PHX-HASHICORP-CLAIM',
      /is bound to, environment, is missing/,
    ],
    [
      'a claim of no name of GitHub’s',
      { bound_claims: { wanted: 'x' } },
      'PHX-HASHICORP-CLAIM',
      /is bound to is missing/,
    ],
    [
      'a user claim that is not there',
      { user_claim: 'actor' },
      'PHX-HASHICORP-CLAIM',
      /is bound to, actor, is missing/,
    ],
    [
      'another address',
      { token_bound_cidrs: ['10.255.255.0/24'] },
      'PHX-HASHICORP-AUTH',
      /token_bound_cidrs/,
    ],
    [
      'a browser',
      { role_type: 'oidc', allowed_redirect_uris: ['http://127.0.0.1'] },
      'PHX-HASHICORP-ROLE',
      /of the type oidc/,
    ],
  ])('because its role is bound to %s says so', async (_, changes, code, why) => {
    await using world = await openHashicorpWorld();
    await world.setRole(changes);
    const error = await denied(world.logIn(), world.secrets);
    expect(error.code).toBe(code);
    expect(error.why).toMatch(why);
  });

  test.each([
    [
      'of a role that is not there',
      { role: 'castel' },
      'PHX-HASHICORP-ROLE',
      /It has no role castel in auth\/jwt/,
    ],
    [
      'at an auth that is not mounted',
      { auth: 'jwt-github' },
      'PHX-HASHICORP-AUTH',
      /nothing is mounted at auth\/jwt-github/,
    ],
  ])('%s names it', async (_, changes, code, why) => {
    await using world = await openHashicorpWorld();
    const error = await denied(world.logIn(changes), world.secrets);
    expect(error.code).toBe(code);
    expect(error.why).toMatch(why);
  });

  test('for its audience is mended by the command that the message gives', async () => {
    await using world = await openHashicorpWorld();
    await world.setRole({ bound_audiences: ['https://else.invalid'] });
    const error = await denied(world.logIn(), world.secrets);
    const [, path = '', fields = ''] = /`vault write (\S+) ([^`]+)`/.exec(error.next) ?? [];
    const pairs = fields.split(' ').map((pair) => /^([^=]+)=(.*)$/.exec(pair)?.slice(1) ?? []);
    await world.vault.set('POST', path, Object.fromEntries(pairs));
    await using session = await world.logIn();
    expect((await session.fetch(['GITHUB_TOKEN'])).size).toBe(1);
  });

  test('for its subject shows the other form too, which looks right and does not match', async () => {
    await using world = await openHashicorpWorld({ subject: 'immutable' });
    const error = await denied(world.logIn(), world.secrets);
    expect(error.next).toContain('bound_subject=repo:tazzo@77/castle@4242:ref:refs/heads/main');
    expect(error.next).toContain(`If \`${subject}\` stands there`);
  });

  test('for its issuer, or for keys that could not be fetched, gives the setting', async () => {
    await using world = await openHashicorpWorld();
    const config = (changes: object) =>
      world.vault.set('POST', 'auth/jwt/config', { oidc_discovery_url: world.github.url, ...changes });
    await config({ bound_issuer: 'https://else.invalid' });
    const issuer = await denied(world.logIn(), world.secrets);
    expect(issuer.code).toBe('PHX-HASHICORP-ISSUER');
    expect(issuer.next).toContain(`exactly \`${world.github.url}\``);
    await world.vault.set('POST', 'sys/auth/bare', { type: 'jwt' });
    await world.vault.set('POST', `auth/bare/role/${role}`, {
      role_type: 'jwt',
      user_claim: 'sub',
      bound_audiences: [world.vault.address],
    });
    const none = await denied(world.logIn({ auth: 'bare' }), world.secrets);
    expect(none.code).toBe('PHX-HASHICORP-KEYS');
    expect(none.next).toContain(`vault write auth/bare/config oidc_discovery_url=${world.github.url}`);
  });

  test('because of a clock says which is ahead, and by how much', async () => {
    const ahead = () => Date.now() + 3_600_000;
    await using world = await openHashicorpWorld({ githubNow: ahead });
    const error = await denied(world.logIn({ now: ahead }), world.secrets);
    expect(error.code).toBe('PHX-HASHICORP-CLOCK');
    expect(error.why).toMatch(/differ by (3599|3600|3601) s \(Vault is behind\)/);
  });

  test('where nothing listens, or a certificate is of an unknown authority, names address and cause', async () => {
    await using world = await openHashicorpWorld();
    const gone = await denied(world.logIn({ address: 'http://127.0.0.1:9' }), world.secrets);
    expect(gone.code).toBe('PHX-HASHICORP-NETWORK');
    expect(gone.what).toContain('http://127.0.0.1:9');
    expect(gone.next).toContain('Check `address`');
    const { certificate, key } = createAuthority('a CA of our own').server({ commonName: 'vault' }, [
      '127.0.0.1',
    ]);
    const server = createServer({ cert: certificate, key }, (_request, response) => response.end('{}'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    try {
      const { port } = server.address() as AddressInfo;
      const error = await denied(world.logIn({ address: `https://127.0.0.1:${port}` }), world.secrets);
      expect(error.code).toBe('PHX-HASHICORP-TLS');
      expect(error.next).toContain('`ca-file`');
    } finally {
      server.close();
    }
  });
});

describe('a HashiCorp Vault that is sealed', () => {
  test('is called so at the login, and in the middle of a session', async () => {
    await using world = await openHashicorpWorld();
    const session = await world.logIn();
    await world.vault.set('POST', 'sys/seal');
    const later = await denied(session.fetch(['GITHUB_TOKEN']), world.secrets);
    const login = await denied(world.logIn(), world.secrets);
    for (const error of [later, login]) {
      expect(error.code).toBe('PHX-HASHICORP-SEALED');
      expect(error.why).toContain('It is sealed (503)');
      expect(error.next).toContain('vault operator unseal');
    }
    await session[Symbol.asyncDispose]();
    expect(world.warnings).toEqual([expect.stringContaining('could not be revoked (status 503)')]);
  });
});

describe('secrets that HashiCorp Vault does not give', () => {
  test.each([
    ['missing', 'GITHUB_TOKN', 'PHX-SECRET-MISSING', /6 other keys\. Did you mean `GITHUB_TOKEN`\?/],
    ['empty', 'EMPTY', 'PHX-SECRET-EMPTY', /only white space/],
    ['a number', 'NUMBER', 'PHX-SECRET-NOT-TEXT', /byte for byte/],
    ['a map', 'MAP', 'PHX-SECRET-NOT-TEXT', /byte for byte/],
  ])('because the key is %s are named with mount and path', async (_, name, code, why) => {
    await using world = await openHashicorpWorld();
    await using session = await world.logIn();
    const error = await denied(session.fetch(['TLS_KEY', name]), world.secrets);
    expect(error.code).toBe(code);
    expect(error.what).toContain(name);
    expect(error.what).toContain('secret/, path castle/prod');
    expect(error.why).toMatch(why);
    expect(error.next).toContain('vault kv patch -mount=secret castle/prod');
  });

  test('because the newest version was deleted say when, and how it comes back', async () => {
    await using world = await openHashicorpWorld();
    await using session = await world.logIn();
    await world.vault.set('DELETE', 'secret/data/castle/prod');
    const error = await denied(session.fetch(['TLS_KEY']), world.secrets);
    expect(error.code).toBe('PHX-SECRET-DELETED');
    expect(error.why).toMatch(/^Version 1, the newest, was deleted at 20\d\d-\d\d-\d\dT[\d:.]+Z\.$/);
    expect(error.next).toContain('vault kv undelete -mount=secret -versions=1 castle/prod');
    await world.vault.set('POST', 'secret/undelete/castle/prod', { versions: [1] });
    expect((await session.fetch(['TLS_KEY'])).get('TLS_KEY')).toBe(pem);
    await world.vault.set('POST', 'secret/destroy/castle/prod', { versions: [1] });
    const gone = await denied(session.fetch(['TLS_KEY']), world.secrets);
    expect(gone.code).toBe('PHX-SECRET-DELETED');
    expect(gone.why).toContain('was destroyed');
  });

  const readAll =
    'path "secret/data/*" { capabilities = ["read"] }\npath "transit/*" { capabilities = ["read"] }';

  test.each([
    ['a path of another', {}, { path: '/other' }, 'PHX-HASHICORP-FORBIDDEN', /`path "secret\/data\/other"/],
    [
      'a path copied from a policy',
      {},
      { path: '/data/castle/prod' },
      'PHX-HASHICORP-FORBIDDEN',
      /leave out the `data\/`: write `\/castle\/prod`/,
    ],
    ['a mount that is not there', {}, { mount: 'secrets' }, 'PHX-HASHICORP-FORBIDDEN', /Check `mount`/],
    [
      'a path that is not there',
      { policy: readAll },
      { path: '/typo' },
      'PHX-SECRET-MISSING',
      /kv get -mount=secret typo/,
    ],
    ['another engine', { policy: readAll }, { mount: 'transit' }, 'PHX-HASHICORP-MOUNT', /of the type kv/],
  ])('because of %s say what to change', async (_, policies, changes, code, next) => {
    await using world = await openHashicorpWorld();
    await world.vault.set('POST', 'sys/mounts/transit', { type: 'transit' });
    if ('policy' in policies) await world.vault.set('POST', `sys/policies/acl/${policy}`, policies);
    await using session = await world.logIn(changes);
    const error = await denied(session.fetch(['TLS_KEY']), world.secrets);
    expect(error.code).toBe(code);
    expect(error.next).toMatch(next);
  });

  test('because of a quota say so after their tries', async () => {
    await using world = await openHashicorpWorld();
    await using session = await world.logIn();
    await world.vault.set('POST', 'sys/quotas/rate-limit/few', { rate: 0.01, path: 'secret/' });
    await session.fetch(['TLS_KEY']);
    const error = await denied(session.fetch(['TLS_KEY']), world.secrets);
    expect(error.code).toBe('PHX-HASHICORP-RATE');
  });
});

describe('doctor --trust', () => {
  test('tries the login of a castle with HashiCorp Vault, shows what to bind, and leaves no token alive', async () => {
    await using world = await openHashicorpWorld();
    await world.setRole({ token_ttl: 7200, token_max_ttl: 7200 });
    await using place = await smallCastle(
      { first: { main: '' } },
      {
        source: `{ hashicorp-vault: { address: '${world.vault.address}', role: ${role}, path: /castle/prod } }`,
        secrets: { GITHUB_TOKEN: { value: '', use: '{}' } },
      },
    );
    const ended = await place.run(['doctor', '--trust', '--only', 'event.foreign'], {
      ACTIONS_ID_TOKEN_REQUEST_URL: world.github.requestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
    });
    expect(ended.output).toContain(
      `HashiCorp Vault at ${world.vault.address}, role castle, takes this job's token`,
    );
    expect(ended.output).toMatch(/would live 7200 s/);
    expect(ended.output).toContain(`"bound_subject": "${subject}"`);
    expect(ended.output).not.toMatch(/hvs\.|eyJ/);
    const { body } = await world.vault.ask('GET', 'auth/token/accessors?list=true');
    expect((body as { readonly data: { readonly keys: unknown[] } }).data.keys).toHaveLength(1);
  });
});
