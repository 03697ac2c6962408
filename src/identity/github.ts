import { z } from 'zod';
import { PhoenixError } from '../errors.ts';
import { exchange, type Outcome, type Patience, type Wire } from './exchange.ts';
import { proxyTrouble } from './proxy.ts';

export interface IdTokenRequest extends Wire {
  /** `ACTIONS_ID_TOKEN_REQUEST_URL`; it already has a query string. */
  readonly requestUrl: string | undefined;
  /** `ACTIONS_ID_TOKEN_REQUEST_TOKEN` */
  readonly requestToken: string | undefined;
  /** Undefined asks for GitHub's default, `https://github.com/OWNER`. */
  readonly audience?: string | undefined;
  /** Told the token before anything else is done with it, so that masking and the leak audit know it. */
  readonly onSecret?: (value: string) => void;
  readonly patience?: Patience;
}

const answer = z.object({ value: z.string().regex(/^[\w-]+\.[\w-]+\.[\w-]+$/) });

/**
 * A fresh id token (JWT) of the running job. It lives about five minutes, so it is asked for just before each login.
 * 429, 5xx and network failures are retried within a budget; `core.getIDToken` gives up at once on 500 and 429.
 */
export async function requestIdToken(request: IdTokenRequest): Promise<string> {
  const { requestUrl, requestToken, audience, onSecret, patience } = request;
  if (!requestUrl || !requestToken) throw noPermission(!requestUrl, !requestToken);
  const outcome = await exchange(
    {
      method: 'GET',
      url: withAudience(requestUrl, audience),
      headers: { authorization: `Bearer ${requestToken}` },
    },
    request,
    patience,
  );
  const token =
    outcome.kind === 'json' && outcome.status === 200
      ? answer.safeParse(outcome.body).data?.value
      : undefined;
  if (token === undefined) throw failure(outcome, new URL(requestUrl).hostname);
  onSecret?.(token);
  return token;
}

function withAudience(requestUrl: string, audience: string | undefined): string {
  if (!URL.canParse(requestUrl)) {
    throw new PhoenixError({
      code: 'PHX-OIDC-URL',
      class: 'identity',
      what: 'GitHub could not be asked for an id token.',
      why: 'ACTIONS_ID_TOKEN_REQUEST_URL is not a URL.',
      next: 'Do not set this variable by hand: the runner sets it in a job that has `permissions: id-token: write`.',
    });
  }
  const url = new URL(requestUrl);
  if (audience !== undefined) url.searchParams.set('audience', audience);
  return url.href;
}

function noPermission(url: boolean, token: boolean): PhoenixError {
  const missing = [url && 'ACTIONS_ID_TOKEN_REQUEST_URL', token && 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'];
  return new PhoenixError({
    code: 'PHX-OIDC-PERMISSION',
    class: 'identity',
    what: 'This job may not ask GitHub for an id token.',
    why:
      `The runner did not set ${missing.filter(Boolean).join(' and ')}, which it does only in a job that has the permission ` +
      'id-token: write. A job that calls a reusable workflow must grant it too; a pull request of a fork never gets it.',
    next: ['Add to the job:', '', 'permissions:', '  contents: read', '  id-token: write', ''].join('\n'),
  });
}

function failure(outcome: Outcome, host: string): PhoenixError {
  const what = 'GitHub did not give an id token.';
  const later = 'Run the job again; if it stays, look at githubstatus.com (Actions).';
  if (outcome.kind === 'unreachable') {
    if (outcome.reason === 'proxy') {
      const { why, next } = proxyTrouble(outcome, host);
      return new PhoenixError({ code: 'PHX-OIDC-PROXY', class: 'identity', what, why, next });
    }
    return new PhoenixError({
      code: outcome.reason === 'tls' ? 'PHX-OIDC-TLS' : 'PHX-OIDC-UNREACHABLE',
      class: 'identity',
      what,
      why: `Its token service could not be reached (${outcome.reason}: ${outcome.code}), also not on repeated tries.`,
      next:
        outcome.reason === 'tls'
          ? 'If a proxy opens TLS on the way, give the runner its CA: NODE_EXTRA_CA_CERTS=/path/to/ca.pem.'
          : 'Check that the runner reaches *.actions.githubusercontent.com, directly or by its proxy.',
    });
  }
  const { status } = outcome;
  if (status === 401 || status === 403) {
    return new PhoenixError({
      code: 'PHX-OIDC-REFUSED',
      class: 'identity',
      what,
      why: `Its token service answered ${status}: the job's request token has expired, or is not of this job.`,
      next: 'Run the job again. If it runs for hours before the login, move the login into a job of its own.',
    });
  }
  if (status === 429 || status >= 500) {
    return new PhoenixError({
      code: 'PHX-OIDC-UNAVAILABLE',
      class: 'identity',
      what,
      why: `Its token service answered ${status}, also on repeated tries.`,
      next: later,
    });
  }
  return new PhoenixError({
    code: 'PHX-OIDC-ANSWER',
    class: 'identity',
    what,
    why:
      outcome.kind === 'foreign'
        ? `What answered (${status}) sent ${outcome.looks} instead of JSON: a proxy or a captive portal is in the way.`
        : `Its token service answered ${status} without a token in it.`,
    next:
      outcome.kind === 'foreign' ? "Check the runner's proxy and its way to GitHub, then run again." : later,
  });
}
