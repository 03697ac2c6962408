import { createPublicKey, verify } from 'node:crypto';
import { bearerOf, readBody, type StandIn, sendJson, serve } from '../../src/rehearsal/stand-ins/server.ts';

export interface GithubApp extends StandIn {
  /** Installation tokens that were given and not given back. */
  readonly tokens: ReadonlySet<string>;
  /** What a runner was registered with, in order. */
  readonly registered: readonly unknown[];
  /** What each installation token was asked for with. */
  readonly asked: readonly unknown[];
}

/** The API of GitHub that an App registers runners by: its JWT is checked against its public key, as GitHub does. */
export async function startGithubApp(app: {
  readonly clientId: string;
  readonly privateKey: string;
  readonly installation: number;
  readonly scope: string;
  readonly refuses?: boolean;
}): Promise<GithubApp> {
  const publicKey = createPublicKey(app.privateKey);
  const tokens = new Set<string>();
  const registered: unknown[] = [];
  const asked: unknown[] = [];
  const standIn = await serve({
    async handle(call) {
      const { request, url } = call;
      const bearer = bearerOf(call) ?? '';
      const body = await readBody(call);
      switch (`${request.method} ${url.pathname}`) {
        case `POST /app/installations/${app.installation}/access_tokens`: {
          const [head = '', claims = '', signature = ''] = bearer.split('.');
          const signed = Buffer.from(`${head}.${claims}`);
          const { iss, iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<
            string,
            unknown
          >;
          const valid = verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'));
          const now = Date.now() / 1000;
          if (
            !valid ||
            iss !== app.clientId ||
            Number(iat) > now ||
            Number(exp) < now ||
            Number(exp) > now + 600
          )
            return sendJson(call, 401, { message: 'A JSON web token could not be decoded' });
          asked.push(body);
          const token = `ghs_${tokens.size}${'x'.repeat(36)}`;
          tokens.add(token);
          return sendJson(call, 201, { token, permissions: {} });
        }
        case `POST /${app.scope}/actions/runners/generate-jitconfig`:
          if (!tokens.has(bearer)) return sendJson(call, 401, { message: 'Bad credentials' });
          if (app.refuses === true)
            return sendJson(call, 403, { message: 'Resource not accessible by integration' });
          registered.push(body);
          return sendJson(call, 201, {
            runner: { id: registered.length },
            encoded_jit_config: `jit-${registered.length}`,
          });
        case 'DELETE /installation/token':
          tokens.delete(bearer);
          call.response.writeHead(204).end();
          return;
        default:
          return sendJson(call, 404, { message: 'Not Found' });
      }
    },
  });
  return Object.assign(standIn, { tokens, registered, asked });
}
