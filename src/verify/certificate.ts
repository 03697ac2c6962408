import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { CertificateRules } from '../castle/probes.ts';

/** What a handshake showed, whether or not the chain is trusted. */
export interface Shown {
  readonly certificate: Pick<
    X509Certificate,
    'subject' | 'issuer' | 'validFrom' | 'validTo' | 'checkHost' | 'checkIP' | 'publicKey'
  >;
  /** Issuers from the leaf's up, as far as the server sent them. */
  readonly issuers: readonly string[];
  /** OpenSSL's word for what is wrong with the chain. */
  readonly trouble: string | undefined;
}

const day = 24 * 3600 * 1000;
const noRules: CertificateRules = { notIssuer: ['(STAGING)', 'Fake LE'], names: [] };

/** What is wrong with the certificate of `host`, the most telling first; empty where nothing is. `now`: epoch ms. */
export function judgeCertificate(
  { certificate, issuers, trouble }: Shown,
  host: string,
  rules: CertificateRules = noRules,
  now: number = Date.now(),
): string[] {
  const wrong: string[] = [];
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (now > to) wrong.push(`the certificate expired ${moment(to)}`);
  if (now < from) wrong.push(`the certificate is valid only from ${moment(from)} on`);
  const strange = [host, ...rules.names].filter((name) => !isFor(certificate, name));
  if (strange.length > 0)
    wrong.push(`the certificate is not for ${strange.join(', ')}, but for ${oneLine(certificate.subject)}`);
  const unwanted = rules.notIssuer.find((text) => issuers.some((issuer) => issuer.includes(text)));
  if (unwanted !== undefined)
    wrong.push(
      `the certificate is of an issuer that is not wanted (${unwanted}): ${oneLine(issuers[0] ?? '')}`,
    );
  const chain = chainTrouble(trouble, certificate);
  if (chain !== undefined) wrong.push(chain);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey;
  if (type === 'rsa' && (details?.modulusLength ?? 0) < 2048)
    wrong.push(`the key of the certificate is weak: RSA with ${details?.modulusLength} bits`);
  const { validForSeconds: wanted } = rules;
  if (wanted !== undefined && now <= to && to - now < wanted * 1000)
    wrong.push(
      `the certificate ends ${moment(to)}, in ${((to - now) / day).toFixed(1)} days: it was not renewed in time`,
    );
  return wrong;
}

function isFor(certificate: Shown['certificate'], name: string): boolean {
  const bare = name.replace(/^\[|\]$/g, '');
  return (isIP(bare) === 0 ? certificate.checkHost(bare) : certificate.checkIP(bare)) !== undefined;
}

function chainTrouble(
  trouble: string | undefined,
  { issuer, subject }: Shown['certificate'],
): string | undefined {
  switch (trouble) {
    case undefined:
    // Told above in more exact words: with the rules' names, and by the clock that is given.
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return undefined;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return `the certificate is self-signed: ${oneLine(subject)}`;
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return `the certificate is of a CA that is not trusted here: ${oneLine(issuer)}`;
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `the issuer of the certificate is neither sent nor trusted here: ${oneLine(issuer)}`;
    case 'CA_MD_TOO_WEAK':
    case 'EE_KEY_TOO_SMALL':
    case 'CA_KEY_TOO_SMALL':
      return `the chain of the certificate is weak (${trouble})`;
    default:
      return `the chain of the certificate does not hold (${trouble})`;
  }
}

function moment(ms: number): string {
  return Number.isNaN(ms)
    ? 'at a time that cannot be read'
    : new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

function oneLine(name: string): string {
  return name.replaceAll('\n', ', ');
}
