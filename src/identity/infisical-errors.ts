import { PhoenixError } from '../errors.ts';
import type { Outcome } from './exchange.ts';
import { refusalOf } from './infisical-answers.ts';
import { loginRefused } from './infisical-login-errors.ts';
import { type MakeError, unreachable } from './unreachable.ts';

/** What an error may name: all of it from the castle file or from the job's own token. */
export interface InfisicalPlace {
  readonly host: string;
  readonly identityId: string;
  /** The project's id or slug. */
  readonly project: string;
  readonly environment: string;
  readonly path: string;
}

export type Step =
  | { readonly doing: 'login'; readonly jwt: string; readonly now: number }
  | { readonly doing: 'project' | 'secrets' | 'client secrets' };

const unreachedCodes = {
  tls: 'PHX-INFISICAL-TLS',
  timeout: 'PHX-INFISICAL-TIMEOUT',
  network: 'PHX-INFISICAL-NETWORK',
  proxy: 'PHX-INFISICAL-PROXY',
};

const words = {
  login: 'log in to',
  project: 'find the project in',
  secrets: 'read secrets from',
  'client secrets': 'manage the client secrets of the cluster’s identity in',
} as const;

/**
 * The error for an exchange with Infisical that did not give what was asked for. The other side's words never enter
 * it: see `refusalOf` for the few fields that do.
 */
export function infisicalError(step: Step, outcome: Outcome, place: InfisicalPlace): PhoenixError {
  const make = maker(step, place);
  if (outcome.kind === 'unreachable') {
    return unreachable(outcome, { address: place.host, key: 'host', codes: unreachedCodes }, make);
  }
  if (outcome.status === 429) {
    const wait = outcome.kind === 'json' ? outcome.retryAfter : undefined;
    return make(
      'PHX-INFISICAL-RATE',
      `It answered 429 (too many requests) until the retries were used up${wait ? `; it last asked for a pause of ${wait} s` : ''}.`,
      `Wait ${wait ? `${wait} s` : 'a minute'} and run again. Infisical Cloud counts per address: other jobs on the same runner egress share the limit.`,
    );
  }
  if (outcome.status >= 500) {
    const trace = outcome.kind === 'json' ? refusalOf(outcome).trace : String(outcome.status);
    return make(
      'PHX-INFISICAL-SERVER',
      `It failed inside (${trace}), also on repeated tries.`,
      `Check ${place.host}/api/status and its log, or status.infisical.com for the cloud, and run again.`,
    );
  }
  if (outcome.kind === 'foreign') {
    return make(
      'PHX-INFISICAL-FOREIGN',
      `What answered (${outcome.status}) sent ${outcome.looks} instead of Infisical's JSON: a captive portal, a proxy's page, or another site.`,
      `Check \`host\` (${place.host}; the API's own address, by https) and open ${place.host}/api/status from the runner: it must show JSON.`,
    );
  }
  if (outcome.status < 300) {
    return make(
      'PHX-INFISICAL-ANSWER',
      `Its answer (${outcome.status}) is JSON, but not of the shape that Infisical's API has.`,
      `Check that \`host\` (${place.host}) is Infisical and not another service, and which version it runs.`,
    );
  }
  const refusal = refusalOf(outcome);
  if (step.doing === 'login') return loginRefused(refusal, { ...step, date: outcome.date }, place, make);
  return readRefused(refusal, place, make);
}

function maker(step: Step, { host }: InfisicalPlace): MakeError {
  const what = `Phoenix could not ${words[step.doing]} Infisical at ${host}.`;
  return (code, why, next) => new PhoenixError({ code, class: 'identity', what, why, next });
}

function readRefused(
  refusal: ReturnType<typeof refusalOf>,
  place: InfisicalPlace,
  make: MakeError,
): PhoenixError {
  const { status, error, trace } = refusal;
  const project = `project ${place.project}`;
  if (status === 401 || error === 'TokenError') {
    return make(
      'PHX-INFISICAL-TOKEN',
      `It took the login but not the access token that it gave (${trace}), also after a new login.`,
      "In the identity's OIDC Auth settings check that `Access Token Max Number of Uses` is 0, the TTL is over 60 s and the trusted IPs hold the runner's address.",
    );
  }
  if (status === 403) {
    return make(
      'PHX-INFISICAL-FORBIDDEN',
      `The identity ${place.identityId} is logged in, but may not read ${project} (${trace}).`,
      `In Infisical add the identity to ${project} with a role that reads secret values in environment ${place.environment}, path ${place.path}.`,
    );
  }
  if (status === 404) {
    return make(
      'PHX-INFISICAL-PROJECT',
      `It knows no ${project} that the identity can see (${trace}).`,
      "Copy the project's id or slug from its settings in Infisical into the castle file, and add the identity to the project.",
    );
  }
  const fields = refusal.fields.length > 0 ? `: it complains of ${refusal.fields.join(', ')}` : '';
  return make(
    'PHX-INFISICAL-INVALID',
    `It refused the request as not valid (${trace})${fields}.`,
    "Check the project, `environment` (its slug, not its name) and `path` of the castle file's `infisical` source.",
  );
}
