import { PhoenixError } from '../errors.ts';
import { exchange, type Outcome, type Patience, type Wire } from './exchange.ts';
import { revokeInfisicalToken } from './infisical.ts';
import { loginAnswer, refusalOf } from './infisical-answers.ts';

interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export type TriedLogin = 'taken' | 'locked' | { readonly unclear: string };

/** A bad login counts towards the lockout, so nothing is tried twice here. */
const once: Patience = { attemptMs: 10_000, budgetMs: 10_000, attempts: 1 };

/**
 * Logs in as the cluster would, and gives the token back at once. External Secrets tries what it is given again and
 * again, and three bad logins lock out the good secret too: so it is given none that was not tried here.
 * Throws PHX-CLAIM-CREDENTIALS where Infisical refuses the pair.
 */
export async function tryClientLogin(
  host: string,
  { clientId, clientSecret }: Credentials,
  wire: Wire,
  onSecret: (value: string) => void,
): Promise<TriedLogin> {
  const base = host.replace(/\/+(?:api\/*)?$/, '');
  const url = `${base}/api/v1/auth/universal-auth/login`;
  const outcome = await exchange({ method: 'POST', url, json: { clientId, clientSecret } }, wire, once);
  const answer =
    outcome.kind === 'json' && outcome.status === 200 ? loginAnswer.safeParse(outcome.body).data : undefined;
  if (answer !== undefined) {
    onSecret(answer.accessToken);
    await revokeInfisicalToken(wire, { host: base, token: answer.accessToken });
    return 'taken';
  }
  if (outcome.kind === 'json' && outcome.status === 401) {
    const { message, trace } = refusalOf(outcome);
    if (/temporarily locked/.test(message)) return 'locked';
    if (/Invalid credentials|expired client secret|usage limit reached/.test(message))
      throw credentialsRefused(base, message, trace);
  }
  return { unclear: unclear(outcome) };
}

function credentialsRefused(host: string, message: string, trace: string): PhoenixError {
  const why = message.includes('expired')
    ? 'The client secret has outlived its TTL'
    : message.includes('usage limit')
      ? 'The client secret has a limit of uses and has reached it; External Secrets logs in at each reconcile, so it must be 0'
      : 'Client id and client secret do not belong together, or the secret is revoked';
  return new PhoenixError({
    code: 'PHX-CLAIM-CREDENTIALS',
    class: 'cluster',
    what: `Infisical at ${host} does not take the machine identity; the cluster was not given it.`,
    why: `${why} (${trace}).`,
    next: 'Make a new client secret for the cluster’s identity in Infisical (TTL longer than the cluster’s life, uses 0), store it under the name of `claim.client-secret`, and run again.',
  });
}

/** An address that only the cluster may log in from, or a server that is busy: it says nothing of the pair. */
function unclear(outcome: Outcome): string {
  return outcome.kind === 'unreachable' ? outcome.code : `status ${outcome.status}`;
}
