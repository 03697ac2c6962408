import { type Ask, exchange, type Patience, type Wire } from './exchange.ts';
import { isTokenRefused, loginAnswer } from './infisical-answers.ts';
import { type InfisicalPlace, infisicalError } from './infisical-errors.ts';
import { answerOf, type Folder, findProject, findSlug, foldersOf, listFolder } from './infisical-list.ts';
import { pickSecrets } from './infisical-secrets.ts';
import { logInByJwt } from './jwt-login.ts';
import { isLoopback } from './proxy.ts';
import type { InfisicalSession } from './session.ts';
import { goodLife } from './trust.ts';

export interface GivenToken {
  readonly host: string;
  readonly token: string;
  /** Seconds: how long it lives, and how long if it were renewed. */
  readonly ttl: number;
  readonly maxTtl: number;
}

export interface InfisicalLogin extends Wire {
  /** With or without a closing `/api`. */
  readonly host: string;
  readonly identityId: string;
  readonly project: { readonly id: string } | { readonly slug: string };
  readonly environment: string;
  readonly path: string;
  /** Whether the folders below `path` are read too. */
  readonly recursive?: boolean;
  /** The folders of secrets that lie elsewhere than in `path`: name → folder. */
  readonly folders?: ReadonlyMap<string, string>;
  /** A fresh id token; asked once per login, because GitHub's lives five minutes. */
  readonly getJwt: () => Promise<string>;
  /** Told every token and secret the moment it is known, before anything else is done with it. */
  readonly onSecret: (value: string) => void;
  readonly warn: (text: string) => void;
  /** Told each access token once more, when it is in use: it must be revoked whatever becomes of this process. */
  readonly onLogin?: (login: GivenToken) => Promise<void>;
  readonly patience?: Patience;
}

/** A run that was cancelled still revokes, but must not be held up by a server that is gone. */
const revokePatience: Patience = { attemptMs: 5000, budgetMs: 10_000, attempts: 3 };

/**
 * Logs in with the job's OIDC identity (POST /api/v1/auth/oidc-auth/login) and gives a session that reads secrets of its
 * folders. A token that runs out is replaced by a new login: `token/renew` deletes it on older servers. Every refusal
 * is a PhoenixError of class identity, PHX-INFISICAL-… or PHX-SECRET-….
 */
export async function loginToInfisical(login: InfisicalLogin): Promise<InfisicalSession> {
  const host = login.host.replace(/\/+(?:api\/*)?$/, '');
  const { project, identityId, environment, path } = login;
  const place = { host, identityId, environment, path, project: 'id' in project ? project.id : project.slug };
  const now = login.now ?? Date.now;
  if (host.startsWith('http:') && !isLoopback(URL.parse(host)?.hostname ?? '')) {
    login.warn(
      `Infisical is reached by plain http (${host}): whoever listens on the way reads the secrets. Use https.`,
    );
  }
  let token = await logIn(login, place);
  if (token.seconds > goodLife) {
    login.warn(
      `Infisical's access token would live ${token.seconds} s if its revocation failed. Set the Access Token TTL and Max TTL of identity ${identityId} to ${goodLife} s or less.`,
    );
  }
  const call = (ask: Ask) => exchange(ask, login, login.patience);
  const read = async (folders: readonly Folder[]) => {
    const found = await findProject(call, place, project, token.value);
    if ('outcome' in found) return [found];
    return Promise.all(folders.map((folder) => listFolder(call, place, found, folder, token.value)));
  };
  return {
    source: `Infisical at ${host}`,
    projectSlug: async () =>
      'slug' in project ? project.slug : findSlug(call, host, project.id, token.value),
    place,
    async ask({ method, route, json }, patience = login.patience) {
      const { signal, ...unstoppable } = login;
      // What is asked of it after a cancel belongs to the clean-up.
      const leaving = signal?.aborted === true;
      const send = () => {
        const headers = { authorization: `Bearer ${token.value}` };
        const ask = { method, url: `${host}/api/${route}`, headers };
        const whole = json === undefined ? ask : { ...ask, json };
        return leaving ? exchange(whole, unstoppable, revokePatience) : exchange(whole, login, patience);
      };
      if (now() > token.renewAt) token = await logIn(login, place);
      const outcome = await send();
      if (!isTokenRefused(outcome)) return outcome;
      token = await logIn(login, place);
      return send();
    },
    async fetch(names) {
      if (now() > token.renewAt) token = await logIn(login, place);
      const folders = foldersOf(names, login);
      let listed = await read(folders);
      if (listed.some(({ outcome }) => isTokenRefused(outcome))) {
        token = await logIn(login, place);
        listed = await read(folders);
      }
      const answers = listed.map((each) => answerOf(each, place));
      const values = folders.map((folder, index) =>
        pickSecrets(folder.names, answers[index], { ...place, path: folder.path }, login.onSecret),
      );
      return new Map(values.flatMap((picked) => [...picked]));
    },
    async [Symbol.asyncDispose]() {
      const { signal: _, ...wire } = login;
      const how = await revokeInfisicalToken(wire, { host, token: token.value }, login.patience);
      if (how === undefined) return;
      login.warn(
        `Infisical's access token of identity ${identityId} could not be revoked (${how}); it dies by itself ${Math.max(0, Math.ceil((token.endsAt - now()) / 1000))} s from now. To end it at once, revoke the identity's tokens in Infisical.`,
      );
    },
  };
}

/** Revokes an access token; undefined where it is gone now, else what came instead, in words. */
export async function revokeInfisicalToken(
  wire: Wire,
  { host, token }: { readonly host: string; readonly token: string },
  patience: Patience = revokePatience,
): Promise<string | undefined> {
  const url = `${host}/api/v1/auth/token/revoke`;
  const outcome = await exchange({ method: 'POST', url, json: { accessToken: token } }, wire, patience);
  // A second revoke is 401 on older servers, and an expired token 403 TokenError: gone either way.
  if ((outcome.kind === 'json' && outcome.status === 200) || isTokenRefused(outcome)) return undefined;
  return outcome.kind === 'unreachable' ? outcome.code : `status ${outcome.status}`;
}

interface AccessToken {
  readonly value: string;
  readonly seconds: number;
  /** Milliseconds since 1970: a little before its end, a new login takes its place. */
  readonly renewAt: number;
  readonly endsAt: number;
}

async function logIn(login: InfisicalLogin, place: InfisicalPlace): Promise<AccessToken> {
  const { given, started } = await logInByJwt(login, {
    ask: (jwt): Ask => ({
      method: 'POST',
      url: `${place.host}/api/v1/auth/oidc-auth/login`,
      json: { identityId: login.identityId, jwt },
    }),
    given: (body) => loginAnswer.safeParse(body).data,
    refusal: (jwt, now, outcome) => infisicalError({ doing: 'login', jwt, now }, outcome, place),
    expired: 'PHX-INFISICAL-EXPIRED',
  });
  const { accessToken, expiresIn, accessTokenMaxTTL = expiresIn } = given;
  login.onSecret(accessToken);
  await login.onLogin?.({ host: place.host, token: accessToken, ttl: expiresIn, maxTtl: accessTokenMaxTTL });
  return {
    value: accessToken,
    seconds: expiresIn,
    renewAt: started + expiresIn * 900,
    endsAt: started + expiresIn * 1000,
  };
}
