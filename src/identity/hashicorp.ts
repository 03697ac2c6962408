import { type Ask, exchange, type Outcome, type Patience, type Wire } from './exchange.ts';
import { isDenied, isNothing, isTokenGone, kv1Answer, kv2Answer, mountAnswer } from './hashicorp-answers.ts';
import { type HashicorpPlace, noKeyValue } from './hashicorp-errors.ts';
import {
  type Fail,
  failure,
  type GivenVaultToken,
  type HashicorpLogin,
  headersOf,
  logIn,
  type VaultToken,
  warnOfToken,
} from './hashicorp-login.ts';
import { routeTo } from './hashicorp-read-errors.ts';
import { nothingAt, pickKeys, type Wanted } from './hashicorp-secrets.ts';
import type { Session } from './session.ts';

/** A run that was cancelled still revokes, but must not be held up by a server that is gone. */
const revokePatience: Patience = { attemptMs: 5000, budgetMs: 10_000, attempts: 3 };

/**
 * Logs in to HashiCorp Vault with the job's OIDC identity (POST auth/MOUNT/login) and gives a session that reads a KV
 * engine of either version. A token is never renewed: one that runs out, or is taken away, is replaced by a new login.
 * Every refusal is a PhoenixError of class identity, PHX-HASHICORP-… or PHX-SECRET-….
 */
export async function loginToHashicorp(login: HashicorpLogin): Promise<Session> {
  const place: HashicorpPlace = {
    address: login.address.replace(/\/+(?:v1\/*)?$/, ''),
    namespace: login.namespace,
    auth: bare(login.auth),
    role: login.role,
    mount: bare(login.mount),
    path: bare(login.path),
  };
  const now = login.now ?? Date.now;
  const given: VaultToken[] = [];
  const fail: Fail = (step, outcome, at = place) => failure(login, step, outcome, at);
  const enter = async () => {
    const token = await logIn(login, place, fail);
    given.push(token);
    return token;
  };
  let token = await enter();
  warnOfToken(token, place, login.warn);
  let version: 1 | 2 | undefined;
  /** Reads a route; a token that is refused is replaced once for each fetch of secrets. */
  const reader = () => {
    let replaced = false;
    return async (route: string): Promise<Outcome> => {
      const get = () =>
        exchange(
          { method: 'GET', url: `${place.address}/v1/${route}`, headers: headersOf(place, token.value) },
          login,
          login.patience,
        );
      const outcome = await get();
      if (!isDenied(outcome) || replaced) return outcome;
      replaced = true;
      token = await enter();
      return get();
    };
  };
  return {
    source: `HashiCorp Vault at ${place.address}`,
    async fetch(names) {
      if (now() > token.renewAt) token = await enter();
      const read = reader();
      const values = new Map<string, string>();
      for (const [path, wanted] of pathsOf(names, login)) {
        const at = { ...place, path };
        version ??= await versionOf(await read(`sys/internal/ui/mounts/${escaped(at.mount)}`), at, fail);
        const outcome = await read(escaped(routeTo(at, version)));
        const found = await storedIn(outcome, version, wanted, at, fail);
        for (const [name, value] of pickKeys(wanted, found, at, login.onSecret)) values.set(name, value);
      }
      return values;
    },
    async [Symbol.asyncDispose]() {
      const { signal: _, ...wire } = login;
      for (const { value, endsAt } of given) {
        const { address, namespace } = place;
        const how = await revokeHashicorpToken(wire, { address, namespace, token: value }, login.patience);
        if (how === undefined || now() > endsAt) continue;
        const end = Number.isFinite(endsAt)
          ? `it dies by itself ${Math.ceil((endsAt - now()) / 1000)} s from now`
          : 'it never dies by itself';
        login.warn(
          `HashiCorp Vault's token of role ${place.role} could not be revoked (${how}); ${end}. To end it at once: vault lease revoke -prefix auth/${place.auth}/login.`,
        );
      }
    },
  };
}

/** Revokes a token by itself; undefined where it is gone now, else what came instead, in words. */
export async function revokeHashicorpToken(
  wire: Wire,
  { address, namespace, token }: GivenVaultToken,
  patience: Patience = revokePatience,
): Promise<string | undefined> {
  const ask: Ask = {
    method: 'POST',
    url: `${address}/v1/auth/token/revoke-self`,
    headers: headersOf({ namespace }, token),
  };
  const outcome = await exchange(ask, wire, patience);
  if (outcome.kind === 'unreachable') return outcome.code;
  if (outcome.status === 204 || isTokenGone(outcome)) return undefined;
  return outcome.status === 403
    ? 'status 403: the policies of its role do not allow auth/token/revoke-self, as the policy `default` does'
    : `status ${outcome.status}`;
}

/** Paths and keys of `names`, so that each path is asked for once. */
function pathsOf(names: readonly string[], { path, places }: HashicorpLogin): Map<string, Wanted[]> {
  const paths = new Map<string, Wanted[]>();
  for (const name of new Set(names)) {
    const own = places?.get(name);
    const at = bare(own?.path ?? path);
    paths.set(at, [...(paths.get(at) ?? []), { name, key: own?.key ?? name }]);
  }
  return paths;
}

/** Which version of KV is mounted, as the CLI asks it; a path of one is answered 404 by the other. */
async function versionOf(outcome: Outcome, place: HashicorpPlace, fail: Fail): Promise<1 | 2> {
  const step = { doing: 'mount' } as const;
  const answer =
    outcome.kind === 'json' && outcome.status === 200 ? mountAnswer.safeParse(outcome.body).data : undefined;
  if (answer === undefined) throw await fail(step, outcome, place);
  const { type, options } = answer.data;
  if (type !== 'kv' && type !== 'generic') throw noKeyValue(place, type);
  return options?.version === '2' ? 2 : 1;
}

async function storedIn(
  outcome: Outcome,
  version: 1 | 2,
  wanted: readonly Wanted[],
  place: HashicorpPlace,
  fail: Fail,
): Promise<Readonly<Record<string, unknown>>> {
  if (outcome.kind === 'json' && outcome.status === 200) {
    const found = (version === 2 ? kv2Answer : kv1Answer).safeParse(outcome.body).data;
    if (found !== undefined) return found;
  }
  if (isNothing(outcome)) throw nothingAt(outcome, wanted, place);
  throw await fail({ doing: 'secrets', version }, outcome, place);
}

function bare(path: string): string {
  return path.replaceAll(/^\/+|\/+$/g, '');
}

function escaped(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
