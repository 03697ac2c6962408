import { PhoenixError } from '../errors.ts';
import type { Outcome } from './exchange.ts';
import type { HealthState } from './hashicorp-answers.ts';
import { loginRefused } from './hashicorp-login-errors.ts';
import { readRefused } from './hashicorp-read-errors.ts';
import { type MakeError, unreachable } from './unreachable.ts';

/** What an error may name: all of it from the castle file. */
export interface HashicorpPlace {
  readonly address: string;
  readonly namespace?: string | undefined;
  /** Where the JWT auth is mounted, and the role there. */
  readonly auth: string;
  readonly role: string;
  /** Where the KV engine is mounted, and the path in it; both without `/` at their ends. */
  readonly mount: string;
  readonly path: string;
}

export type Step =
  | { readonly doing: 'login'; readonly jwt: string; readonly now: number }
  | { readonly doing: 'mount' }
  | { readonly doing: 'secrets'; readonly version: 1 | 2 };

const words = { login: 'log in to', mount: 'find the secrets in', secrets: 'read secrets from' } as const;

const unreachedCodes = {
  tls: 'PHX-HASHICORP-TLS',
  timeout: 'PHX-HASHICORP-TIMEOUT',
  network: 'PHX-HASHICORP-NETWORK',
  proxy: 'PHX-HASHICORP-PROXY',
};

/**
 * The error for an exchange with HashiCorp Vault that did not give what was asked for; `health` is what its health
 * page said after it. The other side's words never enter it: they are compared with known ones, and these chosen from.
 */
export function hashicorpError(
  step: Step,
  outcome: Outcome,
  place: HashicorpPlace,
  health?: HealthState,
): PhoenixError {
  const make = maker(step, place);
  const { address } = place;
  if (outcome.kind === 'unreachable') {
    return unreachable(outcome, { address, key: 'address', codes: unreachedCodes }, make);
  }
  const { status } = outcome;
  if (health !== undefined) return notAtWork(health, status, make);
  if (status === 429) {
    return make(
      'PHX-HASHICORP-RATE',
      'It answered 429 (a rate limit quota) until the retries were used up.',
      'Look for the quota that this path falls under (`vault list sys/quotas/rate-limit`), then run again.',
    );
  }
  if (status === 412) {
    return make(
      'PHX-HASHICORP-BEHIND',
      'It answered 412 until the retries were used up: the node that answered has not yet what another one wrote.',
      'Look at the replication of the cluster, or point `address` to its active node.',
    );
  }
  if (status >= 500) {
    return make(
      'PHX-HASHICORP-SERVER',
      `It failed inside (${status}), also on repeated tries.`,
      `Look at ${address}/v1/sys/health and at its log, and run again.`,
    );
  }
  if (outcome.kind === 'foreign') {
    return make(
      'PHX-HASHICORP-FOREIGN',
      `What answered (${status}) sent ${outcome.looks} instead of HashiCorp Vault's JSON: a captive portal, a proxy's page, or another site.`,
      `Check \`address\` (${address}) and open ${address}/v1/sys/health from the runner: it must show JSON.`,
    );
  }
  if (status < 300) {
    return make(
      'PHX-HASHICORP-ANSWER',
      `Its answer (${status}) is JSON, but not of the shape that is wanted here: it may want a second factor, or wrap its answers.`,
      `Check that \`address\` (${address}) is HashiCorp Vault, and that neither MFA nor response wrapping stands between it and the runner.`,
    );
  }
  return step.doing === 'login'
    ? loginRefused(outcome, step, place, make)
    : readRefused(outcome, step, place, make);
}

/** The error for a mount that is something else than keys and values. */
export function noKeyValue(place: HashicorpPlace, kind: string): PhoenixError {
  const known = ['cubbyhole', 'database', 'identity', 'pki', 'ssh', 'system', 'transit'];
  return maker({ doing: 'mount' }, place)(
    'PHX-HASHICORP-MOUNT',
    `What is mounted at ${place.mount}/ is ${known.includes(kind) ? `the engine ${kind}` : 'another engine'}, which holds no keys and values.`,
    'Correct `mount` in the castle file: `vault secrets list` shows which are of the type kv.',
  );
}

function maker(step: Step, { address, namespace }: HashicorpPlace): MakeError {
  const inside = namespace === undefined ? '' : `, namespace ${namespace}`;
  const what = `Phoenix could not ${words[step.doing]} HashiCorp Vault at ${address}${inside}.`;
  return (code, why, next) => new PhoenixError({ code, class: 'identity', what, why, next });
}

function notAtWork(health: HealthState, status: number, make: MakeError): PhoenixError {
  switch (health) {
    case 'sealed':
      return make(
        'PHX-HASHICORP-SEALED',
        `It is sealed (${status}), also on repeated tries: it cannot read its own storage.`,
        'Unseal it: `vault operator unseal`, on every node; where it unseals itself, look in its log for why it did not.',
      );
    case 'not initialised':
      return make(
        'PHX-HASHICORP-SEALED',
        `It was never initialised (${status}): it holds nothing yet.`,
        'Check that `address` is the right server; a new one begins with `vault operator init`.',
      );
    case 'disaster recovery':
      return make(
        'PHX-HASHICORP-STANDBY',
        `It is a secondary for disaster recovery (${status}), which answers no such request.`,
        'Point `address` to the primary cluster.',
      );
    case 'standby':
    case 'performance standby':
      return make(
        'PHX-HASHICORP-STANDBY',
        `It is a ${health} that does not hand requests on to the active node (${status}).`,
        'Point `address` to the active node or to a load balancer that knows it, or mend the forwarding between the nodes.',
      );
  }
}
