import type { HashicorpSource, SecretSource } from '../castle/secrets.ts';
import type { Wire } from '../identity/exchange.ts';
import { openFiles } from '../identity/files.ts';
import { requestIdToken } from '../identity/github.ts';
import { loginToHashicorp } from '../identity/hashicorp.ts';
import { loginToInfisical } from '../identity/infisical.ts';
import { readTrust, weaknessesOf } from '../identity/infisical-trust.ts';
import type { Session } from '../identity/session.ts';
import { fetchBy } from '../identity/way.ts';
import { leaveSession } from '../settle/handover.ts';
import type { Run } from './run.ts';

/** Logs in to the castle's source of secrets; undefined where it has none. */
export async function openSession(run: Run, fetch: typeof globalThis.fetch): Promise<Session | undefined> {
  const { source, list } = run.castle.secrets;
  if (source === undefined) return undefined;
  const onSecret = (value: string) => run.redactor.addUnnamed(`${source.kind} value`, value);
  const warn = (text: string) => run.log.warn(text);
  if (source.kind === 'files') {
    const files = new Map(list.flatMap(({ name, key }) => (key === undefined ? [] : [[name, key]])));
    return openFiles({ dir: source.dir, files, env: run.env, onSecret, warn });
  }
  if (source.kind === 'hashicorp-vault') return openHashicorp(run, source, { fetch, onSecret, warn });
  const { host, identityId, project, environment, path, recursive, caFile } = source;
  const way = fetchBy({ env: run.env, caFile, fetch });
  let logins = 0;
  return loginToInfisical({
    host,
    identityId,
    project,
    environment,
    path,
    recursive,
    folders: new Map(list.flatMap(({ name, path: own }) => (own === undefined ? [] : [[name, own]]))),
    getJwt: () => idTokenFor(source, run.env, fetch, { onSecret, signal: run.signal }),
    onSecret,
    onLogin: async ({ host: at, token }) => {
      logins += 1;
      const ca = caFile === undefined ? {} : { caFile };
      await leaveSession(run.vault, logins, { kind: 'infisical', host: at, token, ...ca });
      if (logins === 1)
        await warnOfTrust({ fetch: way, signal: run.signal }, { host: at, identityId, token }, warn);
    },
    warn,
    fetch: way,
    signal: run.signal,
  });
}

interface Told {
  readonly fetch: typeof globalThis.fetch;
  readonly onSecret: (value: string) => void;
  readonly warn: (text: string) => void;
}

function openHashicorp(run: Run, source: HashicorpSource, { fetch, onSecret, warn }: Told): Promise<Session> {
  const { kind, audience: _, caFile, ...where } = source;
  let logins = 0;
  return loginToHashicorp({
    ...where,
    places: new Map(run.castle.secrets.list.map((secret) => [secret.name, secret])),
    getJwt: () => idTokenFor(source, run.env, fetch, { onSecret, signal: run.signal }),
    onSecret,
    onLogin: async (given) => {
      logins += 1;
      const ca = caFile === undefined ? {} : { caFile };
      await leaveSession(run.vault, logins, { kind, ...given, ...ca });
    },
    warn,
    fetch: fetchBy({ env: run.env, caFile, fetch }),
    signal: run.signal,
  });
}

/** A role that may not look at its own settings is the rule, and no reason for a word. */
async function warnOfTrust(
  wire: Wire,
  login: { readonly host: string; readonly identityId: string; readonly token: string },
  warn: (text: string) => void,
): Promise<void> {
  const settings = await readTrust(wire, login);
  if (typeof settings === 'string') return;
  for (const { of, saw, next } of weaknessesOf(settings)) {
    // The life of the token that was given is warned of anyway.
    if (of !== 'lifetime') warn(`Infisical's identity ${login.identityId}: ${saw}. ${next}`);
  }
}

/** The job's id token for a source: made out to its `audience`, by default its address. */
export function idTokenFor(
  source: Extract<SecretSource, { kind: 'infisical' }> | HashicorpSource,
  env: NodeJS.ProcessEnv,
  fetch: typeof globalThis.fetch,
  { onSecret, signal }: { readonly onSecret: (value: string) => void; readonly signal: AbortSignal },
): Promise<string> {
  return requestIdToken({
    requestUrl: env['ACTIONS_ID_TOKEN_REQUEST_URL'],
    requestToken: env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'],
    audience: source.audience ?? (source.kind === 'infisical' ? source.host : source.address),
    onSecret,
    fetch: fetchBy({ env, fetch }),
    signal,
  });
}
