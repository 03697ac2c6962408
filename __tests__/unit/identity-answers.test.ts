import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explain, PhoenixError } from '../../src/errors.ts';
import { loginToInfisical } from '../../src/identity/infisical.ts';

const jwt = `e30.${Buffer.from('{"iss":"i","sub":"s","aud":"a"}').toString('base64url')}.c2lnbmF0dXJl`;
const token = 'access-token-Zq8Xw2Lk';
const value = 'secret-value-Pm4Rt7Yb';
const poison = fc.constantFrom(jwt, token, value);

/** JSON with the secrets strewn in as values and keys, also in the places that an error body has. */
const poisoned = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, poison, fc.jsonValue(), tie('list'), tie('error')),
  list: fc.array(tie('any'), { maxLength: 3 }),
  error: fc.record(
    {
      reqId: tie('any'),
      statusCode: tie('any'),
      message: tie('any'),
      error: tie('any'),
      details: tie('any'),
      accessToken: tie('any'),
      expiresIn: tie('any'),
      secrets: tie('any'),
      imports: tie('any'),
      path: tie('any'),
    },
    { requiredKeys: [] },
  ),
})).any;

const answer = fc.record({
  status: fc.constantFrom(200, 201, 204, 301, 400, 401, 403, 404, 418, 422, 429, 500, 503),
  body: fc.oneof(
    poisoned.map((body) => JSON.stringify(body)),
    poisoned.map((body) => JSON.stringify(body).slice(0, -1)),
    poison.map((secret) => `<html>${secret}</html>`),
    fc.string(),
  ),
  headers: fc.record(
    {
      'retry-after': fc.constantFrom('1', '-1', 'x', token),
      date: fc.constantFrom('never', token),
      location: poison,
    },
    { requiredKeys: [] },
  ),
});

describe('whatever a server answers', () => {
  test('Phoenix ends with an error of its own that holds no secret, and revokes without a throw', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(answer, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (answers, lets) => {
          let asked = 0;
          const warnings: string[] = [];
          const fetch = async () => {
            asked += 1;
            if (lets && asked === 1)
              return Response.json({
                accessToken: token,
                expiresIn: 60,
                accessTokenMaxTTL: 60,
                tokenType: 'Bearer',
              });
            const given = answers[asked % answers.length];
            if (given === undefined) throw new TypeError(`fetch failed ${token}`);
            const body = [204, 301].includes(given.status) ? null : given.body;
            return new Response(body, { status: given.status, headers: { ...given.headers } });
          };
          try {
            await using session = await loginToInfisical({
              host: 'http://127.0.0.1:1',
              identityId: 'identity',
              project: { slug: 'castle' },
              environment: 'prod',
              path: '/',
              getJwt: async () => jwt,
              onSecret: () => {},
              warn: (text) => warnings.push(text),
              fetch,
              sleep: async () => {},
              patience: { attemptMs: 1000, budgetMs: 10_000, attempts: 2 },
            });
            await session.fetch(['KEY']);
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
