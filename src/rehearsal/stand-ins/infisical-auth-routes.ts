import { z } from 'zod';
import { verifyIdToken } from './infisical-oidc.ts';
import {
  boundaryRefusal,
  InfisicalRefusal,
  notFound,
  parseRequest,
  permissionDenied,
} from './infisical-refusal.ts';
import { type Asked, callerOf, exactly, type RouteTable, type Server } from './infisical-server.ts';
import { readBody } from './server.ts';

const oidc = '/api/v1/auth/oidc-auth/identities/([^/]+)';
const ua = '/api/v1/auth/universal-auth/identities/([^/]+)';

/** Logins, access tokens and client secrets. */
export const authRoutes: RouteTable = [
  ['POST', exactly('/api/v1/auth/oidc-auth/login'), logInByOidc],
  ['POST', exactly('/api/v1/auth/universal-auth/login'), logInByClientSecret],
  ['POST', exactly('/api/v1/auth/token/renew'), renewToken],
  ['POST', exactly('/api/v1/auth/token/revoke'), revokeToken],
  ['GET', exactly(oidc), getOidcAuth],
  ['GET', exactly(ua), getUniversalAuth],
  ['POST', exactly(`${ua}/client-secrets`), createClientSecret],
  ['GET', exactly(`${ua}/client-secrets`), listClientSecrets],
  ['GET', exactly(`${ua}/client-secrets/([^/]+)`), getClientSecret],
  ['POST', exactly(`${ua}/client-secrets/([^/]+)/revoke`), revokeClientSecret],
  ['POST', exactly(`${ua}/clear-lockouts`), clearLockouts],
];

const oidcLogin = z.object({ identityId: z.string().trim().min(1), jwt: z.string().trim().min(1) });

async function logInByOidc({ config, faults, tokens, now }: Server, { call }: Asked): Promise<unknown> {
  const body = await readBody(call);
  const { identityId, jwt } = parseRequest(oidcLogin, faults.strikes('422') ? {} : body);
  const identity = config.identities.find(({ id }) => id === identityId);
  if (identity?.oidc === undefined || faults.strikes('404-no-oidc')) {
    throw notFound('OIDC auth method not found for identity, did you configure OIDC auth?');
  }
  await verifyIdToken(
    jwt,
    {
      ...identity.oidc,
      ...(faults.strikes('401-audience') ? { boundAudiences: 'https://another-audience.invalid' } : {}),
      ...(faults.strikes('401-issuer') ? { boundIssuer: 'https://another-issuer.invalid' } : {}),
      ...(faults.strikes('401-claim') ? { boundClaims: { repository_id: '0' } } : {}),
      ...(faults.strikes('403-subject') ? { boundSubject: 'repo:somebody/else:ref:refs/heads/main' } : {}),
    },
    now(),
  );
  call.note(`identity ${identity.name}`);
  return await tokens.issue(identity);
}

const uaLogin = z.object({ clientId: z.string().trim().min(1), clientSecret: z.string().trim().min(1) });

async function logInByClientSecret(server: Server, { call }: Asked): Promise<unknown> {
  const { clientId, clientSecret } = parseRequest(uaLogin, await readBody(call));
  if (server.faults.strikes('locked')) server.clientSecrets.lock(clientId);
  const given = server.faults.strikes('cluster-login') ? '' : clientSecret;
  const { identity, clientSecretId } = server.clientSecrets.logIn(clientId, given);
  call.note(`identity ${identity.name}`);
  return await server.tokens.issue(identity, clientSecretId);
}

const tokenBody = z.object({ accessToken: z.string().trim() });

async function renewToken({ tokens }: Server, { call }: Asked): Promise<unknown> {
  return await tokens.renew(parseRequest(tokenBody, await readBody(call)).accessToken);
}

async function revokeToken({ tokens, faults }: Server, { call }: Asked): Promise<unknown> {
  const { accessToken } = parseRequest(tokenBody, await readBody(call));
  if (faults.strikes('no-revoke'))
    throw new InfisicalRefusal(500, 'InternalServerError', 'Something went wrong');
  await tokens.revoke(accessToken);
  return { message: 'Successfully revoked access token' };
}

/** How an identity is bound: only a role that administers identities may see it. */
async function getOidcAuth(server: Server, asked: Asked): Promise<unknown> {
  const by = await callerOf(server, asked);
  const wide = server.faults.strikes('wide-trust');
  if (by.role !== 'admin' && !wide) throw permissionDenied('read', 'identity');
  const identity = server.config.identities.find(({ id }) => id === asked.id);
  if (identity?.oidc === undefined) throw notFound(`Failed to find identity with ID ${asked.id}`);
  const { oidc: auth, accessTokenTTL, accessTokenMaxTTL, accessTokenNumUsesLimit } = identity;
  const ips = wide ? ['0.0.0.0/0', '::/0'] : identity.accessTokenTrustedIps;
  return {
    identityOidcAuth: {
      ...{ id: asked.id, identityId: asked.id, oidcDiscoveryUrl: auth.discoveryUrl, caCert: '' },
      ...{ boundIssuer: auth.boundIssuer, boundClaims: wide ? {} : auth.boundClaims },
      boundSubject: wide ? '' : auth.boundSubject,
      boundAudiences: wide ? '' : auth.boundAudiences,
      accessTokenTTL: wide ? 2_592_000 : accessTokenTTL,
      accessTokenMaxTTL: wide ? 2_592_000 : accessTokenMaxTTL,
      accessTokenNumUsesLimit: wide ? 50 : accessTokenNumUsesLimit,
      accessTokenTrustedIps: ips.map((ip) => {
        const [ipAddress = '', prefix] = ip.split('/');
        return { ipAddress, type: ipAddress.includes(':') ? 'ipv6' : 'ipv4', prefix: Number(prefix) };
      }),
    },
  };
}

async function getUniversalAuth(server: Server, asked: Asked): Promise<unknown> {
  await callerOf(server, asked);
  return { identityUniversalAuth: { identityId: asked.id, ...server.clientSecrets.settingsOf(asked.id) } };
}

const newClientSecret = z.object({
  description: z.string().trim().default(''),
  numUsesLimit: z.number().int().min(0).default(0),
  ttl: z.number().int().min(0).max(315_360_000).default(0),
});

async function createClientSecret(server: Server, asked: Asked): Promise<unknown> {
  const by = await callerOf(server, asked);
  const wanted = parseRequest(newClientSecret, await readBody(asked.call));
  if (server.faults.strikes('mint-forbidden')) throw boundaryRefusal();
  const made = server.clientSecrets.create(by, asked.id, wanted);
  if (server.faults.strikes('mint-lost')) {
    asked.call.note('fault mint-lost');
    asked.call.response.destroy();
  }
  return made;
}

async function listClientSecrets(server: Server, asked: Asked): Promise<unknown> {
  return { clientSecretData: server.clientSecrets.list(await callerOf(server, asked), asked.id) };
}

async function getClientSecret(server: Server, asked: Asked): Promise<unknown> {
  return {
    clientSecretData: server.clientSecrets.get(await callerOf(server, asked), asked.id, asked.second),
  };
}

async function revokeClientSecret(server: Server, asked: Asked): Promise<unknown> {
  const clientSecretData = server.clientSecrets.revoke(await callerOf(server, asked), asked.id, asked.second);
  server.tokens.revokeOfClientSecret(asked.second);
  return { clientSecretData };
}

async function clearLockouts(server: Server, asked: Asked): Promise<unknown> {
  return { deleted: server.clientSecrets.clearLockouts(await callerOf(server, asked), asked.id) };
}
