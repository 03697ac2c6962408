import { z } from 'zod';
import { exchange, type Patience, type Wire } from './exchange.ts';
import { refusalOf } from './infisical-answers.ts';
import { goodLife } from './trust.ts';

/** `{identityOidcAuth}` of GET /api/v1/auth/oidc-auth/identities/:identityId, as far as it tells who may log in. */
const trustAnswer = z.object({
  identityOidcAuth: z.object({
    accessTokenTTL: z.number(),
    accessTokenMaxTTL: z.number(),
    accessTokenNumUsesLimit: z.number(),
    accessTokenTrustedIps: z.array(z.object({ ipAddress: z.string(), prefix: z.number().optional() })),
    boundSubject: z
      .string()
      .nullish()
      .transform((subject) => subject ?? ''),
    boundAudiences: z.string(),
  }),
});

export type TrustSettings = z.output<typeof trustAnswer>['identityOidcAuth'];

export interface Weakness {
  readonly of: 'lifetime' | 'subject' | 'audience' | 'addresses' | 'uses';
  /** One sentence without a full stop. */
  readonly saw: string;
  readonly next: string;
}

const brief: Patience = { attemptMs: 5000, budgetMs: 5000, attempts: 1 };

/** How the identity is bound; where its role may not look, or there is no such answer, why, in words. */
export async function readTrust(
  wire: Wire,
  { host, identityId, token }: { readonly host: string; readonly identityId: string; readonly token: string },
  patience: Patience = brief,
): Promise<TrustSettings | string> {
  const url = `${host}/api/v1/auth/oidc-auth/identities/${encodeURIComponent(identityId)}`;
  const outcome = await exchange(
    { method: 'GET', url, headers: { authorization: `Bearer ${token}` } },
    wire,
    patience,
  );
  if (outcome.kind === 'unreachable') return outcome.code;
  if (outcome.kind === 'foreign') return `${outcome.status}, ${outcome.looks}`;
  const answer =
    outcome.status === 200 ? trustAnswer.safeParse(outcome.body).data?.identityOidcAuth : undefined;
  return answer ?? refusalOf(outcome).trace;
}

/** What lets in more than this job, or for longer than it needs; each with the setting that ends it. */
export function weaknessesOf(settings: TrustSettings): Weakness[] {
  const found: Weakness[] = [];
  const { accessTokenTTL, accessTokenMaxTTL, accessTokenNumUsesLimit, boundSubject, boundAudiences } =
    settings;
  const life = lifeWeakness(accessTokenTTL, accessTokenMaxTTL);
  if (life !== undefined) found.push(life);
  if (boundSubject.trim() === '') {
    found.push({
      of: 'subject',
      saw: 'no subject is bound: every repository of GitHub may log in as this identity, whose id is no secret',
      next: "Set Subject in the identity's OIDC Auth settings; `phoenix doctor --trust` shows the value.",
    });
  } else if (/[*?]/.test(boundSubject)) {
    found.push({
      of: 'subject',
      saw: 'the bound subject is a pattern, which may match other branches, pull requests or repositories',
      next: "Set Subject in the identity's OIDC Auth settings to the exact value; `phoenix doctor --trust` shows it.",
    });
  }
  if (boundAudiences.trim() === '') {
    found.push({
      of: 'audience',
      saw: 'no audience is bound: a token that a job gave to any other service logs in here too',
      next: "Set Audiences in the identity's OIDC Auth settings; `phoenix doctor --trust` shows the value.",
    });
  }
  if (settings.accessTokenTrustedIps.some(isEverywhere)) {
    found.push({
      of: 'addresses',
      saw: 'access tokens may be used from every address (0.0.0.0/0 or ::/0)',
      next: "Set Access Token Trusted IPs to the runner's address, where the plan of your Infisical allows it.",
    });
  }
  if (accessTokenNumUsesLimit !== 0) {
    found.push({
      of: 'uses',
      saw: 'an access token may be used a limited number of times, and a rebirth that needs one more fails in its middle',
      next: "Set Access Token Max Number of Uses to 0 in the identity's OIDC Auth settings.",
    });
  }
  return found;
}

export function lifeWeakness(ttl: number, maxTtl: number): Weakness | undefined {
  if (ttl <= goodLife && maxTtl <= goodLife) return undefined;
  return {
    of: 'lifetime',
    saw: `an access token lives ${ttl} s, and ${maxTtl} s where it is renewed: so long is one of use that was not revoked`,
    next: `Set Access Token TTL and Access Token Max TTL to ${goodLife} in the identity's OIDC Auth settings.`,
  };
}

/** A network of no bits holds every address, whatever stands before it. */
function isEverywhere({ ipAddress, prefix }: TrustSettings['accessTokenTrustedIps'][number]): boolean {
  const bits = ipAddress.split('/')[1];
  return bits === undefined ? prefix === 0 : Number(bits) === 0;
}
