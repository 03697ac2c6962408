import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { claimsOf } from '../../src/identity/claims.ts';
import { requestIdToken } from '../../src/identity/github.ts';
import { audience, hasty, noSleep, openWorld, refusal, requestToken } from '../support/identity-world.ts';

const ask = (requestUrl: string, changes = {}) =>
  requestIdToken({ requestUrl, requestToken, audience, sleep: noSleep, patience: hasty, ...changes });

describe('the id token of the job', () => {
  test('is asked for with the audience and told to the mask before it is returned', async () => {
    await using world = await openWorld();
    const told: string[] = [];
    const token = await ask(world.github.requestUrl, { onSecret: (value: string) => told.push(value) });
    expect(told).toEqual([token]);
    expect(claimsOf(token)).toMatchObject({
      iss: world.github.url,
      sub: 'repo:tazzo/castle:ref:refs/heads/main',
      aud: audience,
      repository_id: '4242',
      job_workflow_ref: 'tazzo/castle/.github/workflows/rebirth.yml@refs/heads/main',
    });
    const { iat = 0, nbf, exp } = decodeJwt(token);
    expect({ nbf: (nbf ?? 0) - iat, exp: (exp ?? 0) - iat }).toEqual({ nbf: -600, exp: 300 });
  });

  test('has the owner as audience where none is asked for', async () => {
    await using world = await openWorld();
    const token = await ask(world.github.requestUrl, { audience: undefined });
    expect(claimsOf(token)?.aud).toBe('https://github.com/tazzo');
  });

  test('carries the environment, the immutable form and escaped colons in its subject', async () => {
    await using world = await openWorld({ subject: 'immutable', job: { environment: 'prod:eu' } });
    const token = await ask(world.github.requestUrl);
    expect(claimsOf(token)?.sub).toBe('repo:tazzo@77/castle@4242:environment:prod%3Aeu');
  });

  test('is got on a later try where GitHub answers 500 and 429 first', async () => {
    await using world = await openWorld({ faults: ['github-oidc:500*1', 'github-oidc:429*1'] });
    expect(claimsOf(await ask(world.github.requestUrl))?.aud).toBe(audience);
    expect(world.github.requests.map(({ status }) => status)).toEqual([429, 500, 200]);
  });
});

describe('no id token', () => {
  test.each([
    [{ requestUrl: undefined, requestToken }, 'ACTIONS_ID_TOKEN_REQUEST_URL'],
    [{ requestUrl: 'http://127.0.0.1:1/?a=b', requestToken: '' }, 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'],
  ])('without the permission the YAML to add is shown (%#)', async (variables, missing) => {
    const error = await refusal(requestIdToken({ ...variables, audience }), []);
    expect(error.code).toBe('PHX-OIDC-PERMISSION');
    expect(error.why).toContain(missing);
    expect(error.next).toContain('permissions:\n  contents: read\n  id-token: write');
    expect(error.exitCode).toBe(4);
  });

  test.each([
    ['403', 'PHX-OIDC-REFUSED', 'Run the job again'],
    ['429', 'PHX-OIDC-UNAVAILABLE', 'githubstatus.com'],
    ['500', 'PHX-OIDC-UNAVAILABLE', 'githubstatus.com'],
    ['html', 'PHX-OIDC-ANSWER', 'proxy'],
    ['drop', 'PHX-OIDC-UNREACHABLE', 'actions.githubusercontent.com'],
  ])('because of %s says so and what to do', async (kind, code, next) => {
    await using world = await openWorld({ faults: [`github-oidc:${kind}`] });
    const error = await refusal(ask(world.github.requestUrl), []);
    expect(error.code).toBe(code);
    expect(error.next).toContain(next);
  });

  test('because it does not answer in time says how long was waited', async () => {
    await using world = await openWorld({ faults: ['github-oidc:slow'] });
    const patience = { attemptMs: 50, budgetMs: 1000, attempts: 2 };
    const error = await refusal(ask(world.github.requestUrl, { patience }), []);
    expect(error.code).toBe('PHX-OIDC-UNREACHABLE');
    expect(error.why).toContain('0.05 s');
  });

  test('because the run is cancelled ends at once with the reason of the cancellation', async () => {
    await using world = await openWorld({ faults: ['github-oidc:slow'] });
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('the run was cancelled')), 50);
    const started = Date.now();
    await expect(ask(world.github.requestUrl, { signal: controller.signal })).rejects.toThrow(
      'was cancelled',
    );
    expect(Date.now() - started).toBeLessThan(1500);
  });
});
