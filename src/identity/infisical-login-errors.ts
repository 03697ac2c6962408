import type { PhoenixError } from '../errors.ts';
import { type Claims, claimsOf, otherSubjectForm } from './claims.ts';
import type { Refusal } from './infisical-answers.ts';
import type { InfisicalPlace } from './infisical-errors.ts';
import { clocksApart, listed, quoted } from './token-words.ts';
import type { MakeError } from './unreachable.ts';

interface Login {
  readonly jwt: string;
  /** Milliseconds, of this machine. */
  readonly now: number;
  /** The time by Infisical's own clock, from the answer's Date header. */
  readonly date: Date | undefined;
}

const settings = "In Infisical open the identity's OIDC Auth settings and";

/**
 * Why Infisical refused a login by OIDC. Its checks run in the order of services/identity-oidc-auth: method, discovery,
 * key, signature with issuer and times, subject (403), audience (401), claims (401).
 */
export function loginRefused(
  refusal: Refusal,
  login: Login,
  place: InfisicalPlace,
  make: MakeError,
): PhoenixError {
  const { status, message, trace } = refusal;
  const claims = claimsOf(login.jwt);
  if (/jwt expired|jwt not active/.test(message)) return outOfTime(login, claims, trace, make);
  if (status === 403 && message.includes('OIDC subject not allowed')) {
    return make('PHX-INFISICAL-SUBJECT', ...subjectRefused(claims, trace));
  }
  if (message.includes('OIDC audience not allowed')) {
    return make(
      'PHX-INFISICAL-AUDIENCE',
      `The audience of this job's token is ${quoted(claims?.aud)}, and the identity is bound to another (${trace}).`,
      `${settings} set Audiences to exactly ${quoted(claims?.aud)}, or set \`audience\` in the castle file to what stands there.`,
    );
  }
  if (/OIDC claim not allowed|token has no .+ field/.test(message)) {
    return make(
      'PHX-INFISICAL-CLAIM',
      `A claim that the identity is bound to is missing in this job's token or has another value (${trace}).`,
      `${settings} compare Claims with this token's: ${listed(claims)}.`,
    );
  }
  if (message.includes('jwt issuer invalid')) {
    return make(
      'PHX-INFISICAL-ISSUER',
      `The issuer of this job's token is ${quoted(claims?.iss)}, and the identity is bound to another (${trace}).`,
      `${settings} set Issuer and the discovery URL to exactly ${quoted(claims?.iss)}.`,
    );
  }
  if (/discovery document|signing key|invalid signature|JWKS/.test(message)) {
    return make(
      'PHX-INFISICAL-KEYS',
      `It could not verify the token with the keys that it fetched from the identity's discovery URL (${trace}).`,
      `${settings} set the discovery URL to exactly ${quoted(claims?.iss)}; Infisical itself must reach it.`,
    );
  }
  if (status === 404 || /identity not found/i.test(message)) {
    return make(
      'PHX-INFISICAL-NO-OIDC',
      `It knows no identity ${place.identityId} with OIDC authentication (${trace}).`,
      `Check \`identity-id\`, and add OIDC Auth to that identity in Infisical.${otherRegion(place.host)}`,
    );
  }
  if (status === 422 || status === 400) {
    const fields = refusal.fields.length > 0 ? `: it complains of ${refusal.fields.join(', ')}` : '';
    return make(
      'PHX-INFISICAL-INVALID',
      `It refused the request as not valid (${trace})${fields}.`,
      'Check `identity-id` in the castle file: it is the UUID that Infisical shows on the identity’s page.',
    );
  }
  return make(
    'PHX-INFISICAL-REFUSED',
    `It refused the login for a reason that Phoenix does not know (${trace}).`,
    `${settings} compare them with this token's: ${listed(claims)}. Infisical's own log says more under the request's id.`,
  );
}

function subjectRefused(claims: Claims | undefined, trace: string): [why: string, next: string] {
  const other = claims && otherSubjectForm(claims);
  const forms = other
    ? ` If ${quoted(other)} stands there: that is GitHub's other form of the same subject, and it does not match.`
    : '';
  return [
    `The subject of this job's token is ${quoted(claims?.sub)}, and the identity is bound to another (${trace}).`,
    `${settings} set Subject to exactly ${quoted(claims?.sub)}.${forms} A \`*\` there never crosses a \`/\`, so it misses refs/heads/….`,
  ];
}

/** Infisical allows no leeway, and GitHub's token lives five minutes: what is late is a clock or Phoenix itself. */
function outOfTime(login: Login, claims: Claims | undefined, trace: string, make: MakeError): PhoenixError {
  const apart = clocksApart(claims, login, 'Infisical');
  if (apart !== undefined) {
    return make(
      'PHX-INFISICAL-CLOCK',
      `The token is valid by one clock and not by the other: the clocks of this machine and of Infisical ${apart} (${trace}).`,
      'Set the wrong clock by NTP: `timedatectl` shows on each machine whether it is synchronised.',
    );
  }
  return make(
    'PHX-INFISICAL-EXPIRED',
    `GitHub's id token was out of its time when it arrived, also a freshly asked one (${trace}).`,
    'Run the job again; if it stays, look for what holds requests up between the runner and Infisical.',
  );
}

function otherRegion(host: string): string {
  const name = URL.canParse(host) ? new URL(host).hostname : '';
  if (name === 'eu.infisical.com')
    return ' If it lives in the US region, set `host: https://app.infisical.com`.';
  if (name === 'app.infisical.com' || name === 'us.infisical.com')
    return ' If it lives in the EU region, set `host: https://eu.infisical.com`.';
  return '';
}
