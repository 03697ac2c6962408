import { type Claims, otherSubjectForm } from './claims.ts';

/** The life that an access token should have at most, in seconds: longer than a rebirth, shorter than a thief's day. */
export const goodLife = 3600;

/** What a source of secrets should be bound to, taken from the job's own token: exact values, no patterns. */
export interface Binding {
  readonly issuer: string;
  readonly subject: string;
  /** The same in GitHub's other form, which a binding to the first refuses; undefined where it cannot be told. */
  readonly otherSubject: string | undefined;
  readonly audience: string;
  /** Claims beside the subject that cannot be taken over with a name: the id of the repository, the workflow. */
  readonly claims: Readonly<Record<string, string>>;
}

export function bindingOf(claims: Claims): Binding {
  const { repository_id, job_workflow_ref, environment } = claims;
  const named = { repository_id, job_workflow_ref, environment };
  const known = Object.entries(named).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    issuer: claims.iss,
    subject: claims.sub,
    otherSubject: otherSubjectForm(claims),
    audience: claims.aud,
    claims: Object.fromEntries(known),
  };
}

/** The identity's OIDC authentication as Infisical's API takes it (PATCH /api/v1/auth/oidc-auth/identities/ID). */
export function infisicalTrust({ issuer, subject, audience, claims }: Binding) {
  return {
    oidcDiscoveryUrl: issuer,
    boundIssuer: issuer,
    boundSubject: subject,
    boundAudiences: audience,
    boundClaims: claims,
    accessTokenTTL: goodLife,
    accessTokenMaxTTL: goodLife,
    accessTokenNumUsesLimit: 0,
  };
}

/** The same as a role of HashiCorp Vault's JWT auth (`vault write auth/jwt/role/NAME -`). */
export function vaultTrust({ subject, audience, claims }: Binding, castle: string) {
  return {
    role_type: 'jwt',
    user_claim: 'sub',
    bound_subject: subject,
    bound_audiences: [audience],
    bound_claims_type: 'string',
    bound_claims: claims,
    token_policies: [`phoenix-${castle}`],
    token_ttl: goodLife,
    token_max_ttl: goodLife,
  };
}
