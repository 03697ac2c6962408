import { expect } from 'vitest';
import { explain, PhoenixError } from '../../src/errors.ts';
import type { Patience } from '../../src/identity/exchange.ts';
import { requestIdToken } from '../../src/identity/github.ts';
import { type InfisicalLogin, loginToInfisical } from '../../src/identity/infisical.ts';
import type { Session } from '../../src/identity/session.ts';
import { startGithubOidc } from '../../src/rehearsal/stand-ins/github-oidc.ts';
import { startInfisical } from '../../src/rehearsal/stand-ins/infisical.ts';

export const requestToken = 'request-token-of-the-box-0123456789';
export const audience = 'https://infisical.box.invalid';
export const subject = 'repo:tazzo/castle:ref:refs/heads/main';
export const identityId = '0f0e0d0c-0000-4000-8000-000000000001';
export const adminId = '0f0e0d0c-0000-4000-8000-000000000002';
export const projectId = '0f0e0d0c-0000-4000-8000-00000000000a';
export const clientSecret = 'client-secret-of-the-box-abcdef';

export const pem = `-----BEGIN PRIVATE KEY-----\n"quoted'$line"\nMIIÄ\n-----END PRIVATE KEY-----\n`;

export const stored = [
  { environment: 'prod', path: '/', key: 'GITHUB_TOKEN', value: 'github-token-value-1234567890' },
  { environment: 'prod', path: '/', key: 'TLS_KEY', value: pem },
  { environment: 'prod', path: '/', key: 'UNUSED', value: 'unused-value-that-nobody-asked-for' },
  { environment: 'prod', path: '/shared', key: 'GITHUB_TOKEN', value: 'imported-and-beaten' },
  { environment: 'prod', path: '/shared', key: 'FROM_IMPORT', value: 'imported-value-0987654321' },
];

/** Nothing waits for long in a test: three tries, no pauses. */
export const hasty: Patience = { attemptMs: 2000, budgetMs: 20_000, attempts: 3 };
export const noSleep = async () => {};

export interface WorldOptions {
  readonly faults?: readonly string[];
  readonly role?: 'admin' | 'read' | 'describe' | 'none' | 'not-a-member';
  readonly subject?: 'classic' | 'immutable';
  readonly boundSubject?: string;
  readonly accessTokenTTL?: number;
  /** Secrets beside `stored`. */
  readonly more?: readonly (typeof stored)[number][];
  readonly job?: Readonly<Record<string, string>>;
  readonly infisicalNow?: () => number;
  readonly githubNow?: () => number;
}

/** GitHub's issuer and Infisical as real servers that trust one another, and a caller that keeps what it was told. */
export async function openWorld(options: WorldOptions = {}) {
  const faults = [...(options.faults ?? [])];
  const github = await startGithubOidc(
    {
      requestToken,
      job: {
        repository: 'tazzo/castle',
        repositoryId: '4242',
        repositoryOwnerId: '77',
        subject: options.subject ?? 'classic',
        ...options.job,
      },
      faults,
    },
    options.githubNow ? { now: options.githubNow } : {},
  );
  const ttl = options.accessTokenTTL ?? 3600;
  const infisical = await startInfisical(
    {
      project: { id: projectId, slug: 'castle-x1y2' },
      identities: [
        {
          id: identityId,
          role: options.role ?? 'read',
          accessTokenTTL: ttl,
          accessTokenMaxTTL: ttl,
          oidc: {
            discoveryUrl: github.url,
            boundIssuer: github.url,
            boundSubject: options.boundSubject ?? subject,
            boundAudiences: `https://one-more.invalid, ${audience}`,
            boundClaims: { repository_id: '4242' },
          },
          universalAuth: { clientId: 'client-id-of-the-box', clientSecrets: [{ secret: clientSecret }] },
        },
        {
          id: adminId,
          role: 'admin',
          universalAuth: { clientId: 'client-id-of-the-admin', clientSecrets: [{ secret: clientSecret }] },
        },
      ],
      secrets: [...stored, ...(options.more ?? [])],
      imports: [{ into: { environment: 'prod', path: '/' }, from: { environment: 'prod', path: '/shared' } }],
      faults,
    },
    options.infisicalNow ? { now: options.infisicalNow } : {},
  );
  const secrets: string[] = [];
  const warnings: string[] = [];
  const idToken = (wanted = audience) =>
    requestIdToken({
      requestUrl: github.requestUrl,
      requestToken,
      audience: wanted,
      sleep: noSleep,
      patience: hasty,
    });
  const logIn = (changes: Partial<InfisicalLogin> = {}): Promise<Session> =>
    loginToInfisical({
      host: infisical.url,
      identityId,
      project: { id: projectId },
      environment: 'prod',
      path: '/',
      getJwt: () => idToken(),
      onSecret: (value) => secrets.push(value),
      warn: (text) => warnings.push(text),
      sleep: noSleep,
      patience: hasty,
      ...changes,
    });
  return {
    github,
    infisical,
    secrets,
    warnings,
    idToken,
    logIn,
    async [Symbol.asyncDispose]() {
      await Promise.all([github.close(), infisical.close()]);
    },
  };
}

export type World = Awaited<ReturnType<typeof openWorld>>;

/** The PhoenixError that `work` must end with; `secrets` must be nowhere in it. */
export async function refusal(work: Promise<unknown>, secrets: readonly string[]): Promise<PhoenixError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PhoenixError);
  if (!(error instanceof PhoenixError)) throw error;
  const shown = `${explain(error)}\n${error.stack}\n${JSON.stringify(error)}`;
  for (const secret of [...secrets, requestToken, ...stored.map(({ value }) => value)]) {
    expect(shown).not.toContain(secret);
  }
  return error;
}
