import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explain, PhoenixError } from '../../src/errors.ts';
import { requestIdToken } from '../../src/identity/github.ts';
import { loginToInfisical, revokeInfisicalToken } from '../../src/identity/infisical.ts';
import { readTrust, weaknessesOf } from '../../src/identity/infisical-trust.ts';

const jwt = `e30.${Buffer.from('{"iss":"i","sub":"s","aud":"a"}').toString('base64url')}.c2lnbmF0dXJl`;
const planted = {
  jwt,
  access: 'access-token-Zq8Xw2Lk',
  value: 'secret-value-Pm4Rt7Yb',
  request: 'request-token-Hn5Vd1Gc',
};
const secrets = Object.values(planted);
const poison = fc.constantFrom(...secrets);
const patience = { attemptMs: 40, budgetMs: 10_000, attempts: 2 };

const login = { accessToken: planted.access, expiresIn: 60, accessTokenMaxTTL: 60, tokenType: 'Bearer' };
const listed = { secretKey: 'KEY', secretValue: planted.value, secretPath: '/', secretValueHidden: false };
/** What the real servers answer, by route. */
const right: Readonly<Record<string, unknown>> = {
  idtoken: { count: 3, value: jwt },
  login,
  slug: { id: 'project', slug: 'castle' },
  secrets: { secrets: [listed], imports: [{ secrets: [listed] }] },
  revoke: { message: 'Successfully revoked access token' },
  identities: {
    identityOidcAuth: {
      ...{ accessTokenTTL: 60, accessTokenMaxTTL: 60, accessTokenNumUsesLimit: 0, boundSubject: 's' },
      ...{ boundAudiences: 'a', accessTokenTrustedIps: [{ ipAddress: '10.0.0.1', prefix: 32 }] },
    },
  },
};
const routes = Object.keys(right);

const deep = (levels: number, open: string, close: string, inside: string) =>
  `${open.repeat(levels)}${inside}${close.repeat(levels)}`;

/** A right answer with one value somewhere in it put for another of a wrong kind, secrets among them. */
const twisted = (body: unknown) =>
  fc
    .tuple(fc.nat(20), fc.oneof(poison, fc.jsonValue(), fc.constantFrom(null, -1, 1e308, '', [], {})))
    .map(([index, wrong]) => {
      let at = 0;
      return JSON.stringify(body, (_, value: unknown) => {
        at += 1;
        return at === index + 1 ? wrong : value;
      });
    });

const bodies = (route: string) =>
  fc.oneof(
    fc.nat(200).map((length) => (JSON.stringify(right[route]) ?? '').slice(0, length)),
    twisted(right[route]),
    poison.map((secret) => `<html><body>${secret}</body></html>`),
    poison.map((secret) =>
      JSON.stringify({ statusCode: 401, error: secret, message: secret, reqId: secret }),
    ),
    poison.map((secret) =>
      JSON.stringify({ error: 'ValidationFailure', message: [{ path: [secret, 'jwt'], message: secret }] }),
    ),
    fc
      .constantFrom('BadRequest', 'TokenError')
      .map((error) =>
        JSON.stringify({ error, message: `OIDC subject not allowed ${planted.access}`, details: secrets }),
      ),
    fc.integer({ min: 1000, max: 20_000 }).map((levels) => deep(levels, '[', ']', `"${planted.value}"`)),
    fc.integer({ min: 1000, max: 20_000 }).map((levels) => deep(levels, '{"a":', '}', `"${planted.value}"`)),
    poison.map((secret) => JSON.stringify({ accessToken: 'x'.repeat(300_000), secrets: secret })),
    fc.string({ unit: 'binary', maxLength: 200 }),
  );

const manner = fc.record({
  status: fc.constantFrom(
    200,
    200,
    200,
    201,
    204,
    302,
    400,
    401,
    403,
    404,
    407,
    418,
    422,
    429,
    500,
    502,
    599,
  ),
  headers: fc.record(
    {
      'content-type': fc.constantFrom('application/json', 'text/html', 'image/png', 'x', planted.access),
      'content-length': fc.constantFrom('0', '5', '99999999999'),
      'content-encoding': fc.constantFrom('gzip', planted.access),
      'retry-after': fc.constantFrom('0', '1', '999999', '-1', planted.access),
      date: fc.constantFrom('never', 'Thu, 01 Jan 1970 00:00:00 GMT', planted.access),
      location: poison,
    },
    { requiredKeys: [] },
  ),
  /** `drips`: slower than an attempt may take; `breaks`: the connection goes in the middle. */
  sent: fc.constantFrom('whole', 'whole', 'whole', 'in pieces', 'drips', 'breaks', 'never', 'endless'),
});

type Manner = typeof manner extends fc.Arbitrary<infer T> ? T : never;
type Answer = Manner & { readonly body: string };

function respond({ status, headers, sent, body }: Answer, signal: AbortSignal): Response | Promise<Response> {
  if (sent === 'never') {
    const { promise, reject } = Promise.withResolvers<Response>();
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    return promise;
  }
  if ([204, 302].includes(status)) return new Response(null, { status, headers });
  if (sent === 'whole') return new Response(body, { status, headers });
  const bytes = Buffer.from(body);
  let at = 0;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) =>
      signal.addEventListener('abort', () => controller.error(signal.reason), { once: true }),
    async pull(controller) {
      if (sent === 'endless') return controller.enqueue(new Uint8Array(4 * 1024 * 1024));
      if (sent === 'breaks' && at > 0) {
        return controller.error(Object.assign(new Error(planted.access), { code: planted.access }));
      }
      if (at >= bytes.length) return controller.close();
      if (sent === 'drips') await new Promise((resolve) => setTimeout(resolve, 30).unref());
      if (signal.aborted) return undefined;
      const step = sent === 'drips' ? 1 : 7 + (bytes.length >> 3);
      controller.enqueue(bytes.subarray(at, at + step));
      at += step;
      return undefined;
    },
  });
  return new Response(stream, { status, headers });
}

/** Right answers, but on `route`; a fetch that fails there says a secret in its error, as undici may say a header. */
function serverWith(route: string, answer: Answer | undefined): typeof globalThis.fetch {
  return async (input, init) => {
    const { pathname } = new URL(String(input));
    const at = routes.find((name) => pathname.split('/').some((part) => part === name)) ?? '';
    if (at !== route) return Response.json(right[at]);
    if (answer === undefined)
      throw new TypeError(`fetch failed: ${planted.access}`, { cause: new Error(jwt) });
    const signal = init?.signal ?? AbortSignal.timeout(1000);
    return respond(answer, signal);
  };
}

/** All that could ever be shown of what was thrown; not the cause, which only a stack of --debug shows, redacted. */
function everything(error: PhoenixError): string {
  return [
    explain(error),
    error.stack,
    error.message,
    JSON.stringify(error),
    inspect({ ...error, cause: undefined }),
  ].join('\n');
}

function expectNoSecret(text: string): void {
  for (const secret of secrets) expect(text).not.toContain(secret);
}

async function everyStep(fetch: typeof globalThis.fetch, told: string[]): Promise<void> {
  const wire = { fetch, sleep: async () => {}, patience };
  const host = 'http://127.0.0.1:1';
  const note = (text: string) => told.push(text);
  await using session = await loginToInfisical({
    ...wire,
    ...{ host, identityId: 'identity', project: { slug: 'castle' }, environment: 'prod', path: '/' },
    recursive: true,
    getJwt: () =>
      requestIdToken({
        ...wire,
        requestUrl: `${host}/idtoken?a=b`,
        requestToken: planted.request,
        audience: 'a',
      }),
    onSecret: () => {},
    warn: note,
  });
  const trust = await readTrust(wire, { host, identityId: 'identity', token: planted.access }, patience);
  if (typeof trust === 'string') note(trust);
  else for (const { saw, next } of weaknessesOf(trust)) note(`${saw} ${next}`);
  await session.fetch(['KEY']);
  note((await revokeInfisicalToken(wire, { host, token: planted.access }, patience)) ?? '');
}

describe('whatever a server answers', () => {
  test('and nothing is wrong, all steps end well: the rest of this would prove nothing otherwise', async () => {
    const told: string[] = [];
    await everyStep(serverWith('none', undefined), told);
    expect(told).toEqual(['']);
  });

  test.each(routes)(
    'at %s, Phoenix ends well or with an error of its own, in time, and shows no secret',
    async (route) => {
      const answers = fc.option(
        fc.tuple(manner, bodies(route)).map(([how, body]): Answer => ({ ...how, body })),
        { nil: undefined, freq: 20 },
      );
      let ended = { well: 0, refused: 0 };
      await fc.assert(
        fc.asyncProperty(answers, async (answer) => {
          const told: string[] = [];
          try {
            await everyStep(serverWith(route, answer), told);
            ended = { ...ended, well: ended.well + 1 };
          } catch (error) {
            expect(error).toBeInstanceOf(PhoenixError);
            if (error instanceof PhoenixError) told.push(everything(error));
            ended = { ...ended, refused: ended.refused + 1 };
          }
          expectNoSecret(told.join('\n'));
        }),
        { numRuns: 80 },
      );
      // Where every answer were taken, or none, the answers would be badly made.
      if (!['revoke', 'identities'].includes(route)) expect(ended.refused).toBeGreaterThan(10);
      expect(ended.well + ended.refused).toBeGreaterThanOrEqual(80);
    },
    60_000,
  );
});
