import type { z } from 'zod';

/** An error as Infisical's server/plugins/error-handler.ts words it; thrown by the rooms, sent by the routes. */
export class InfisicalRefusal extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, error: string, message: unknown, details?: unknown) {
    super(typeof message === 'string' ? message : error);
    this.status = status;
    this.body = { statusCode: status, message, error, ...(details === undefined ? {} : { details }) };
  }
}

export const badRequest = (message: string) => new InfisicalRefusal(400, 'BadRequest', message);
export const unauthorized = (message = 'You are not allowed to access this resource') =>
  new InfisicalRefusal(401, 'UnauthorizedError', message);
export const forbidden = (message: string) => new InfisicalRefusal(403, 'ForbiddenError', message);
export const notFound = (message: string) => new InfisicalRefusal(404, 'NotFound', message);
export const tokenError = (message: string) => new InfisicalRefusal(403, 'TokenError', message);

/** An identity may not give what it has not itself. */
export const boundaryRefusal = () =>
  new InfisicalRefusal(
    403,
    'PermissionBoundaryError',
    'Failed to create client secret for a more privileged identity.',
  );

/** CASL's refusal: `details` holds the rules that would have applied. */
export const permissionDenied = (action: string, subject: string) =>
  new InfisicalRefusal(403, 'PermissionDenied', `You are not allowed to ${action} on ${subject}`, []);

/** A request that does not fit its schema: 422, and `message` is the list of issues. */
export function parseRequest<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  throw new InfisicalRefusal(422, 'ValidationFailure', parsed.error.issues);
}
