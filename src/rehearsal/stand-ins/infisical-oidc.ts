import { compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose';
import { z } from 'zod';
import type { OidcAuth } from './infisical-config.ts';
import { matchesPolicy } from './infisical-policy.ts';
import { forbidden, unauthorized } from './infisical-refusal.ts';

const discoveryDocument = z.object({ jwks_uri: z.string() });
const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });
const payloadSchema = z.record(z.string(), z.unknown());
const algorithms = ['RS256', 'RS384', 'RS512'];
const issuerMs = 10_000;

/**
 * Verifies an id token for real, against the issuer's own discovery document and keys, in the order and with the words
 * of Infisical's services/identity-oidc-auth: key, signature, times, issuer (401), subject (403), audience, claims (401).
 * There is no leeway for clocks: a token that ends this very second has expired. `now` in milliseconds.
 */
export async function verifyIdToken(jwt: string, auth: OidcAuth, now: number): Promise<void> {
  const keys = await fetchKeys(auth.discoveryUrl);
  const kid = keyIdOf(jwt);
  const candidates = kid === undefined ? keys.slice(0, 10) : keys.filter((key) => key.kid === kid);
  if (kid !== undefined && candidates.length === 0) {
    throw unauthorized(
      `Access denied: Unable to verify JWT signature. The signing key '${kid}' was not found in the OIDC provider's JWKS endpoint. This may indicate an invalid token or misconfigured OIDC provider.`,
    );
  }
  const claims = await verifySignature(jwt, candidates);
  checkTimes(claims, Math.floor(now / 1000));
  if (claims['iss'] !== auth.boundIssuer) {
    throw unauthorized(`Access denied: jwt issuer invalid. expected: ${auth.boundIssuer}`);
  }
  checkBindings(claims, auth);
}

async function fetchKeys(discoveryUrl: string): Promise<JWK[]> {
  try {
    const { jwks_uri } = discoveryDocument.parse(
      await fetchJson(`${discoveryUrl}/.well-known/openid-configuration`),
    );
    return keySet.parse(await fetchJson(jwks_uri)).keys;
  } catch (error) {
    throw unauthorized(
      `Access denied: Failed to fetch OIDC discovery document from ${discoveryUrl}. ${error instanceof Error ? error.name : ''}`,
    );
  }
}

async function fetchJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(issuerMs) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return await response.json();
}

function keyIdOf(jwt: string): string | undefined {
  try {
    return decodeProtectedHeader(jwt).kid;
  } catch {
    throw unauthorized('Invalid JWT');
  }
}

async function verifySignature(jwt: string, keys: readonly JWK[]): Promise<Record<string, unknown>> {
  for (const key of keys) {
    try {
      const { payload } = await compactVerify(jwt, await importJWK(key, 'RS256'), { algorithms });
      return payloadSchema.parse(JSON.parse(Buffer.from(payload).toString('utf8')));
    } catch {
      // Not this key's signature; without a key id the next one may be.
    }
  }
  throw unauthorized('Access denied: invalid signature');
}

function checkTimes(claims: Record<string, unknown>, seconds: number): void {
  const { nbf, exp } = claims;
  if (typeof nbf === 'number' && nbf > seconds) throw unauthorized('Access denied: jwt not active');
  if (typeof exp === 'number' && seconds >= exp) throw unauthorized('Access denied: jwt expired');
}

function checkBindings(claims: Record<string, unknown>, auth: OidcAuth): void {
  if (auth.boundSubject !== '' && !matchesPolicy(String(claims['sub']), auth.boundSubject)) {
    throw forbidden('Access denied: OIDC subject not allowed.');
  }
  const audiences = [claims['aud']].flat();
  if (auth.boundAudiences !== '' && !auth.boundAudiences.split(', ').some((one) => audiences.includes(one))) {
    throw unauthorized('Access denied: OIDC audience not allowed.');
  }
  for (const [name, bound] of Object.entries(auth.boundClaims)) {
    const value = name
      .split('.')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], claims);
    if (!value) throw unauthorized(`Access denied: token has no ${name} field`);
    if (!bound.split(', ').some((one) => matchesPolicy(String(value), one))) {
      throw unauthorized('Access denied: OIDC claim not allowed.');
    }
  }
}
