import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explain, PhoenixError } from '../../src/errors.ts';
import { loginToHashicorp } from '../../src/identity/hashicorp.ts';
import type { HashicorpLogin } from '../../src/identity/hashicorp-login.ts';

const jwt = `e30.${Buffer.from('{"iss":"i","sub":"s","aud":"a"}').toString('base64url')}.c2lnbmF0dXJl`;
const token = 'hvs.access-token-Zq8Xw2Lk';
const value = 'secret-value-Pm4Rt7Yb';

const given = { auth: { client_token: token, lease_duration: 60, token_type: 'service', num_uses: 0 } };
const json = (status: number, body: unknown) => Response.json(body, { status });

/** A login against a server that answers a path by `answer`. */
function logIn(answer: (path: string) => Response, changes: Partial<HashicorpLogin> = {}) {
  const warnings: string[] = [];
  const session = loginToHashicorp({
    address: 'http://127.0.0.1:1',
    auth: 'jwt',
    role: 'castle',
    mount: 'secret',
    path: '/castle',
    getJwt: async () => jwt,
    onSecret: () => {},
    warn: (text) => warnings.push(text),
    fetch: async (url) => answer(new URL(String(url)).pathname.replace('/v1/', '')),
    sleep: async () => {},
    patience: { attemptMs: 1000, budgetMs: 10_000, attempts: 3 },
    ...changes,
  });
  return { session, warnings };
}

async function refused(work: Promise<unknown>): Promise<PhoenixError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PhoenixError) return error;
  throw new Error('no PhoenixError', { cause: error });
}

describe('a HashiCorp Vault that does not work by itself', () => {
  const health = (sealed: boolean) => ({ initialized: true, sealed, standby: true });

  // A cluster of several nodes is not to be had here: statuses and bodies are those of its documentation of sys/health.
  test.each([
    ['a standby that redirects', 307, null, 429, 'PHX-HASHICORP-STANDBY', /is a standby/],
    [
      'a performance standby',
      500,
      { errors: ['x'] },
      473,
      'PHX-HASHICORP-STANDBY',
      /is a performance standby/,
    ],
    [
      'a secondary for disaster recovery',
      400,
      { errors: ['path disabled in replication DR secondary mode'] },
      472,
      'PHX-HASHICORP-STANDBY',
      /for disaster recovery/,
    ],
    [
      'one that was never initialised',
      503,
      { errors: ['x'] },
      501,
      'PHX-HASHICORP-SEALED',
      /never initialised/,
    ],
    ['one that is sealed', 503, { errors: ['Vault is sealed'] }, 503, 'PHX-HASHICORP-SEALED', /is sealed/],
    ['one that fails', 500, { errors: ['x'] }, 200, 'PHX-HASHICORP-SERVER', /failed inside/],
  ])('%s is told by its health page', async (_, status, body, healthStatus, code, why) => {
    const { session } = logIn((path) =>
      path === 'sys/health'
        ? json(healthStatus, health(healthStatus === 503))
        : new Response(body && JSON.stringify(body), { status }),
    );
    const error = await refused(session);
    expect(error.code).toBe(code);
    expect(error.why).toMatch(why);
  });

  test('is not called sealed because a load balancer before it answers 503', async () => {
    const { session } = logIn(() => json(503, { message: 'no healthy upstream' }));
    expect((await refused(session)).code).toBe('PHX-HASHICORP-SERVER');
  });

  test('is asked again where it answers 412, and named where it stays so', async () => {
    let asked = 0;
    const { session } = logIn((path) => {
      if (!path.startsWith('auth/jwt')) return json(200, {});
      asked += 1;
      return asked < 3 ? json(412, { errors: ['required index state not present'] }) : json(200, given);
    });
    await session;
    expect(asked).toBe(3);
    const stays = logIn(() => json(412, { errors: ['required index state not present'] }));
    expect((await refused(stays.session)).code).toBe('PHX-HASHICORP-BEHIND');
  });

  test.each([
    ['wraps its answer', { auth: null, wrap_info: { token: 'hvs.wrapping' } }],
    ['wants a second factor', { auth: { client_token: '', mfa_requirement: { mfa_request_id: 'x' } } }],
  ])('and %s instead of a login is told so', async (_, body) => {
    const { session } = logIn(() => json(200, body));
    const error = await refused(session);
    expect(error.code).toBe('PHX-HASHICORP-ANSWER');
    expect(explain(error)).not.toContain('hvs.');
  });

  test('and shows a web page, or leads elsewhere, is called foreign', async () => {
    for (const answer of [
      () => new Response('<html>Log in to the guest network</html>'),
      () => new Response(null, { status: 302, headers: { location: `https://portal.invalid/${token}` } }),
    ]) {
      const error = await refused(logIn(answer).session);
      expect(error.code).toBe('PHX-HASHICORP-FOREIGN');
      expect(explain(error)).not.toMatch(/guest|portal\.invalid/);
    }
  });

  test('and gives a token for ever is warned of, also where it cannot be revoked', async () => {
    const { session, warnings } = logIn((path) =>
      path.startsWith('auth/jwt')
        ? json(200, { auth: { ...given.auth, lease_duration: 0 } })
        : json(500, { errors: ['x'] }),
    );
    await (await session)[Symbol.asyncDispose]();
    expect(warnings).toEqual([
      expect.stringContaining('would live for ever'),
      expect.stringContaining('it never dies by itself'),
    ]);
  });
});

describe('whatever a server answers', () => {
  const poison = fc.constantFrom(jwt, token, value);
  const poisoned = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 4 }, poison, fc.jsonValue(), tie('list'), tie('body')),
    list: fc.array(tie('any'), { maxLength: 3 }),
    body: fc.record(
      {
        errors: tie('any'),
        data: tie('any'),
        metadata: tie('any'),
        auth: tie('any'),
        warnings: tie('any'),
        type: tie('any'),
        options: tie('any'),
        deletion_time: tie('any'),
        version: tie('any'),
        destroyed: tie('any'),
        KEY: tie('any'),
      },
      { requiredKeys: [] },
    ),
  })).any;
  const errors = fc
    .tuple(
      fc.constantFrom(
        'role',
        'claim',
        'error validating token:',
        'error validating claims: claim',
        'DR secondary',
      ),
      poison,
    )
    .map(([words, secret]) => ({ errors: [`${words} "${secret}" could not be found (aud)`, secret] }));
  const answer = fc.record({
    status: fc.constantFrom(200, 204, 301, 400, 403, 404, 412, 418, 429, 472, 473, 500, 501, 503),
    body: fc.oneof(
      poisoned.map((body) => JSON.stringify(body)),
      errors.map((body) => JSON.stringify(body)),
      poisoned.map((body) => JSON.stringify(body).slice(0, -1)),
      poison.map((secret) => `<html>${secret}</html>`),
      fc.string(),
    ),
  });

  test('Phoenix ends with an error of its own that holds no secret, and revokes without a throw', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(answer, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (answers, lets) => {
          let asked = 0;
          const { session, warnings } = logIn(() => {
            asked += 1;
            if (lets && asked === 1) return json(200, given);
            if (lets && asked === 2) return json(200, { data: { type: 'kv', options: { version: '2' } } });
            const one = answers[asked % answers.length];
            if (one === undefined) throw new TypeError(`fetch failed ${token}`);
            return new Response([204, 301].includes(one.status) ? null : one.body, { status: one.status });
          });
          try {
            await using opened = await session;
            await opened.fetch(['KEY']);
          } catch (error) {
            expect(error).toBeInstanceOf(PhoenixError);
            warnings.push(error instanceof PhoenixError ? explain(error) : '');
          }
          for (const text of warnings) {
            for (const secret of [jwt, token, value]) expect(text).not.toContain(secret);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
