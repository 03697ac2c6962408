import { graceAfter } from '../cancellation.ts';
import type { Castle } from '../castle/load.ts';
import type { HashicorpSource, SecretSource } from '../castle/secrets.ts';
import type { Edge } from '../edge.ts';
import { PhoenixError, toPhoenixError } from '../errors.ts';
import { claimsOf } from '../identity/claims.ts';
import { type GivenToken, loginToInfisical } from '../identity/infisical.ts';
import { lifeWeakness, readTrust, weaknessesOf } from '../identity/infisical-trust.ts';
import { refuseForeignJobs } from '../identity/policy.ts';
import { type Binding, bindingOf, infisicalTrust, vaultTrust } from '../identity/trust.ts';
import { fetchBy } from '../identity/way.ts';
import { idTokenFor } from '../rebirth/identity.ts';
import { type Finding, failed, failedBy, ok, skipped, warning } from './check.ts';
import type { Examined } from './examine.ts';
import { loginGraceMs, tryHashicorp } from './trust-hashicorp.ts';

/** What `doctor --trust` shows beside its checks; nothing in it is secret. */
export interface Trust {
  readonly token: Binding;
  readonly infisical: ReturnType<typeof infisicalTrust>;
  readonly vault: ReturnType<typeof vaultTrust>;
}

type Infisical = Extract<SecretSource, { kind: 'infisical' }>;

/** Why each matters, in the order in which they are looked at. */
const whys = {
  'trust.token': 'The identity must be bound to exactly what stands in the token of this job.',
  'trust.login': 'A rebirth begins with this login; it is tried here, and its token is revoked at once.',
  'trust.settings': 'What an identity is not bound to lets others in.',
  'trust.lifetime': 'A token that could not be revoked is of use to a thief until it dies by itself.',
  'trust.subject': 'The id of an identity is no secret: the subject alone keeps other repositories out.',
  'trust.audience': 'A token that is made out to somebody else must not open this door.',
  'trust.addresses': 'A stolen token is worth less where only the runner may use it.',
  'trust.uses': 'A token that is used up in the middle of a rebirth ends it there.',
  'trust.revoke': 'The token of the login that was tried must not outlive it.',
} as const;

/** Asks for an id token, decodes it, tries the login with it and looks how the identity is bound. Changes nothing. */
export async function examineTrust(
  edge: Edge,
  castle: Castle | PhoenixError,
): Promise<{ readonly examined: readonly Examined[]; readonly trust: Trust | undefined }> {
  const examined: Examined[] = [];
  const say = (id: keyof typeof whys, { status, saw, ...more }: Finding) => {
    examined.push({ id, status, saw, why: whys[id], ...more });
  };
  const source = sourceOf(edge, castle);
  if ('status' in source) {
    say('trust.token', source);
    return { examined, trust: undefined };
  }
  let trust: Trust | undefined;
  try {
    await refuseForeignJobs(edge.env, source.castle);
    const jwt = await tokenFor(source.from, edge);
    const binding = bindingOf(claimsIn(jwt));
    trust = {
      token: binding,
      infisical: infisicalTrust(binding),
      vault: vaultTrust(binding, source.castle.name),
    };
    say('trust.token', ok(`the subject of this job is ${binding.subject}`));
    const tokens = [jwt];
    const getJwt = async () => tokens.pop() ?? tokenFor(source.from, edge);
    if (source.from.kind === 'infisical') await tryLogin(source.from, getJwt, edge, say);
    else await tryHashicorp(source.from, getJwt, edge, say);
  } catch (thrown) {
    say(trust === undefined ? 'trust.token' : 'trust.login', failedBy(toPhoenixError(thrown)));
  }
  edge.signal.throwIfAborted();
  return { examined, trust };
}

/** The source that the identity is for, or why there is none to be looked at. */
function sourceOf(
  { env }: Edge,
  castle: Castle | PhoenixError,
): Finding | { readonly castle: Castle; readonly from: Infisical | HashicorpSource } {
  if (castle instanceof Error) return skipped(`the castle file does not load (${castle.code})`);
  if (castle.box) return skipped('a castle of the box brings an issuer and an Infisical of its own');
  const { source } = castle.secrets;
  if (source === undefined || source.kind === 'files')
    return skipped('the secrets of this castle come neither from Infisical nor from HashiCorp Vault');
  if (env['GITHUB_ACTIONS'] !== 'true' && !env['ACTIONS_ID_TOKEN_REQUEST_URL']) {
    return failed(
      'this is no job of GitHub, and only a job has an identity that could be shown',
      'Run it where the rebirth will run: the same workflow file, job environment and ref, `permissions: id-token: write`, and the Action with `command: doctor` and `trust: true`. docs/identity.md has one to paste.',
    );
  }
  return { castle, from: source };
}

function tokenFor(source: Infisical | HashicorpSource, edge: Edge): Promise<string> {
  const onSecret = (value: string) => edge.redactor.addUnnamed('id token', value);
  return idTokenFor(source, edge.env, edge.fetch, { onSecret, signal: edge.signal });
}

function claimsIn(jwt: string) {
  const claims = claimsOf(jwt);
  if (claims !== undefined) return claims;
  throw new PhoenixError({
    code: 'PHX-OIDC-CLAIMS',
    class: 'identity',
    what: "This job's id token could not be decoded.",
    why: 'It is no JWT with issuer, subject and audience.',
    next: 'Look whether ACTIONS_ID_TOKEN_REQUEST_URL leads to GitHub, and not to something that stands in for it.',
  });
}

async function tryLogin(
  source: Infisical,
  getJwt: () => Promise<string>,
  edge: Edge,
  say: (id: keyof typeof whys, finding: Finding) => void,
): Promise<void> {
  const wire = { fetch: fetchBy({ env: edge.env, caFile: source.caFile, fetch: edge.fetch }) };
  const onSecret = (value: string) => edge.redactor.addUnnamed('infisical value', value);
  const given: GivenToken[] = [];
  const warnings: string[] = [];
  const session = await loginToInfisical({
    ...{ ...source, ...wire, onSecret, signal: graceAfter(edge.signal, loginGraceMs) },
    getJwt,
    warn: (text) => warnings.push(text),
    onLogin: async (login) => {
      given.push(login);
    },
  });
  try {
    edge.signal.throwIfAborted();
    const token = given.at(-1);
    if (token === undefined) return;
    say('trust.login', ok(`${session.source} takes this job's token and gives one for ${token.ttl} s`));
    const settings = await readTrust({ ...wire, signal: edge.signal }, { ...source, ...token });
    const life = lifeWeakness(token.ttl, token.maxTtl);
    const weak = typeof settings === 'string' ? (life ? [life] : []) : weaknessesOf(settings);
    say(
      'trust.settings',
      typeof settings === 'string'
        ? {
            ...skipped(
              `could not be read (${settings}): whether subject, audience and addresses are bound is not known`,
            ),
            next: "Look at the identity's OIDC Auth settings in Infisical, and compare them with the values shown here.",
          }
        : ok('the settings of the identity could be read'),
    );
    for (const { of, saw, next } of weak) say(`trust.${of}`, warning(saw, next));
    warnings.length = 0;
  } finally {
    await session[Symbol.asyncDispose]();
    for (const text of warnings)
      say('trust.revoke', warning(text, 'Revoke the tokens of the identity in Infisical.'));
  }
}
