import { z } from 'zod';
import type { Outcome } from './exchange.ts';

/** Shapes of HashiCorp Vault's HTTP API: auth/jwt/login, sys/internal/ui/mounts, KV versions 1 and 2, sys/health. */
export const loginAnswer = z.object({
  auth: z.object({
    client_token: z.string().min(1),
    /** Seconds; 0 is a token that never ends. */
    lease_duration: z.number().nonnegative(),
    token_type: z.string().optional().catch(undefined),
    /** How often it may be used; 0 is as often as one likes. */
    num_uses: z.number().optional().catch(undefined),
  }),
});

export const mountAnswer = z.object({
  data: z.object({
    type: z.string(),
    options: z.object({ version: z.string().optional() }).nullish(),
  }),
});

const stored = z.record(z.string(), z.unknown());

export const kv1Answer = z.object({ data: stored }).transform(({ data }) => data);
export const kv2Answer = z.object({ data: z.object({ data: stored }) }).transform(({ data }) => data.data);

/** KV v2 answers 404 for a version that was deleted or destroyed, and tells of it. */
export const removedAnswer = z.object({
  data: z.object({
    metadata: z.object({
      version: z.number().int(),
      destroyed: z.boolean(),
      deletion_time: z
        .string()
        .regex(/^\d{4}-\d\d-\d\dT[\d:.]{5,20}Z$/)
        .optional()
        .catch(undefined),
    }),
  }),
});

const errorBody = z.object({ errors: z.array(z.string()) });

/** What Vault complains of. Its texts may echo what was sent: they are only ever compared, never printed. */
export function complaintOf(outcome: Outcome): string {
  if (outcome.kind !== 'json') return '';
  return errorBody.safeParse(outcome.body).data?.errors.join('\n') ?? '';
}

/** Not allowed: the token is dead, or its policies do not reach so far. Older servers do not say which. */
export function isDenied(outcome: Outcome): boolean {
  return outcome.kind === 'json' && outcome.status === 403;
}

/** A 404 that is no complaint: there is nothing at that path. */
export function isNothing(outcome: Outcome): boolean {
  return (
    outcome.kind === 'json' &&
    outcome.status === 404 &&
    !complaintOf(outcome).includes('no handler for route')
  );
}

/** True where the token is known to be gone: expired, revoked or used up. */
export function isTokenGone(outcome: Outcome): boolean {
  return isDenied(outcome) && /invalid token|bad token/.test(complaintOf(outcome));
}

/** What sys/health calls a server by its status, where that is not simply at work. */
const healthStates = new Map([
  [429, 'standby'],
  [472, 'disaster recovery'],
  [473, 'performance standby'],
  [501, 'not initialised'],
  [503, 'sealed'],
] as const);

export type HealthState = typeof healthStates extends Map<number, infer State> ? State : never;

export function healthOf(outcome: Outcome): HealthState | undefined {
  if (outcome.kind !== 'json') return undefined;
  // A load balancer's own 503 is no word of Vault's.
  if (!z.object({ sealed: z.boolean() }).safeParse(outcome.body).success) return undefined;
  return [...healthStates].find(([status]) => status === outcome.status)?.[1];
}
