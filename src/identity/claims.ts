import { z } from 'zod';

/** What GitHub says in its id token about the job (docs.github.com, OpenID Connect reference). */
const claims = z.object({
  iss: z.string(),
  sub: z.string(),
  aud: z
    .union([z.string(), z.array(z.string())])
    .transform((aud) => (Array.isArray(aud) ? aud.join(', ') : aud)),
  iat: z.number().optional(),
  nbf: z.number().optional(),
  exp: z.number().optional(),
  repository: z.string().optional(),
  repository_id: z.string().optional(),
  repository_owner: z.string().optional(),
  repository_owner_id: z.string().optional(),
  job_workflow_ref: z.string().optional(),
  environment: z.string().optional(),
});

export type Claims = z.output<typeof claims>;

/**
 * The claims of an id token, decoded and not verified: they are shown to the person who has to bind them, never
 * trusted. Undefined where `jwt` is no JWT, or lacks iss, sub or aud.
 */
export function claimsOf(jwt: string): Claims | undefined {
  const payload = jwt.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    return claims.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/**
 * The same subject in GitHub's other form: `repo:OWNER/REPO:…` and, for repositories made after 2026-07-15 or renamed
 * or transferred since, `repo:OWNER@ID/REPO@ID:…`. A binding made in one form refuses the other. Undefined where the
 * token does not carry the ids.
 */
export function otherSubjectForm(of: Claims): string | undefined {
  const parts = /^repo:([^/@:]+)(@\d+)?\/([^/@:]+)(@\d+)?(:.*)$/s.exec(of.sub);
  if (parts === null) return undefined;
  const [, owner, ownerId, repository, , rest] = parts;
  if (ownerId !== undefined) return `repo:${owner}/${repository}${rest}`;
  if (of.repository_owner_id === undefined || of.repository_id === undefined) return undefined;
  return `repo:${owner}@${of.repository_owner_id}/${repository}@${of.repository_id}${rest}`;
}
