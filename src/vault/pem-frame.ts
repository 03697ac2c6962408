/**
 * How private keys of one kind begin in PEM, whoever's they are: version, algorithm and lengths (RFC 5958, RFC 5915,
 * RFC 8017, RFC 8410; OpenSSH's PROTOCOL.key). What comes after is the key.
 */
const heads: readonly RegExp[] = [
  // PKCS #8: P-256, P-384, P-521, Ed25519, X25519, RSA.
  /^MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/,
  /^MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBD/,
  /^MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEI/,
  /^MC4CAQAwBQYDK2V[wu]BCIEI/,
  /^MII[\w+/]{2}[\w+/]IBADANBgkqhkiG9w0BAQEFAASC[\w+/]{2,5}ggg?[\w+/]{2,4}AgEAAoI[\w+/]{2,4}/,
  /^MII[\w+/]{4}BADANBgkqhkiG9w0BAQEFAASC[\w+/]{12,22}/,
  // SEC 1 and PKCS #1.
  /^M(?:HcCAQEEI|IGkAgEBBD|IHcAgEBBEI)/,
  /^MII[\w+/]{3}IBAAKC[\w+/]{4}/,
  // OpenSSH, without a passphrase.
  /^b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAA[\w+/]{0,30}/,
];

const begin = /^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\r?\n/;
const end = /\r?\n?-----END [A-Z0-9 ]*PRIVATE KEY-----\s*$/;

/**
 * The part of a private key in PEM that is no secret, in bytes: up to `head` and from `tail` on it is the same in every key
 * of its kind. Nothing (0 and the length) in any other text.
 */
export function frameOf(secret: string): { readonly head: number; readonly tail: number } {
  const length = Buffer.byteLength(secret, 'utf8');
  const begins = begin.exec(secret);
  const ends = end.exec(secret);
  // A frame around something that is no ASCII is no PEM.
  if (begins === null || ends === null || length !== secret.length) return { head: 0, tail: length };
  const first = begins[0].length;
  const fixed = heads.map((head) => head.exec(secret.slice(first))?.[0].length ?? 0);
  return { head: first + Math.max(...fixed), tail: ends.index };
}
