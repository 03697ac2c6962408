import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  audience,
  identityId,
  openWorld,
  projectId,
  requestToken,
  subject,
  type World,
  type WorldOptions,
} from '../support/identity-world.ts';
import { smallCastle } from '../support/small-castle.ts';

const answer = z.object({
  checks: z.array(
    z.object({ id: z.string(), status: z.string(), saw: z.string(), next: z.string().optional() }),
  ),
  trust: z.record(z.string(), z.record(z.string(), z.unknown())).nullable().optional(),
  error: z.object({ why: z.string() }).optional(),
});

/** A castle whose Infisical is that of `world`, in a job of GitHub; `more` changes the job. */
async function openCastle(world: World, id = identityId) {
  const place = await smallCastle({ first: { main: '' } });
  await mkdir(join(place.dir, 'home'), { recursive: true });
  const event = join(place.dir, 'home', 'event.json');
  await writeFile(
    event,
    JSON.stringify({ repository: { full_name: 'tazzo/castle', default_branch: 'main' } }),
  );
  await place.write({
    'phoenix.yaml': [
      'version: 1',
      'castle: small',
      'live: live',
      'secrets:',
      `  source: { infisical: { host: '${world.infisical.url}', identity-id: ${id}, project-id: ${projectId}, environment: prod, audience: '${audience}' } }`,
      '',
    ].join('\n'),
  });
  const job = {
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: 'workflow_dispatch',
    GITHUB_EVENT_PATH: event,
    GITHUB_REPOSITORY: 'tazzo/castle',
    GITHUB_REF: 'refs/heads/main',
    ACTIONS_ID_TOKEN_REQUEST_URL: world.github.requestUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
  };
  return {
    place,
    job,
    async trust(more: Readonly<Record<string, string>> = {}) {
      const args = ['doctor', '--trust', '--only', 'event.foreign', '--json'];
      const ended = await place.run(args, { ...job, ...more });
      const said = answer.parse(JSON.parse(ended.stdout));
      return {
        code: ended.code,
        text: ended.output,
        trust: said.trust,
        says: Object.fromEntries(said.checks.map(({ id: name, status, saw }) => [name, `${status} ${saw}`])),
        next: Object.fromEntries(said.checks.map(({ id: name, next }) => [name, next])),
      };
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

/** A server before `target` that lets its answers through, but holds those of `route` until they are released. */
async function holdingFront(target: string, route: string) {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    const body = request.method === 'POST' ? await text(request) : null;
    const headers = Object.fromEntries(
      ['authorization', 'content-type'].flatMap((name) => {
        const value = request.headers[name];
        return typeof value === 'string' ? [[name, value]] : [];
      }),
    );
    const answer = await fetch(`${target}${request.url}`, { method: request.method ?? 'GET', headers, body });
    const said = await answer.text();
    if (request.url?.startsWith(route)) {
      reached.resolve();
      await released.promise;
    }
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(said);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    reached: reached.promise,
    release: () => released.resolve(),
    async [Symbol.asyncDispose]() {
      released.resolve();
      server.closeAllConnections();
      server.close();
    },
  };
}

const look = async (options: WorldOptions = {}, more: Readonly<Record<string, string>> = {}) => {
  await using world = await openWorld(options);
  await using castle = await openCastle(world);
  return { ...(await castle.trust(more)), asked: world.infisical.requests, issued: world.github.requests };
};

const workflow = 'tazzo/castle/.github/workflows/rebirth.yml@refs/heads/main';

describe('doctor --trust in a job', () => {
  test('gives the exact values to bind, for Infisical and for Vault, and never the token', async () => {
    await using world = await openWorld({ job: { environment: 'prod' }, boundSubject: '' });
    await using castle = await openCastle(world);
    const { code, trust, text } = await castle.trust();
    const claims = { repository_id: '4242', job_workflow_ref: workflow, environment: 'prod' };
    const sub = 'repo:tazzo/castle:environment:prod';
    expect(code).toBe(0);
    expect(trust).toEqual({
      token: {
        issuer: world.github.url,
        subject: sub,
        otherSubject: 'repo:tazzo@77/castle@4242:environment:prod',
        audience,
        claims,
      },
      infisical: {
        oidcDiscoveryUrl: world.github.url,
        boundIssuer: world.github.url,
        boundSubject: sub,
        boundAudiences: audience,
        boundClaims: claims,
        accessTokenTTL: 3600,
        accessTokenMaxTTL: 3600,
        accessTokenNumUsesLimit: 0,
      },
      vault: {
        role_type: 'jwt',
        user_claim: 'sub',
        bound_subject: sub,
        bound_audiences: [audience],
        bound_claims_type: 'string',
        bound_claims: claims,
        token_policies: ['phoenix-small'],
        token_ttl: 3600,
        token_max_ttl: 3600,
      },
    });
    expect(text).not.toMatch(/eyJ[\w-]{10}/);
    expect(text).not.toContain(requestToken);
  });

  test('bound as it says, the login succeeds: its own words are what Infisical takes', async () => {
    const { code, says, asked } = await look();
    expect(code).toBe(0);
    expect(says).toMatchObject({
      'event.foreign': 'ok the event workflow_dispatch may rebuild the castle from refs/heads/main',
      'trust.token': `ok the subject of this job is ${subject}`,
      'trust.login': expect.stringMatching(
        /^ok Infisical at http:\S+ takes this job's token and gives one for 3600 s$/,
      ),
    });
    // It changes nothing: what it was given is revoked, and no secret is read.
    expect(asked.map(({ path, status }) => `${path.split('/').slice(3, 6).join('/')} ${status}`)).toEqual([
      'auth/oidc-auth/login 200',
      'auth/oidc-auth/identities 403',
      'auth/token/revoke 200',
    ]);
  });

  test('says of settings that its role may not read that they are not known, not that they are well', async () => {
    const { says, next } = await look();
    expect(says['trust.settings']).toMatch(
      /^skipped could not be read \(403, PermissionDenied, request req-[0-9a-f]+\): whether subject, audience and addresses are bound is not known$/,
    );
    expect(next['trust.settings']).toContain('compare them with the values shown here');
    expect(Object.keys(says)).not.toContain('trust.subject');
  });

  test('warns of every setting that lets in more than this job, with the one that ends it', async () => {
    const { code, says, next } = await look({ faults: ['infisical:wide-trust'] });
    expect(code).toBe(0);
    const warnings = Object.fromEntries(
      Object.entries(says).filter(([, said]) => said.startsWith('warning')),
    );
    expect(warnings).toEqual({
      'trust.lifetime':
        'warning an access token lives 2592000 s, and 2592000 s where it is renewed: so long is one of use that was not revoked',
      'trust.subject':
        'warning no subject is bound: every repository of GitHub may log in as this identity, whose id is no secret',
      'trust.audience':
        'warning no audience is bound: a token that a job gave to any other service logs in here too',
      'trust.addresses': 'warning access tokens may be used from every address (0.0.0.0/0 or ::/0)',
      'trust.uses':
        'warning an access token may be used a limited number of times, and a rebirth that needs one more fails in its middle',
    });
    expect(next['trust.lifetime']).toBe(
      "Set Access Token TTL and Access Token Max TTL to 3600 in the identity's OIDC Auth settings.",
    );
    for (const id of Object.keys(warnings)) expect(next[id]).toMatch(/^Set /);
  });

  test('warns of a long life also where only the login tells it', async () => {
    const { says } = await look({ accessTokenTTL: 7200 });
    expect(says['trust.lifetime']).toContain('warning an access token lives 7200 s');
  });

  test('says that the login fails and why, and still what to bind', async () => {
    const { code, says, next, trust } = await look({ boundSubject: 'repo:tazzo/castle:*' });
    expect(code).toBe(2);
    expect(says['trust.login']).toMatch(
      /^failed PHX-INFISICAL-SUBJECT: Phoenix could not log in to Infisical at http:\S+\.$/,
    );
    expect(next['trust.login']).toContain(`set Subject to exactly \`${subject}\``);
    expect(trust?.['infisical']).toMatchObject({ boundSubject: subject });
  });

  test('says that its token could not be revoked', async () => {
    const { says } = await look({ faults: ['infisical:no-revoke'] });
    expect(says['trust.revoke']).toMatch(
      /^warning Infisical's access token of identity .* could not be revoked/,
    );
  });

  test.each([
    ['SIGINT', 'while its login is on its way', '/api/v1/auth/oidc-auth/login'],
    ['SIGTERM', 'while it reads the settings', '/api/v1/auth/oidc-auth/identities/'],
  ] as const)('stopped by %s %s revokes the token that it was given', async (signal, _, route) => {
    await using world = await openWorld();
    await using front = await holdingFront(world.infisical.url, route);
    await using castle = await openCastle({ ...world, infisical: { ...world.infisical, url: front.url } });
    const args = ['doctor', '--trust', '--only', 'event.foreign', '--json'];
    const doctor = await castle.place.start(args, castle.job);
    await front.reached;
    doctor.kill(signal);
    await doctor.sees(/stopping/);
    front.release();
    expect((await doctor.ended).code).toBe(130);
    const asked = world.infisical.requests.map(({ path, status }) => `${path.split('/').at(-1)} ${status}`);
    expect(asked.filter((each) => each === 'login 200')).toHaveLength(1);
    expect(asked.at(-1)).toBe('revoke 200');
  });

  test('asks for nothing where the event gets no secrets, or the permission is missing', async () => {
    const foreign = await look({}, { GITHUB_EVENT_NAME: 'pull_request_target' });
    expect(foreign).toMatchObject({ code: 2, trust: null, asked: [], issued: [] });
    expect(foreign.says['trust.token']).toContain('failed PHX-IDENTITY-EVENT');
    const silent = await look({}, { ACTIONS_ID_TOKEN_REQUEST_URL: '' });
    expect(silent.says['trust.token']).toContain('failed PHX-OIDC-PERMISSION');
    expect(silent).toMatchObject({ trust: null, asked: [], issued: [] });
  });

  test('outside of a job says that only a job has an identity, and how to run it there', async () => {
    const { code, says, next } = await look({}, { GITHUB_ACTIONS: '', ACTIONS_ID_TOKEN_REQUEST_URL: '' });
    expect(code).toBe(2);
    expect(says['trust.token']).toBe(
      'failed this is no job of GitHub, and only a job has an identity that could be shown',
    );
    expect(next['trust.token']).toContain('`trust: true`');
  });

  test('shows people the settings by the names that they have on the page of Infisical', async () => {
    await using world = await openWorld();
    await using castle = await openCastle(world);
    const { stdout } = await castle.place.run(['doctor', '--trust', '--only', 'event'], castle.job);
    for (const line of [
      /^ {2}OIDC Discovery URL +http:\/\/127\.0\.0\.1:\d+$/m,
      /^ {2}Subject +repo:tazzo\/castle:ref:refs\/heads\/main$/m,
      /^ {2}Audiences +https:\/\/infisical\.box\.invalid$/m,
      /^ {2}Claims +repository_id = 4242$/m,
      /^ {2}Claims +job_workflow_ref = tazzo\/castle\/\.github\/workflows\/rebirth\.yml@refs\/heads\/main$/m,
      /^ {2}Access Token Max TTL +3600$/m,
      /^ {2}Access Token Trusted IPs +\S.*through NAT or a proxy the one that Infisical's audit log shows/m,
      /other form of this subject, repo:tazzo@77\/castle@4242:ref:refs\/heads\/main, does not match/,
      /^vault write auth\/jwt\/role\/phoenix-small - <<'EOF'\n\{\n[\s\S]+?\n\}\nEOF$/m,
    ])
      expect(stdout).toMatch(line);
    const role = /<<'EOF'\n([\s\S]+?)\nEOF$/m.exec(stdout)?.[1] ?? '';
    expect(JSON.parse(role)).toMatchObject({ bound_subject: subject, bound_audiences: [audience] });
  });

  test('through the Action is asked for by `trust: true`', async () => {
    await using world = await openWorld();
    await using castle = await openCastle(world);
    const input = { INPUT_COMMAND: 'doctor', INPUT_ONLY: 'event', INPUT_TRUST: 'true' };
    const ended = await castle.place.run([], { ...castle.job, ...input });
    expect(ended.stdout).toContain("What to set in Infisical, in the identity's OIDC Auth:");
    // The runner masks what it is told by these lines.
    expect(ended.stdout).toMatch(/^::add-mask::eyJ/m);
    const wrong = await castle.place.run([], { ...castle.job, ...input, INPUT_TRUST: 'yes' });
    expect(wrong.output).toContain('PHX-INPUT-VALUE');
  });
});
