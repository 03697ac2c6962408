import { graceAfter } from '../cancellation.ts';
import type { HashicorpSource } from '../castle/secrets.ts';
import type { Edge } from '../edge.ts';
import { loginToHashicorp } from '../identity/hashicorp.ts';
import { fetchBy } from '../identity/way.ts';
import { type Finding, ok, skipped, warning } from './check.ts';

/** Of the 1.7 s that a cancelled job leaves main (main.ts); the rest is for the revocation. */
export const loginGraceMs = 800;

type Part = 'trust.login' | 'trust.settings' | 'trust.lifetime' | 'trust.revoke';

/** Tries the login of a rebirth with HashiCorp Vault and revokes what it gave. Throws what refuses it. */
export async function tryHashicorp(
  source: HashicorpSource,
  getJwt: () => Promise<string>,
  edge: Edge,
  say: (id: Part, finding: Finding) => void,
): Promise<void> {
  const warnings: string[] = [];
  const session = await loginToHashicorp({
    ...source,
    getJwt,
    onSecret: (value) => edge.redactor.addUnnamed('hashicorp-vault value', value),
    warn: (text) => warnings.push(text),
    fetch: fetchBy({ env: edge.env, caFile: source.caFile, fetch: edge.fetch }),
    signal: graceAfter(edge.signal, loginGraceMs),
  });
  const change = 'Change the role with that command, then look again.';
  for (const text of warnings.splice(0)) say('trust.lifetime', warning(text, change));
  await session[Symbol.asyncDispose]();
  say('trust.login', ok(`${session.source}, role ${source.role}, takes this job's token`));
  say('trust.settings', {
    ...skipped('a role is shown only to those who may administer it: how it is bound is not known'),
    next: `Compare \`vault read auth/${source.auth}/role/${source.role}\` with the values shown here.`,
  });
  for (const text of warnings) say('trust.revoke', warning(text, 'Revoke it as said.'));
}
