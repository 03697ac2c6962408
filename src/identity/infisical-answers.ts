import { z } from 'zod';
import type { Outcome } from './exchange.ts';

/** Shapes of Infisical's HTTP API (routes/v1/identity-oidc-auth-router.ts, routes v3 and v4 of secrets). */
export const loginAnswer = z.object({
  accessToken: z.string().min(1),
  /** Seconds. */
  expiresIn: z.number().nonnegative(),
  accessTokenMaxTTL: z.number().optional().catch(undefined),
});

const secret = z.object({
  secretKey: z.string(),
  secretValue: z.string(),
  secretValueHidden: z.boolean().optional(),
  secretPath: z.string().optional(),
});

export type ListedSecret = z.output<typeof secret>;

export const listAnswer = z.object({
  secrets: z.array(secret),
  imports: z.array(z.object({ secrets: z.array(secret) })).optional(),
});

const identified = z.object({
  id: z.string().min(1),
  slug: z
    .string()
    .regex(/^[a-z0-9]+(?:[_-][a-z0-9]+)*$/)
    .optional()
    .catch(undefined),
});

/** A project by slug or id: the object itself, or wrapped, by the age of the server. */
export const projectAnswer = z.union([
  identified,
  z.object({ project: identified }).transform(({ project }) => project),
  z.object({ workspace: identified }).transform(({ workspace }) => workspace),
]);

/**
 * The error body `{reqId, statusCode, message, error, details?}`. Its texts may echo what was sent, so `message` is
 * only ever compared with known ones, and what is printed comes from closed lists.
 */
const errorBody = z.object({
  reqId: z
    .string()
    .regex(/^req-[\w-]{1,40}$/)
    .optional()
    .catch(undefined),
  error: z
    .enum([
      'BadRequest',
      'UnauthorizedError',
      'ForbiddenError',
      'PermissionDenied',
      'PermissionBoundaryError',
      'TokenError',
      'NotFound',
      'ValidationFailure',
      'RateLimitExceeded',
      'InternalServerError',
      'DatabaseError',
      'GatewayTimeoutError',
    ])
    .optional()
    .catch(undefined),
  message: z.unknown(),
});

const requestFields = new Set([
  'identityId',
  'jwt',
  'projectId',
  'workspaceId',
  'workspaceSlug',
  'slug',
  'environment',
  'secretPath',
]);

export interface Refusal {
  readonly status: number;
  readonly error: string | undefined;
  /** Only to be compared, never to be printed. */
  readonly message: string;
  /** Fields of the request that a 422 complains of. */
  readonly fields: readonly string[];
  /** Status, error name and request id, for people who look it up in Infisical's log. */
  readonly trace: string;
}

/** What an error answer says, from its allow-listed fields. */
export function refusalOf(outcome: Extract<Outcome, { kind: 'json' }>): Refusal {
  const { reqId, error, message } = errorBody.safeParse(outcome.body).data ?? {};
  const issues = z.array(z.object({ path: z.array(z.unknown()) })).safeParse(message).data ?? [];
  return {
    status: outcome.status,
    error,
    message: typeof message === 'string' ? message : '',
    fields: [...requestFields].filter((field) => issues.some(({ path }) => path.includes(field))),
    trace: [outcome.status, error, reqId && `request ${reqId}`].filter(Boolean).join(', '),
  };
}

/** True where the server knows no such route: an older or newer Infisical. Fastify's own words for it. */
export function isRouteMissing(outcome: Outcome): boolean {
  if (outcome.kind !== 'json' || outcome.status !== 404) return false;
  return /^Route (?:GET|POST):/.test(refusalOf(outcome).message);
}

/** True where the access token is no longer taken; a new login helps. An expired one is a 403 named TokenError. */
export function isTokenRefused(outcome: Outcome): boolean {
  if (outcome.kind !== 'json') return false;
  return outcome.status === 401 || (outcome.status === 403 && refusalOf(outcome).error === 'TokenError');
}
