import { networkInterfaces } from 'node:os';
import { printable } from '../report/printable.ts';
import type { Trust } from './trust.ts';

/** The values to bind, to be pasted: Infisical's settings by the names on its page, and a role of HashiCorp Vault. */
export function shownTrust({ token, infisical, vault }: Trust, castle: string): string[] {
  const { boundClaims, accessTokenTTL, accessTokenMaxTTL, accessTokenNumUsesLimit } = infisical;
  const rows: (readonly [string, string])[] = [
    ['OIDC Discovery URL', infisical.oidcDiscoveryUrl],
    ['Issuer', infisical.boundIssuer],
    ['Subject', infisical.boundSubject],
    ['Audiences', infisical.boundAudiences],
    ...Object.entries(boundClaims).map(([name, value]) => ['Claims', `${name} = ${value}`] as const),
    ['Access Token TTL', String(accessTokenTTL)],
    ['Access Token Max TTL', String(accessTokenMaxTTL)],
    ['Access Token Max Number of Uses', String(accessTokenNumUsesLimit)],
    ['Access Token Trusted IPs', ownAddresses()],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    "What to set in Infisical, in the identity's OIDC Auth:",
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${printable(value)}`),
    token.otherSubject === undefined
      ? '  Bind exact values: a * never crosses a /, and so misses refs/heads/….'
      : `  Bind exact values. GitHub's other form of this subject, ${printable(token.otherSubject)}, does not match.`,
    '',
    'The same for HashiCorp Vault, to be pasted into a shell:',
    '',
    `vault write auth/jwt/config oidc_discovery_url=${quoted(token.issuer)} bound_issuer=${quoted(token.issuer)}`,
    `vault write auth/jwt/role/phoenix-${castle} - <<'EOF'`,
    // Not indented: the shell looks for EOF at the start of a line.
    ...JSON.stringify(vault, null, 2).split('\n').map(printable),
    'EOF',
  ];
}

/** What a server in the same network sees; through a NAT or a proxy it is another, which only the other side knows. */
function ownAddresses(): string {
  const own = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))
    .map(({ address }) => address);
  const here = own.length === 0 ? 'the address of this runner' : own.join(', ');
  return `${here}; through NAT or a proxy the one that Infisical's audit log shows for this login`;
}

function quoted(word: string): string {
  return `'${printable(word).replaceAll("'", String.raw`'\''`)}'`;
}
