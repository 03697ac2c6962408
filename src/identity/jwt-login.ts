import type { PhoenixError } from '../errors.ts';
import { type Ask, exchange, type Outcome, type Patience, type Wire } from './exchange.ts';

export interface JwtLogin extends Wire {
  /** A fresh id token; asked once per login, because GitHub's lives five minutes. */
  readonly getJwt: () => Promise<string>;
  readonly onSecret: (value: string) => void;
  readonly patience?: Patience;
}

export interface JwtWay<Given> {
  ask(jwt: string): Ask;
  /** What a JSON answer of status 200 gives; undefined where it is no login. */
  given(body: unknown): Given | undefined;
  refusal(jwt: string, now: number, outcome: Outcome): PhoenixError | Promise<PhoenixError>;
  /** The code of the refusal that says that the JWT came too late. */
  readonly expired: string;
}

/** One login; a JWT that was held up on its way and arrived too late gets one fresh successor. */
export async function logInByJwt<Given>(
  login: JwtLogin,
  way: JwtWay<Given>,
): Promise<{ readonly given: Given; readonly started: number }> {
  const now = login.now ?? Date.now;
  let refused: PhoenixError | undefined;
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const jwt = await login.getJwt();
    login.onSecret(jwt);
    const started = now();
    const outcome = await exchange(way.ask(jwt), login, login.patience);
    const given = outcome.kind === 'json' && outcome.status === 200 ? way.given(outcome.body) : undefined;
    if (given !== undefined) return { given, started };
    refused = await way.refusal(jwt, now(), outcome);
    if (refused.code !== way.expired) throw refused;
  }
  throw refused;
}
