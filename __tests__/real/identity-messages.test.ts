import { describe, expect, test } from 'vitest';
import { explain } from '../../src/errors.ts';
import { requestIdToken } from '../../src/identity/github.ts';
import {
  audience,
  identityId,
  openWorld,
  projectId,
  refusal,
  subject,
  type World,
  type WorldOptions,
} from '../support/identity-world.ts';

/** The whole text, with what differs from run to run under a name. */
function shown(world: World, text: string): string {
  return text
    .replaceAll(world.github.url, 'ISSUER')
    .replaceAll(world.infisical.url, 'HOST')
    .replaceAll(/req-[0-9a-f]{14}/g, 'REQ')
    .replaceAll(/\b(?:599|600|601) s\b/g, '600 s');
}

async function loginSays(options: WorldOptions): Promise<string> {
  await using world = await openWorld(options);
  return shown(world, explain(await refusal(world.logIn(), world.secrets)));
}

async function readSays(options: WorldOptions): Promise<string> {
  await using world = await openWorld(options);
  await using session = await world.logIn();
  return shown(world, explain(await refusal(session.fetch(['GITHUB_TOKEN']), world.secrets)));
}

const settings = "In Infisical open the identity's OIDC Auth settings and";
const workflow = 'tazzo/castle/.github/workflows/rebirth.yml@refs/heads/main';
const immutable = 'repo:tazzo@77/castle@4242:ref:refs/heads/main';
const portal = "instead of Infisical's JSON: a captive portal, a proxy's page, or another site.";
const itself =
  "Check `host` (HOST; the API's own address, by https) and open HOST/api/status from the runner: it must show JSON.";

/** What it is, the world, code, why and next, in full. */
type Row = readonly [string, WorldOptions, string, string, string];

const logins: readonly Row[] = [
  [
    'O2: a subject bound in the other form',
    { boundSubject: immutable },
    'PHX-INFISICAL-SUBJECT',
    `The subject of this job's token is \`${subject}\`, and the identity is bound to another (403, ForbiddenError, request REQ).`,
    `${settings} set Subject to exactly \`${subject}\`. If \`${immutable}\` stands there: that is GitHub's other form of the same subject, and it does not match. A \`*\` there never crosses a \`/\`, so it misses refs/heads/….`,
  ],
  [
    'O2: a token in the immutable form',
    { subject: 'immutable' },
    'PHX-INFISICAL-SUBJECT',
    `The subject of this job's token is \`${immutable}\`, and the identity is bound to another (403, ForbiddenError, request REQ).`,
    `${settings} set Subject to exactly \`${immutable}\`. If \`${subject}\` stands there: that is GitHub's other form of the same subject, and it does not match. A \`*\` there never crosses a \`/\`, so it misses refs/heads/….`,
  ],
  [
    'another audience',
    { faults: ['infisical:401-audience'] },
    'PHX-INFISICAL-AUDIENCE',
    `The audience of this job's token is \`${audience}\`, and the identity is bound to another (401, UnauthorizedError, request REQ).`,
    `${settings} set Audiences to exactly \`${audience}\`, or set \`audience\` in the castle file to what stands there.`,
  ],
  [
    'another issuer',
    { faults: ['infisical:401-issuer'] },
    'PHX-INFISICAL-ISSUER',
    "The issuer of this job's token is `ISSUER`, and the identity is bound to another (401, UnauthorizedError, request REQ).",
    `${settings} set Issuer and the discovery URL to exactly \`ISSUER\`.`,
  ],
  [
    'another claim',
    { faults: ['infisical:401-claim'] },
    'PHX-INFISICAL-CLAIM',
    "A claim that the identity is bound to is missing in this job's token or has another value (401, UnauthorizedError, request REQ).",
    `${settings} compare Claims with this token's: iss \`ISSUER\`, sub \`${subject}\`, aud \`${audience}\`, repository_id \`4242\`, job_workflow_ref \`${workflow}\`.`,
  ],
  [
    'no OIDC on the identity',
    { faults: ['infisical:404-no-oidc'] },
    'PHX-INFISICAL-NO-OIDC',
    `It knows no identity ${identityId} with OIDC authentication (404, NotFound, request REQ).`,
    'Check `identity-id`, and add OIDC Auth to that identity in Infisical.',
  ],
  [
    'a 422, whose message is a list',
    { faults: ['infisical:422'] },
    'PHX-INFISICAL-INVALID',
    'It refused the request as not valid (422, ValidationFailure, request REQ): it complains of identityId, jwt.',
    'Check `identity-id` in the castle file: it is the UUID that Infisical shows on the identity’s page.',
  ],
  [
    'O4: too many requests',
    { faults: ['infisical:429'] },
    'PHX-INFISICAL-RATE',
    'It answered 429 (too many requests) until the retries were used up; it last asked for a pause of 1 s.',
    'Wait 1 s and run again. Infisical Cloud counts per address: other jobs on the same runner egress share the limit.',
  ],
  [
    'O4: a server that fails',
    { faults: ['infisical:500'] },
    'PHX-INFISICAL-SERVER',
    'It failed inside (500, InternalServerError, request REQ), also on repeated tries.',
    'Check HOST/api/status and its log, or status.infisical.com for the cloud, and run again.',
  ],
  [
    'O4: a server that is not there',
    { faults: ['infisical:drop'] },
    'PHX-INFISICAL-NETWORK',
    'It could not be reached (UND_ERR_SOCKET), also on repeated tries.',
    'Check `host` and the way from the runner to it (firewall, proxy, VPN), then run again.',
  ],
  [
    'O9: clocks that differ',
    { faults: ['infisical:skew'] },
    'PHX-INFISICAL-CLOCK',
    'The token is valid by one clock and not by the other: the clocks of this machine and of Infisical differ by 600 s (Infisical is ahead) (401, UnauthorizedError, request REQ).',
    'Set the wrong clock by NTP: `timedatectl` shows on each machine whether it is synchronised.',
  ],
  [
    'a token that is too old on arrival',
    { faults: ['github-oidc:expired'] },
    'PHX-INFISICAL-EXPIRED',
    "GitHub's id token was out of its time when it arrived, also a freshly asked one (401, UnauthorizedError, request REQ).",
    'Run the job again; if it stays, look for what holds requests up between the runner and Infisical.',
  ],
  [
    'O10: a captive portal',
    { faults: ['infisical:html'] },
    'PHX-INFISICAL-FOREIGN',
    `What answered (200) sent a web page ${portal}`,
    itself,
  ],
  [
    'O10: a portal that redirects',
    { faults: ['infisical:redirect'] },
    'PHX-INFISICAL-FOREIGN',
    `What answered (302) sent a redirect ${portal}`,
    itself,
  ],
  [
    'O10: half an answer',
    { faults: ['infisical:truncated'] },
    'PHX-INFISICAL-FOREIGN',
    `What answered (200) sent text that is not JSON, or JSON cut short ${portal}`,
    itself,
  ],
];

const place = `project ${projectId}, environment prod, path /`;

const reads: readonly (readonly [string, string, string, string, string, string])[] = [
  [
    'O6: nothing in the folder',
    'missing-folder',
    'PHX-SECRET-MISSING',
    `Infisical has no GITHUB_TOKEN in ${place}.`,
    'It listed nothing at all there, which it also does where the folder or environment does not exist, or where the identity has no right to read.',
    `In Infisical check that the folder exists, and that the role of identity ${identityId} reads secret values there.`,
  ],
  [
    'O6: a secret that is missing',
    'missing-secret',
    'PHX-SECRET-MISSING',
    `Infisical has no GITHUB_TOKEN in ${place}.`,
    'It listed 4 other secrets there. Did you mean `GITHUB_TOKEN_OLD`?',
    'Add it there in Infisical, or correct the name or `path` in the castle file.',
  ],
  [
    'O6: a secret that is empty',
    'empty-secret',
    'PHX-SECRET-EMPTY',
    `GITHUB_TOKEN in ${place} of Infisical is empty.`,
    'The key is there, but its value is nothing or only white space: what it is for would fail much later.',
    'Give it its value in Infisical, in exactly this environment and path.',
  ],
  [
    'O6: a value that is hidden',
    'hidden',
    'PHX-SECRET-HIDDEN',
    `Infisical hides the value of GITHUB_TOKEN in ${place}.`,
    `The role of identity ${identityId} may see that these secrets exist, and not what they hold.`,
    "In Infisical add `Read Value` on secrets to the identity's role in this project, for this environment and path.",
  ],
  [
    'an identity that is no member',
    '403-not-a-member',
    'PHX-INFISICAL-FORBIDDEN',
    'Phoenix could not read secrets from Infisical at HOST.',
    `The identity ${identityId} is logged in, but may not read project ${projectId} (403, ForbiddenError, request REQ).`,
    `In Infisical add the identity to project ${projectId} with a role that reads secret values in environment prod, path /.`,
  ],
  [
    'O5: a token that is not taken, told from a subject by its TokenError',
    'expired-token',
    'PHX-INFISICAL-TOKEN',
    'Phoenix could not read secrets from Infisical at HOST.',
    'It took the login but not the access token that it gave (403, TokenError, request REQ), also after a new login.',
    "In the identity's OIDC Auth settings check that `Access Token Max Number of Uses` is 0, the TTL is over 60 s and the trusted IPs hold the runner's address.",
  ],
];

describe('the words, in full, for', () => {
  test('O1: a job without `id-token: write`', async () => {
    const error = await refusal(requestIdToken({ requestUrl: undefined, requestToken: undefined }), []);
    expect(explain(error)).toBe(
      [
        'PHX-OIDC-PERMISSION: This job may not ask GitHub for an id token.',
        '  why:  The runner did not set ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN, which it does only in a job that has the permission id-token: write. A job that calls a reusable workflow must grant it too; a pull request of a fork never gets it.',
        '  next: Add to the job:',
        '',
        'permissions:',
        '  contents: read',
        '  id-token: write',
        '',
      ].join('\n'),
    );
  });

  test.each(logins)('%s', async (_, options, code, why, next) => {
    const login = 'Phoenix could not log in to Infisical at HOST.';
    expect(await loginSays(options)).toBe(`${code}: ${login}\n  why:  ${why}\n  next: ${next}`);
  });

  test.each(reads)('%s', async (_, fault, code, what, why, next) => {
    expect(await readSays({ faults: [`infisical:${fault}`] })).toBe(
      `${code}: ${what}\n  why:  ${why}\n  next: ${next}`,
    );
  });

  test.each([
    ['app', 'eu', 'EU'],
    ['us', 'eu', 'EU'],
    ['eu', 'app', 'US'],
  ])('O3: an identity of another region, asked for at %s', async (asked, lives, region) => {
    await using world = await openWorld();
    const host = `https://${asked}.infisical.com`;
    const error = await refusal(
      world.logIn({
        host,
        identityId: 'of-the-other-region',
        fetch: (url, init) => fetch(String(url).replace(host, world.infisical.url), init),
      }),
      world.secrets,
    );
    expect(shown(world, explain(error))).toBe(
      [
        `PHX-INFISICAL-NO-OIDC: Phoenix could not log in to Infisical at ${host}.`,
        '  why:  It knows no identity of-the-other-region with OIDC authentication (404, NotFound, request REQ).',
        `  next: Check \`identity-id\`, and add OIDC Auth to that identity in Infisical. If it lives in the ${region} region, set \`host: https://${lives}.infisical.com\`.`,
      ].join('\n'),
    );
  });

  test('O8: a token that lives for a month', async () => {
    await using world = await openWorld({ accessTokenTTL: 2_592_000 });
    await using _session = await world.logIn();
    expect(world.warnings).toEqual([
      `Infisical's access token would live 2592000 s if its revocation failed. Set the Access Token TTL and Max TTL of identity ${identityId} to 3600 s or less.`,
    ]);
  });
});

/** Revokes the access token behind the session's back, as somebody in Infisical's interface would. */
async function revokeAll(world: World): Promise<void> {
  for (const token of world.secrets.filter((secret) => secret.split('.').length === 3)) {
    await fetch(`${world.infisical.url}/api/v1/auth/token/revoke`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ accessToken: token }),
    });
  }
}

describe('O5: a token that is revoked in the middle of a run', () => {
  test('is replaced by a new login where the identity still may', async () => {
    await using world = await openWorld();
    await using session = await world.logIn();
    await revokeAll(world);
    expect((await session.fetch(['GITHUB_TOKEN'])).size).toBe(1);
    const statuses = world.infisical.requests.map(
      ({ path, status }) => `${path.split('/').at(-1)} ${status}`,
    );
    expect(statuses.filter((each) => !each.startsWith('revoke'))).toEqual([
      'login 200',
      'secrets 401',
      'login 200',
      'secrets 200',
    ]);
  });

  test('ends the run before anything is applied where it may not', async () => {
    await using world = await openWorld();
    let logins = 0;
    await using session = await world.logIn({
      getJwt: () => {
        logins += 1;
        return world.idToken(logins === 1 ? audience : 'https://no-more.invalid');
      },
    });
    await revokeAll(world);
    const error = await refusal(session.fetch(['GITHUB_TOKEN']), world.secrets);
    expect(error.code).toBe('PHX-INFISICAL-AUDIENCE');
    expect(logins).toBe(2);
  });

  test('is of no account once the secrets are read: the run has them, and the revocation finds nothing to do', async () => {
    await using world = await openWorld();
    const session = await world.logIn();
    expect((await session.fetch(['GITHUB_TOKEN'])).size).toBe(1);
    await revokeAll(world);
    await session[Symbol.asyncDispose]();
    expect(world.warnings).toEqual([]);
  });
});
