import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { messageOf, PhoenixError } from '../errors.ts';
import type { Outcome, Patience } from './exchange.ts';
import { refusalOf } from './infisical-answers.ts';
import { type InfisicalPlace, infisicalError } from './infisical-errors.ts';
import type { InfisicalSession } from './session.ts';

/** What is needed of a login: a session, or the bare token that a dead run left. */
export type ClientSecretApi = Pick<InfisicalSession, 'ask' | 'place'>;

/** Shapes of routes/v1/identity-universal-auth-router.ts. */
const clientSecret = z.object({
  id: z.string().min(1),
  description: z.string().catch(''),
  clientSecretPrefix: z.string(),
  clientSecretNumUses: z.number(),
  clientSecretNumUsesLimit: z.number(),
  /** Seconds from `createdAt`; 0 is for ever. */
  clientSecretTTL: z.number(),
  createdAt: z.string().optional(),
});

export type ClientSecret = z.output<typeof clientSecret>;

const createAnswer = z.object({ clientSecret: z.string().min(1), clientSecretData: clientSecret });
const listAnswer = z.object({ clientSecretData: z.array(clientSecret) });
const oneAnswer = z.object({ clientSecretData: clientSecret });
const clearAnswer = z.object({ deleted: z.number() });

const universalAuth = z.object({
  identityUniversalAuth: z.object({
    clientId: z.string().min(1),
    // Older servers have no lockout.
    lockoutEnabled: z.boolean().optional(),
    lockoutThreshold: z.number().optional(),
    lockoutDurationSeconds: z.number().optional(),
  }),
});

export type UniversalAuth = z.output<typeof universalAuth>['identityUniversalAuth'];

/** One try only: a second one would leave a second secret, should the first have been made all the same. */
const once: Patience = { attemptMs: 15_000, budgetMs: 15_000, attempts: 1 };
const mintTries = 3;
const betweenMs = 1000;

const routeOf = (identityId: string) => `v1/auth/universal-auth/identities/${encodeURIComponent(identityId)}`;

export async function readUniversalAuth(api: ClientSecretApi, identityId: string): Promise<UniversalAuth> {
  const outcome = await api.ask({ method: 'GET', route: routeOf(identityId) });
  return answered(api, identityId, outcome, universalAuth).identityUniversalAuth;
}

/** The identity's client secrets that are not revoked. */
export async function listClientSecrets(api: ClientSecretApi, identityId: string): Promise<ClientSecret[]> {
  const outcome = await api.ask({ method: 'GET', route: `${routeOf(identityId)}/client-secrets` });
  return answered(api, identityId, outcome, listAnswer).clientSecretData;
}

/** One of them by its id, with how often it was used. */
export async function readClientSecret(
  api: ClientSecretApi,
  identityId: string,
  id: string,
): Promise<ClientSecret> {
  const route = `${routeOf(identityId)}/client-secrets/${encodeURIComponent(id)}`;
  return answered(api, identityId, await api.ask({ method: 'GET', route }), oneAnswer).clientSecretData;
}

/** One that is gone already is no failure. */
export async function revokeClientSecret(
  api: ClientSecretApi,
  identityId: string,
  id: string,
): Promise<void> {
  const route = `${routeOf(identityId)}/client-secrets/${encodeURIComponent(id)}/revoke`;
  const outcome = await api.ask({ method: 'POST', route, json: {} });
  if (outcome.kind === 'json' && outcome.status === 404) return;
  answered(api, identityId, outcome, oneAnswer);
}

/** Revokes what bears exactly this description: what a run made, also where the answer that told its id was lost. */
export async function revokeDescribed(
  api: ClientSecretApi,
  identityId: string,
  description: string,
): Promise<number> {
  const own = (await listClientSecrets(api, identityId)).filter((each) => each.description === description);
  for (const { id } of own) await revokeClientSecret(api, identityId, id);
  return own.length;
}

/** Lets the client id log in again. Gives how many lockouts there were. */
export async function clearLockouts(api: ClientSecretApi, identityId: string): Promise<number> {
  const outcome = await api.ask({ method: 'POST', route: clearLockoutsRoute(identityId), json: {} });
  return answered(api, identityId, outcome, clearAnswer).deleted;
}

export const clearLockoutsRoute = (identityId: string) => `${routeOf(identityId)}/clear-lockouts`;

/**
 * Makes a client secret without a limit of uses: External Secrets logs in at each reconcile. The request is not
 * idempotent, so after a lost answer what it may have made is found by the description and revoked before the next try.
 * `onSecret` is told the secret before anything else is done with it.
 */
export async function mintClientSecret(
  api: ClientSecretApi,
  identityId: string,
  wanted: { readonly description: string; readonly ttlSeconds: number },
  { onSecret, warn, signal }: Minting,
): Promise<{ readonly secret: string; readonly id: string }> {
  const { description, ttlSeconds } = wanted;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await api.ask(
      {
        method: 'POST',
        route: `${routeOf(identityId)}/client-secrets`,
        json: { description, numUsesLimit: 0, ttl: ttlSeconds },
      },
      once,
    );
    const made =
      outcome.kind === 'json' && outcome.status === 200
        ? createAnswer.safeParse(outcome.body).data
        : undefined;
    if (made !== undefined) {
      onSecret(made.clientSecret);
      return { secret: made.clientSecret, id: made.clientSecretData.id };
    }
    const lost = isLost(outcome);
    if (lost) {
      const orphans = await revokeDescribed(api, identityId, description);
      const how =
        orphans === 0
          ? 'none was made'
          : `${orphans} had been made, and ${orphans === 1 ? 'is' : 'are'} revoked`;
      warn(`Infisical's answer to the request for a client secret was lost; ${how}.`);
    }
    const limited = outcome.kind === 'json' && outcome.status === 429;
    if ((!lost && !limited) || attempt >= mintTries) throw refused(api, identityId, outcome);
    const asked = (outcome.kind === 'json' && outcome.retryAfter) || 0;
    await delay(Math.min(30_000, Math.max(betweenMs, asked * 1000)), undefined, { signal });
  }
}

export interface Minting {
  readonly onSecret: (value: string) => void;
  readonly warn: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Whether it may have been done although no answer tells so. A certificate that is refused ends before the request. */
function isLost(outcome: Outcome): boolean {
  if (outcome.kind === 'unreachable') return outcome.reason !== 'tls';
  return outcome.kind === 'foreign' || outcome.status >= 500 || outcome.status < 300;
}

function answered<T>(api: ClientSecretApi, identityId: string, outcome: Outcome, shape: z.ZodType<T>): T {
  const answer =
    outcome.kind === 'json' && outcome.status === 200 ? shape.safeParse(outcome.body).data : undefined;
  if (answer === undefined) throw refused(api, identityId, outcome);
  return answer;
}

function refused({ place }: ClientSecretApi, identityId: string, outcome: Outcome): PhoenixError {
  const { host } = place;
  const what = `Phoenix may not manage the client secrets of identity ${identityId} in Infisical at ${host}.`;
  const { error, trace } = outcome.kind === 'json' ? refusalOf(outcome) : { error: undefined, trace: '' };
  // An access token that is over is a 403 too.
  if (outcome.kind === 'json' && outcome.status === 403 && error !== 'TokenError') {
    const boundary = error === 'PermissionBoundaryError';
    return new PhoenixError({
      code: 'PHX-MINT-FORBIDDEN',
      class: 'identity',
      what,
      why: boundary
        ? `The cluster's identity has rights that identity ${place.identityId}, which this run logged in as, has not (${trace}).`
        : `Identity ${place.identityId}, which this run logged in as, has not the right to (${trace}).`,
      next: boundary
        ? 'Give the cluster’s identity a role with fewer rights than the run’s has, or go back to `pull` (leave `claim.identity` out).'
        : 'Give its role create-token, get-token and delete-token on that identity (docs/claim.md), or go back to `pull` (leave `claim.identity` out).',
    });
  }
  if (outcome.kind === 'json' && outcome.status === 404) {
    return new PhoenixError({
      code: 'PHX-MINT-IDENTITY',
      class: 'identity',
      what: `Infisical at ${host} knows no identity ${identityId} with Universal Auth.`,
      why: `It answered ${trace}, which it also does where the run's identity may not see it.`,
      next: 'Copy the id of the cluster’s identity into `claim.identity`, and add Universal Auth to it in Infisical.',
    });
  }
  return infisicalError({ doing: 'client secrets' }, outcome, place);
}

/** What a failure on a way out is told by: nothing thrown may hide what came before it. */
export function toldFailure(thrown: unknown): string {
  return thrown instanceof PhoenixError ? `${thrown.what} ${thrown.why}` : messageOf(thrown);
}

/** A place that names only what is known where nobody reads secrets any more. */
export function barePlace(host: string, identityId: string): InfisicalPlace {
  return { host, identityId, project: '', environment: '', path: '' };
}
