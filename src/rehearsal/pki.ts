import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import * as der from './der.ts';

const ecdsaWithSha256 = der.sequence(der.oid('1.2.840.10045.4.3.2'));
const purposes = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const;
const lifetimeMs = 24 * 60 * 60 * 1000;
/** A peer whose clock is a little behind must not refuse a certificate made this second. */
const backdateMs = 5 * 60 * 1000;

interface KeyPair {
  /** PEM, X.509. */
  readonly certificate: string;
  /** PEM, PKCS #8, ECDSA P-256. */
  readonly key: string;
}

interface Subject {
  readonly commonName: string;
  /** In Kubernetes the groups of a user. */
  readonly organization?: string;
}

export interface CertificateAuthority {
  readonly certificate: string;
  /** A server's certificate for these host names and IPv4 addresses; it may also present itself as a client. */
  server(subject: Subject, hosts: readonly string[]): KeyPair;
  /** `fromMs`: it begins so long from now; by default it has begun. */
  client(subject: Subject, fromMs?: number): KeyPair;
}

/** A certificate authority that lives in memory and for one box: its own key is never written anywhere. */
export function createAuthority(commonName: string): CertificateAuthority {
  const issuer = { commonName };
  const keys = newKeys();
  const issue = (
    subject: Subject,
    publicKey: KeyObject,
    extensions: readonly Buffer[],
    fromMs = -backdateMs,
  ) => certify({ issuer, signer: keys.privateKey, subject, publicKey, extensions, fromMs });
  const leaf = (
    subject: Subject,
    uses: readonly (keyof typeof purposes)[],
    hosts: readonly string[],
    fromMs?: number,
  ) => {
    const own = newKeys();
    const extensions = [
      extension('2.5.29.15', true, der.bits(Buffer.from([0x80]), 7)),
      extension('2.5.29.37', false, der.sequence(...uses.map((use) => der.oid(purposes[use])))),
      ...(hosts.length === 0 ? [] : [extension('2.5.29.17', false, der.sequence(...hosts.map(generalName)))]),
    ];
    return {
      certificate: issue(subject, own.publicKey, extensions, fromMs),
      key: privateKeyPem(own.privateKey),
    };
  };
  return {
    certificate: issue(issuer, keys.publicKey, [
      extension('2.5.29.19', true, der.sequence(der.boolean(true))),
      extension('2.5.29.15', true, der.bits(Buffer.from([0x86]), 1)),
    ]),
    server: (subject, hosts) => leaf(subject, ['server', 'client'], hosts),
    client: (subject, fromMs) => leaf(subject, ['client'], [], fromMs),
  };
}

/** The key that signs the tokens of service accounts, and the public half that the API server checks them with. */
export function createSigningKey(): { readonly privateKey: string; readonly publicKey: string } {
  const { privateKey } = newKeys();
  return {
    privateKey: privateKeyPem(privateKey),
    publicKey: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
  };
}

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

const privateKeyPem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

interface Request {
  readonly issuer: Subject;
  readonly signer: KeyObject;
  readonly subject: Subject;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
  /** When it begins, from now. */
  readonly fromMs: number;
}

/** RFC 5280, section 4.1. */
function certify({ issuer, signer, subject, publicKey, extensions, fromMs }: Request): string {
  const now = Date.now();
  const body = der.sequence(
    der.context(0, der.integer(Buffer.from([2]))),
    der.integer(randomBytes(16)),
    ecdsaWithSha256,
    name(issuer),
    der.sequence(der.utcTime(new Date(now + fromMs)), der.utcTime(new Date(now + lifetimeMs))),
    name(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der.context(3, der.sequence(...extensions)),
  );
  const whole = der.sequence(body, ecdsaWithSha256, der.bits(sign('sha256', body, signer)));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function name({ commonName, organization }: Subject): Buffer {
  const part = (id: string, value: string) => der.set(der.sequence(der.oid(id), der.utf8(value)));
  return der.sequence(
    ...(organization === undefined ? [] : [part('2.5.4.10', organization)]),
    part('2.5.4.3', commonName),
  );
}

const extension = (id: string, critical: boolean, value: Buffer) =>
  der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octets(value));

/** Host names as `[2]`, addresses as `[7]`. */
const generalName = (host: string) =>
  isIPv4(host)
    ? der.context(7, Buffer.from(host.split('.').map(Number)), false)
    : der.context(2, Buffer.from(host), false);
