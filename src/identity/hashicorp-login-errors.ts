import type { PhoenixError } from '../errors.ts';
import { type Claims, claimsOf, otherSubjectForm } from './claims.ts';
import type { Outcome } from './exchange.ts';
import { complaintOf } from './hashicorp-answers.ts';
import type { HashicorpPlace } from './hashicorp-errors.ts';
import { clocksApart, listed, quoted } from './token-words.ts';
import type { MakeError } from './unreachable.ts';

/**
 * Why HashiCorp Vault refused a login by JWT (vault-plugin-auth-jwt 0.25.0, path_login.go; cap 0.11.0, jwt.go). Its
 * checks run in this order: role, keys, signature, issuer, subject, audience, times, then the bound claims; nearly all
 * are a 400. What is mounted nowhere is a 403, since a stranger is not told what there is.
 */
export function loginRefused(
  outcome: Extract<Outcome, { kind: 'json' }>,
  { jwt, now }: { readonly jwt: string; readonly now: number },
  place: HashicorpPlace,
  make: MakeError,
): PhoenixError {
  const { status } = outcome;
  const complaint = complaintOf(outcome);
  const claims = claimsOf(jwt);
  const role = `role ${place.role}`;
  // A write to a role keeps what it does not name, but for the type.
  const write = `vault write auth/${place.auth}/role/${place.role} role_type=jwt`;
  if (status === 403 || status === 404) {
    const inside = place.namespace === undefined ? '' : `, that the namespace ${place.namespace} exists`;
    return make(
      'PHX-HASHICORP-AUTH',
      `It refuses the login itself (${status}). It says so where nothing is mounted at auth/${place.auth}, and where the runner's address is not among the \`token_bound_cidrs\` of ${role}.`,
      `Check with \`vault auth list\` that JWT is mounted at ${place.auth}/ (\`auth\` in the castle file)${inside}, and \`vault read auth/${place.auth}/role/${place.role}\`.`,
    );
  }
  if (/role .* could not be found|missing role|role with oidc role_type/s.test(complaint)) {
    const wrongType = complaint.includes('role with oidc role_type');
    return make(
      'PHX-HASHICORP-ROLE',
      wrongType
        ? `The ${role} is of the type oidc, which is for people with a browser (${status}).`
        : `It has no ${role} in auth/${place.auth} (${status}).`,
      wrongType
        ? `Make it a role for jobs: \`${write}\`, with \`bound_audiences\` and \`bound_subject\`.`
        : `Correct \`role\` in the castle file (\`vault list auth/${place.auth}/role\` shows which there are), or make it: docs/identity-vault.md has one to paste.`,
    );
  }
  if (/error configuring token validator|could not load configuration/.test(complaint)) {
    return make(
      'PHX-HASHICORP-KEYS',
      `Its JWT auth is not configured, or could not fetch the keys of the issuer (${status}).`,
      `Run \`vault write auth/${place.auth}/config oidc_discovery_url=${claims?.iss ?? 'ISSUER'} bound_issuer=${claims?.iss ?? 'ISSUER'}\`; Vault itself must reach that address.`,
    );
  }
  if (complaint.includes('error verifying token signature')) {
    return make(
      'PHX-HASHICORP-KEYS',
      `None of the keys that it has of its issuer verifies this job's token, whose issuer is ${quoted(claims?.iss)} (${status}).`,
      `Compare with \`vault read auth/${place.auth}/config\`: \`oidc_discovery_url\` must be exactly ${quoted(claims?.iss)}, and Vault must reach it.`,
    );
  }
  if (complaint.includes('invalid issuer (iss)')) {
    return make(
      'PHX-HASHICORP-ISSUER',
      `The issuer of this job's token is ${quoted(claims?.iss)}, and auth/${place.auth} is bound to another (${status}).`,
      `Set \`bound_issuer\` of auth/${place.auth}/config to exactly ${quoted(claims?.iss)}.`,
    );
  }
  if (complaint.includes('invalid subject (sub)')) {
    return make('PHX-HASHICORP-SUBJECT', ...subjectRefused(claims, role, write, status));
  }
  if (/invalid audience \(aud\)|no audiences bound to the role/.test(complaint)) {
    return make(
      'PHX-HASHICORP-AUDIENCE',
      `The audience of this job's token is ${quoted(claims?.aud)}, and ${role} is bound to ${complaint.includes('no audiences') ? 'none' : 'another'} (${status}).`,
      `Run \`${write} bound_audiences=${claims?.aud ?? 'AUDIENCE'}\`, or set \`audience\` in the castle file to what stands there.`,
    );
  }
  if (/\(exp\)|\(nbf\)|\(iat\)/.test(complaint)) {
    const apart = clocksApart(claims, { now, date: outcome.date }, 'Vault');
    return apart === undefined
      ? make(
          'PHX-HASHICORP-EXPIRED',
          `GitHub's id token was out of its time when it arrived, also a freshly asked one (${status}).`,
          'Run the job again; if it stays, look for what holds requests up between the runner and HashiCorp Vault.',
        )
      : make(
          'PHX-HASHICORP-CLOCK',
          `The token is valid by one clock and not by the other: the clocks of this machine and of HashiCorp Vault ${apart} (${status}).`,
          'Set the wrong clock by NTP: `timedatectl` shows on each machine whether it is synchronised.',
        );
  }
  if (/error validating claims|claim .* (?:not found in token|could not be converted)/s.test(complaint)) {
    return make(
      'PHX-HASHICORP-CLAIM',
      `A claim that ${role} is bound to${namedClaim(complaint)} is missing in this job's token or has another value (${status}).`,
      `Compare \`bound_claims\` and \`user_claim\` of \`vault read auth/${place.auth}/role/${place.role}\` with this token's: ${listed(claims)}.`,
    );
  }
  return make(
    'PHX-HASHICORP-REFUSED',
    `It refused the login for a reason that Phoenix does not know (${status}).`,
    `Compare \`vault read auth/${place.auth}/role/${place.role}\` with this token's: ${listed(claims)}. HashiCorp Vault's own log says more.`,
  );
}

function subjectRefused(
  claims: Claims | undefined,
  role: string,
  write: string,
  status: number,
): [why: string, next: string] {
  const other = claims && otherSubjectForm(claims);
  const forms = other
    ? ` If ${quoted(other)} stands there: that is GitHub's other form of the same subject, and it does not match.`
    : '';
  return [
    `The subject of this job's token is ${quoted(claims?.sub)}, and ${role} is bound to another (${status}).`,
    `Run \`${write} bound_subject=${claims?.sub ?? 'SUBJECT'}\`.${forms}`,
  ];
}

/** Only names that GitHub gives its claims: any other word in a complaint is the other side's. */
const claimNames = new Set([
  'actor',
  'aud',
  'environment',
  'event_name',
  'job_workflow_ref',
  'ref',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'runner_environment',
  'sub',
  'workflow_ref',
]);

function namedClaim(complaint: string): string {
  const name = /claim "([^"]+)"/.exec(complaint)?.[1]?.replace(/^\//, '');
  return name !== undefined && claimNames.has(name) ? `, ${name},` : '';
}
