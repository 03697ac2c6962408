import { randomBytes, randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Identity } from './infisical-config.ts';
import { tokenError, unauthorized } from './infisical-refusal.ts';

interface Issued {
  readonly identity: Identity;
  readonly clientSecretId: string | undefined;
  readonly createdAt: number;
}

const claims = z.object({ identityAccessTokenId: z.string(), identityId: z.string() });

interface LoginAnswer {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly accessTokenMaxTTL: number;
  readonly tokenType: 'Bearer';
}

/** Access tokens: JWTs of the server's own, valid as long as they are signed, in time and on the list. */
export interface Tokens {
  issue(identity: Identity, clientSecretId?: string): Promise<LoginAnswer>;
  /** The identity that a token stands for. 401 where it is revoked or missing, 403 TokenError where it has expired. */
  identify(token: string | undefined): Promise<Identity>;
  /** As older servers do it: a renewal that would pass the max TTL fails, and deletes the token. */
  renew(token: string): Promise<LoginAnswer>;
  revoke(token: string): Promise<void>;
  /** Newer servers deny at once what a revoked client secret had been given. */
  revokeOfClientSecret(clientSecretId: string): void;
}

/** `bornExpired` is asked for every token: one that has already run out when it is given. */
export function createTokens(now: () => number, bornExpired: () => boolean): Tokens {
  const key = randomBytes(32);
  const issued = new Map<string, Issued>();

  async function sign(id: string, { identity }: Issued): Promise<LoginAnswer> {
    const { accessTokenTTL, accessTokenMaxTTL } = identity;
    const iat = Math.floor(now() / 1000) - (bornExpired() ? accessTokenTTL + 1 : 0);
    const accessToken = await new SignJWT({
      identityId: identity.id,
      identityAccessTokenId: id,
      authTokenType: 'identityAccessToken',
    })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt(iat)
      .setExpirationTime(iat + accessTokenTTL)
      .sign(key);
    return { accessToken, expiresIn: accessTokenTTL, accessTokenMaxTTL, tokenType: 'Bearer' };
  }

  async function idOf(token: string): Promise<string> {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['HS256'],
        currentDate: new Date(now()),
      });
      return claims.parse(payload).identityAccessTokenId;
    } catch (error) {
      throw tokenError(
        error instanceof errors.JWTExpired
          ? 'Your token has expired. Please re-authenticate.'
          : 'The provided access token is malformed. Please use a valid token or generate a new one and try again.',
      );
    }
  }

  return {
    async issue(identity, clientSecretId) {
      const id = randomUUID();
      const entry = { identity, clientSecretId, createdAt: now() };
      issued.set(id, entry);
      return await sign(id, entry);
    },
    async identify(token) {
      if (token === undefined) throw unauthorized('Token missing');
      const entry = issued.get(await idOf(token));
      if (entry === undefined) throw unauthorized('No identity access token found');
      return entry.identity;
    },
    async renew(token) {
      const id = await idOf(token);
      const entry = issued.get(id);
      if (entry === undefined) throw unauthorized();
      const { accessTokenTTL, accessTokenMaxTTL } = entry.identity;
      if (now() + accessTokenTTL * 1000 > entry.createdAt + accessTokenMaxTTL * 1000) {
        issued.delete(id);
        throw unauthorized('Failed to renew MI access token past its Max TTL expiration');
      }
      return await sign(id, entry);
    },
    async revoke(token) {
      if (!issued.delete(await idOf(token))) throw unauthorized('No identity access token found');
    },
    revokeOfClientSecret(clientSecretId) {
      for (const [id, entry] of issued) if (entry.clientSecretId === clientSecretId) issued.delete(id);
    },
  };
}
