import { z } from 'zod';

const tokenTtl = z.number().int().positive().max(315_360_000);

const oidcAuth = z.strictObject({
  /** Where `/.well-known/openid-configuration` is fetched. */
  discoveryUrl: z.url(),
  boundIssuer: z.string(),
  /** Empty lets every subject in; so does Infisical. */
  boundSubject: z.string().default(''),
  /** Separated by comma and space; empty lets every audience in. */
  boundAudiences: z.string().default(''),
  boundClaims: z.record(z.string(), z.string()).default({}),
});

const universalAuth = z.strictObject({
  clientId: z.string().min(1),
  clientSecrets: z
    .array(
      z.strictObject({
        secret: z.string().min(1),
        description: z.string().default(''),
        /** Seconds; 0 is for ever. */
        ttl: z.number().int().nonnegative().default(0),
        numUsesLimit: z.number().int().nonnegative().default(0),
      }),
    )
    .default([]),
  lockoutEnabled: z.boolean().default(true),
  lockoutThreshold: z.number().int().positive().default(3),
  lockoutDurationSeconds: z.number().int().positive().default(300),
  lockoutCounterResetSeconds: z.number().int().positive().default(30),
});

const identity = z.strictObject({
  id: z.string().min(1),
  name: z.string().default('box'),
  /** In the project: `admin` also makes client secrets, `describe` sees keys without values, `none` reads nothing. */
  role: z.enum(['admin', 'read', 'describe', 'none', 'not-a-member']).default('read'),
  accessTokenTTL: tokenTtl.default(3600),
  accessTokenMaxTTL: tokenTtl.default(3600),
  accessTokenNumUsesLimit: z.number().int().nonnegative().default(0),
  accessTokenTrustedIps: z.array(z.string()).default(['127.0.0.1/32']),
  oidc: oidcAuth.optional(),
  universalAuth: universalAuth.optional(),
});

const secret = z.strictObject({
  environment: z.string().min(1),
  path: z.string().startsWith('/').default('/'),
  key: z.string().min(1),
  value: z.string(),
});

const scope = z.strictObject({ environment: z.string().min(1), path: z.string().startsWith('/') });

export const infisicalConfig = z.strictObject({
  project: z.strictObject({ id: z.string().min(1), slug: z.string().min(1) }),
  identities: z.array(identity),
  secrets: z.array(secret),
  /** Folder `into` imports folder `from`; later imports win over earlier ones. */
  imports: z.array(z.strictObject({ into: scope, from: scope })).default([]),
  /** Stands in the `details` of every error body, as the request's data does in the real server's. */
  inErrors: z.string().optional(),
  faults: z.array(z.string()).default([]),
  /** The box' folder, where it is one's: by it the faults of the cluster know when they are meant. */
  boxDir: z.string().optional(),
  /** The key of the secret that the cluster's claim waits for. */
  token: z.string().optional(),
});

export type InfisicalConfig = z.output<typeof infisicalConfig>;
export type Identity = z.output<typeof identity>;
export type OidcAuth = z.output<typeof oidcAuth>;
