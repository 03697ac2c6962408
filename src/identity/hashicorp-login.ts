import type { PhoenixError } from '../errors.ts';
import { type Ask, exchange, type Outcome, type Patience, type Wire } from './exchange.ts';
import { complaintOf, type HealthState, healthOf, loginAnswer } from './hashicorp-answers.ts';
import { type HashicorpPlace, hashicorpError, type Step } from './hashicorp-errors.ts';
import { logInByJwt } from './jwt-login.ts';
import { goodLife } from './trust.ts';

export interface GivenVaultToken {
  readonly address: string;
  readonly namespace?: string | undefined;
  readonly token: string;
}

export interface HashicorpLogin extends Wire {
  readonly address: string;
  readonly namespace?: string | undefined;
  /** Where the JWT auth is mounted: `jwt`. */
  readonly auth: string;
  readonly role: string;
  /** Where the KV engine is mounted: `secret`; its version is asked of the server. */
  readonly mount: string;
  readonly path: string;
  /** The paths and keys of secrets that are not at `path` under their own name. */
  readonly places?: ReadonlyMap<string, { readonly path?: string; readonly key?: string }>;
  /** A fresh id token; asked once per login, because GitHub's lives five minutes. */
  readonly getJwt: () => Promise<string>;
  /** Told every token and secret the moment it is known, before anything else is done with it. */
  readonly onSecret: (value: string) => void;
  readonly warn: (text: string) => void;
  /** Told each token once more, when it is in use: it must be revoked whatever becomes of this process. */
  readonly onLogin?: (given: GivenVaultToken) => Promise<void>;
  readonly patience?: Patience;
}

export interface VaultToken {
  readonly value: string;
  /** 0 is a token that never ends. */
  readonly seconds: number;
  readonly type: string | undefined;
  readonly uses: number;
  /** Milliseconds since 1970: a little before its end, a new login takes its place. */
  readonly renewAt: number;
  readonly endsAt: number;
}

const healthPatience: Patience = { attemptMs: 5000, budgetMs: 5000, attempts: 1 };

/** One login by the role's JWT auth. */
export async function logIn(login: HashicorpLogin, place: HashicorpPlace, fail: Fail): Promise<VaultToken> {
  const { address, namespace, auth, role } = place;
  const { given, started } = await logInByJwt(login, {
    ask: (jwt): Ask => ({
      method: 'POST',
      url: `${address}/v1/auth/${auth}/login`,
      headers: headersOf({ namespace }),
      json: { role, jwt },
    }),
    given: (body) => loginAnswer.safeParse(body).data?.auth,
    refusal: (jwt, now, outcome) => fail({ doing: 'login', jwt, now }, outcome),
    expired: 'PHX-HASHICORP-EXPIRED',
  });
  login.onSecret(given.client_token);
  await login.onLogin?.({ address, namespace, token: given.client_token });
  const seconds = given.lease_duration;
  const lives = (share: number) =>
    seconds === 0 ? Number.POSITIVE_INFINITY : started + seconds * 1000 * share;
  return {
    value: given.client_token,
    seconds,
    type: given.token_type,
    uses: given.num_uses ?? 0,
    renewAt: lives(0.9),
    endsAt: lives(1),
  };
}

/** What is too wide in the role, as far as its token shows it. */
export function warnOfToken(
  { seconds, type, uses }: VaultToken,
  { auth, role }: HashicorpPlace,
  warn: (text: string) => void,
): void {
  const write = `vault write auth/${auth}/role/${role} role_type=jwt`;
  if (seconds === 0 || seconds > goodLife) {
    const life = seconds === 0 ? 'for ever' : `${seconds} s`;
    warn(
      `HashiCorp Vault's token would live ${life} if its revocation failed. Shorten it: ${write} token_ttl=${goodLife} token_max_ttl=${goodLife} token_period=0.`,
    );
  }
  if (type === 'batch') {
    warn(
      `HashiCorp Vault gave a batch token, which nobody can revoke: it lives on after this run. Change the role: ${write} token_type=service.`,
    );
  }
  if (uses > 0) {
    warn(
      `HashiCorp Vault's token may be used ${uses} ${uses === 1 ? 'time' : 'times'} only, and reading each path uses one. Change the role: ${write} token_num_uses=0.`,
    );
  }
}

export type Fail = (step: Step, outcome: Outcome, at?: HashicorpPlace) => Promise<PhoenixError>;

/** Waiting for a server that is sealed or stands by looks like any 5xx: only its health page says which it is. */
export async function failure(
  login: HashicorpLogin,
  step: Step,
  outcome: Outcome,
  place: HashicorpPlace,
): Promise<PhoenixError> {
  let health: HealthState | undefined;
  if (outcome.kind !== 'unreachable' && !isPlain(outcome)) {
    const ask: Ask = { method: 'GET', url: `${place.address}/v1/sys/health` };
    health = healthOf(await exchange(ask, login, healthPatience));
  }
  return hashicorpError(step, outcome, place, health);
}

/** Answers that a server at work gives; but a secondary for disaster recovery answers 400 too. */
function isPlain(outcome: Exclude<Outcome, { kind: 'unreachable' }>): boolean {
  if (/DR secondary/i.test(complaintOf(outcome))) return false;
  return outcome.status < 300 || [400, 403, 404, 412].includes(outcome.status);
}

export function headersOf(
  { namespace }: { readonly namespace?: string | undefined },
  token?: string,
): Record<string, string> {
  return {
    ...(token === undefined ? {} : { 'x-vault-token': token }),
    ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
  };
}
