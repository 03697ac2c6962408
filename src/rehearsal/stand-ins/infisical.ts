import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { planFaults } from './faults.ts';
import { authRoutes } from './infisical-auth-routes.ts';
import { createClientSecrets } from './infisical-client-secrets.ts';
import { infisicalConfig } from './infisical-config.ts';
import { InfisicalRefusal } from './infisical-refusal.ts';
import { secretRoutes } from './infisical-secret-routes.ts';
import type { Route, Server } from './infisical-server.ts';
import { createTokens } from './infisical-tokens.ts';
import { breakCall, type Call, type RequestRecord, type StandIn, sendJson, serve } from './server.ts';
import { strikingCluster } from './struck.ts';

/**
 * Infisical's HTTP API as far as Phoenix and External Secrets Operator's client (go-sdk: universal-auth login, v3 raw
 * secrets, token/revoke) use it. Statuses, bodies and words are those of the real server's source.
 */
export async function startInfisical(
  config: z.input<typeof infisicalConfig>,
  options: { readonly now?: () => number; readonly onRequest?: (record: RequestRecord) => void } = {},
): Promise<StandIn> {
  const parsed = infisicalConfig.parse(config);
  const real = options.now ?? Date.now;
  const faults = strikingCluster(planFaults('infisical', parsed.faults), { dir: parsed.boxDir, now: real });
  const skewMs = faults.strikes('skew') ? 600_000 : 0;
  const now = () => real() + skewMs;
  const server: Server = {
    config: parsed,
    faults,
    now,
    tokens: createTokens(now, () => faults.strikes('expired-token')),
    clientSecrets: createClientSecrets(parsed.identities, now),
  };
  return await serve({ onRequest: options.onRequest, handle: (call) => answer(server, call) });
}

async function answer(server: Server, call: Call): Promise<void> {
  const { faults } = server;
  const path = call.url.pathname;
  call.response.setHeader('date', new Date(server.now()).toUTCString());
  if (path === '/api/status') return sendJson(call, 200, { message: 'Ok', date: new Date(server.now()) });
  if (await breakCall(call, faults.strikes)) return;
  const reqId = `req-${randomBytes(7).toString('hex')}`;
  try {
    strikeAll(faults, call);
    const found = findRoute(call, faults);
    const body = await found.route(server, { call, id: found.id, second: found.second });
    // It was done, and nobody is told.
    if (call.response.destroyed) return;
    if (!faults.strikes('truncated')) return sendJson(call, 200, body);
    const text = JSON.stringify(body);
    call.response.writeHead(200, { 'content-type': 'application/json' });
    call.response.end(text.slice(0, text.length / 2));
  } catch (error) {
    if (!(error instanceof InfisicalRefusal)) throw error;
    call.note(error.message);
    const headers: Record<string, string> =
      error.status === 429
        ? {
            'retry-after': '1',
            'x-ratelimit-limit': '60',
            'x-ratelimit-remaining': '0',
            'x-ratelimit-reset': '1',
          }
        : {};
    if (error.status === 302) headers['location'] = 'http://127.0.0.1/login';
    const { inErrors } = server.config;
    const details = inErrors === undefined ? {} : { details: [{ conditions: inErrors }] };
    sendJson(call, error.status, { reqId, ...error.body, ...details }, headers);
  }
}

function strikeAll(faults: Server['faults'], call: Call): void {
  const strike = (kind: '429' | '500' | 'redirect', refusal: InfisicalRefusal) => {
    if (!faults.strikes(kind)) return;
    call.note(`fault ${kind}`);
    throw refusal;
  };
  strike(
    '429',
    new InfisicalRefusal(429, 'RateLimitExceeded', 'Rate limit exceeded. Please try again in 1 seconds'),
  );
  strike('500', new InfisicalRefusal(500, 'InternalServerError', 'Something went wrong'));
  strike('redirect', new InfisicalRefusal(302, '', ''));
}

function findRoute(call: Call, faults: Server['faults']): { route: Route; id: string; second: string } {
  const { pathname } = call.url;
  const older = pathname.startsWith('/api/v4/') && faults.strikes('no-v4');
  for (const [method, path, route] of older ? [] : [...authRoutes, ...secretRoutes]) {
    const match = method === call.request.method ? path.exec(pathname) : null;
    if (match)
      return { route, id: decodeURIComponent(match[1] ?? ''), second: decodeURIComponent(match[2] ?? '') };
  }
  throw new InfisicalRefusal(404, 'Not Found', `Route ${call.request.method}:${pathname} not found`);
}
