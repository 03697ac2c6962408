import { randomUUID } from 'node:crypto';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { z } from 'zod';
import { type FaultPlan, planFaults } from './faults.ts';
import {
  bearerOf,
  breakCall,
  type Call,
  type RequestRecord,
  type StandIn,
  sendJson,
  serve,
} from './server.ts';

/** The job whose identity the issuer vouches for. Names as GitHub's contexts have them. */
const job = z.strictObject({
  repository: z.string().regex(/^[^/]+\/[^/]+$/),
  repositoryId: z.string().default('1'),
  repositoryOwnerId: z.string().default('1'),
  ref: z.string().default('refs/heads/main'),
  sha: z.string().default('0'.repeat(40)),
  environment: z.string().optional(),
  eventName: z.string().default('workflow_dispatch'),
  workflow: z.string().default('.github/workflows/rebirth.yml'),
  runId: z.string().default('1'),
  runAttempt: z.string().default('1'),
  /** `immutable` is the form with ids, of repositories made after 2026-07-15. */
  subject: z.enum(['classic', 'immutable']).default('classic'),
});

export const githubOidcConfig = z.strictObject({
  /** What the runner has as ACTIONS_ID_TOKEN_REQUEST_TOKEN. */
  requestToken: z.string().min(16),
  job,
  faults: z.array(z.string()).default([]),
});

export interface GithubOidc extends StandIn {
  /** What the runner has as ACTIONS_ID_TOKEN_REQUEST_URL: with a query string, as GitHub's has. */
  readonly requestUrl: string;
}

const tokenPath = '/_apis/distributedtask/hubs/Actions/plans/box/jobs/box/idtoken';

/** GitHub's OIDC issuer: discovery, keys, and the runner's token endpoint. Signs RS256, as GitHub does. */
export async function startGithubOidc(
  config: z.input<typeof githubOidcConfig>,
  options: { readonly now?: () => number; readonly onRequest?: (record: RequestRecord) => void } = {},
): Promise<GithubOidc> {
  const { requestToken, job: vouched, faults: texts } = githubOidcConfig.parse(config);
  const now = options.now ?? Date.now;
  const faults = planFaults('github-oidc', texts);
  const [published, unpublished] = await Promise.all([newKey(), newKey()]);
  let issuer = '';
  const standIn = await serve({
    onRequest: options.onRequest,
    async handle(call) {
      switch (call.url.pathname) {
        case '/.well-known/openid-configuration':
          return sendJson(call, 200, {
            issuer,
            jwks_uri: `${issuer}/.well-known/jwks`,
            subject_types_supported: ['public', 'pairwise'],
            response_types_supported: ['id_token'],
            id_token_signing_alg_values_supported: ['RS256'],
            scopes_supported: ['openid'],
          });
        case '/.well-known/jwks':
          return sendJson(call, 200, { keys: [published.jwk] });
        case tokenPath:
          return await giveToken(call);
        default:
          return sendJson(call, 404, { message: 'Not Found' });
      }
    },
  });
  issuer = standIn.url;

  async function giveToken(call: Call): Promise<void> {
    if (await breakCall(call, faults.strikes)) return;
    if (faults.strikes('429')) return sendJson(call, 429, { message: 'Too many requests' });
    if (faults.strikes('500')) return sendJson(call, 500, { message: 'Internal server error' });
    if (bearerOf(call) !== requestToken || faults.strikes('403')) {
      return sendJson(call, 403, { message: 'Forbidden' });
    }
    const audience = call.url.searchParams.get('audience') ?? `https://github.com/${ownerOf(vouched)}`;
    const claims = claimsFor(vouched, audience, faults);
    const iat = Math.floor(now() / 1000) - (faults.strikes('expired') ? 3600 : 0);
    const forged = faults.strikes('bad-signature');
    const kid = faults.strikes('unknown-key') ? unpublished.jwk.kid : published.jwk.kid;
    const value = await new SignJWT({ ...claims, jti: randomUUID(), iat, nbf: iat - 600, exp: iat + 300 })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: kid ?? '' })
      .setIssuer(issuer)
      .sign(forged ? unpublished.privateKey : published.privateKey);
    call.note(`token for audience ${audience}`);
    sendJson(call, 200, { count: value.length, value });
  }

  return { ...standIn, requestUrl: `${standIn.url}${tokenPath}?api-version=2.0` };
}

type Job = z.output<typeof job>;

function ownerOf({ repository }: Job): string {
  return repository.split('/')[0] ?? '';
}

/** docs.github.com, OpenID Connect reference: environment wins over pull_request, which wins over ref. */
function subjectOf(of: Job): string {
  const [owner, name] = of.repository.split('/');
  const repository =
    of.subject === 'immutable'
      ? `${owner}@${of.repositoryOwnerId}/${name}@${of.repositoryId}`
      : of.repository;
  const plain = (value: string) => value.replaceAll(':', '%3A');
  if (of.environment !== undefined) return `repo:${repository}:environment:${plain(of.environment)}`;
  if (of.eventName === 'pull_request') return `repo:${repository}:pull_request`;
  return `repo:${repository}:ref:${plain(of.ref)}`;
}

function claimsFor(of: Job, audience: string, faults: FaultPlan<'github-oidc'>): Record<string, string> {
  const workflowRef = `${of.repository}/${of.workflow}@${of.ref}`;
  const subject = faults.strikes('wrong-subject')
    ? subjectOf({ ...of, repository: `${ownerOf(of)}/another-repository` })
    : subjectOf(of);
  return {
    sub: subject,
    aud: faults.strikes('wrong-audience') ? 'https://audience-of-somebody-else.invalid' : audience,
    ref: of.ref,
    ref_type: of.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    sha: of.sha,
    repository: of.repository,
    repository_id: of.repositoryId,
    repository_owner: ownerOf(of),
    repository_owner_id: of.repositoryOwnerId,
    repository_visibility: 'private',
    event_name: of.eventName,
    workflow_ref: workflowRef,
    workflow_sha: of.sha,
    job_workflow_ref: workflowRef,
    job_workflow_sha: of.sha,
    run_id: of.runId,
    run_attempt: of.runAttempt,
    run_number: '1',
    runner_environment: 'self-hosted',
    ...(of.environment === undefined ? {} : { environment: of.environment }),
  };
}

async function newKey(): Promise<{ readonly privateKey: CryptoKey; readonly jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { modulusLength: 2048 });
  const jwk = await exportJWK(publicKey);
  return {
    privateKey,
    jwk: { ...jwk, alg: 'RS256', use: 'sig', kid: await calculateJwkThumbprint(jwk) },
  };
}
