import { readFile } from 'node:fs/promises';
import { type ConnectionOptions, checkServerIdentity, getCACertificates } from 'node:tls';
import type { WitnessSettings } from '../castle/witness.ts';
import { PhoenixError } from '../errors.ts';

/** A database, as it is connected to. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: 'disable' | 'require' | 'verify-ca' | 'verify-full';
  /** What the certificate must name: the address's own host, also where another one is connected to. */
  readonly named: string;
}

const modes = ['disable', 'require', 'verify-ca', 'verify-full'] as const;

/**
 * The parts of a libpq address. Without an `sslmode` it is `verify-full`: the password goes to nobody else. Throws
 * PHX-WITNESS-ADDRESS, whose words hold nothing of it.
 */
export function addressOf(text: string, from: string, at: WitnessSettings['at']): Address {
  const url = URL.parse(text.trim());
  if (url === null || !/^postgres(?:ql)?:$/.test(url.protocol) || url.hostname === '')
    throw addressError(from, 'It is no address such as postgres://USER:PASSWORD@HOST:PORT/DATABASE.');
  const mode = url.searchParams.get('sslmode') ?? 'verify-full';
  const tls = modes.find((known) => known === mode);
  if (tls === undefined)
    throw addressError(
      from,
      `Its sslmode is none of ${modes.join(', ')}: the others send the password to whoever answers.`,
    );
  const named = url.hostname.replace(/^\[|\]$/g, '');
  const user = decoded(url.username);
  const database = decoded(url.pathname.slice(1)) || user;
  if (user === '') throw addressError(from, 'It names no user.');
  return {
    host: at?.host ?? named,
    port: at?.port ?? Number(url.port || 5432),
    user,
    password: decoded(url.password),
    database,
    tls,
    named,
  };
}

/**
 * What TLS is to ask for; false where there is none. `require` is without a proof, as libpq has it, unless a CA is given.
 * Where the name is not looked at, only that CA is trusted: a public one gives a certificate to anybody, for some name.
 */
export async function tlsOf(
  { tls, named }: Pick<Address, 'tls' | 'named'>,
  caFile: string | undefined,
): Promise<ConnectionOptions | false> {
  if (tls === 'disable') return false;
  if (tls === 'require' && caFile === undefined) return { rejectUnauthorized: false };
  if (tls === 'verify-full') {
    const ca = caFile === undefined ? {} : { ca: [...getCACertificates('default'), await authority(caFile)] };
    const checkServer: ConnectionOptions['checkServerIdentity'] = (_, certificate) =>
      checkServerIdentity(named, certificate);
    return { ...ca, rejectUnauthorized: true, checkServerIdentity: checkServer };
  }
  if (caFile === undefined)
    throw addressError(
      'sslmode=verify-ca',
      'It needs `destroy.witness.ca-file`: without a name to look at, the certificate of any site would do.',
      '`destroy.witness.ca-file`',
    );
  return { ca: [await authority(caFile)], rejectUnauthorized: true, checkServerIdentity: () => undefined };
}

async function authority(caFile: string): Promise<string> {
  const pem = await readFile(caFile, 'utf8').catch(() => '');
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw addressError(caFile, 'It cannot be read, or holds no certificate.', '`destroy.witness.ca-file`');
}

export function addressError(from: string, why: string, next = 'the value'): PhoenixError {
  return new PhoenixError({
    code: 'PHX-WITNESS-ADDRESS',
    class: 'input',
    what: `The database of the witness cannot be addressed by ${from}.`,
    why,
    next: `Put ${next} right (docs/destroy.md), and run again. Nothing was destroyed.`,
  });
}

/** The place of the address is gone: with the cluster, or with what a destroy that began has destroyed of it. */
export function addressGone(from: string, why: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-WITNESS-ADDRESS-GONE',
    class: 'input',
    what: `The address of the witness' database is not where \`destroy.witness\` says, ${from}: nothing was destroyed.`,
    why,
    next: 'Put `destroy.witness` right (docs/destroy.md), and run again. Where the database is gone for good, `--without-witness` destroys without a proof that the backup has the last rows.',
  });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
