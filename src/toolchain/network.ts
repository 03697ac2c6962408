import { connect } from 'node:tls';
import { messageOf } from '../errors.ts';

const resolution = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL']);
const untrusted = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);
const issuerMs = 3000;

/** A failed fetch in words: whose name does not resolve, who refused, which CA signed what is not trusted. */
export async function explainNetwork(thrown: unknown, url: string): Promise<string> {
  const { hostname, port, protocol } = new URL(url);
  const code = codeOf(thrown);
  if (code === undefined) return messageOf(thrown);
  if (resolution.has(code)) return `the name ${hostname} does not resolve`;
  if (code === 'ECONNREFUSED') return `${hostname} refused the connection`;
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return `${hostname} does not answer`;
  if (protocol === 'https:' && untrusted.has(code)) {
    const issuer = await issuerOf(hostname, Number(port || 443));
    const by = issuer === undefined ? '' : `, signed by ${issuer}`;
    return `the certificate that ${hostname} showed${by}, is not trusted (${code}); if that CA is your proxy's, set NODE_EXTRA_CA_CERTS to its PEM file`;
  }
  return `${messageOf(thrown)} (${code})`;
}

/** fetch wraps the system's error once or twice; several addresses tried make an AggregateError. */
function codeOf(thrown: unknown): string | undefined {
  let error: unknown = thrown;
  for (let depth = 0; depth < 5 && typeof error === 'object' && error !== null; depth += 1) {
    const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown[] };
    if (typeof code === 'string') return code;
    error = cause ?? errors?.[0];
  }
  return undefined;
}

/** The issuer of the certificate that a host shows. The connection is only looked at: nothing is sent or believed. */
function issuerOf(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, servername: host, rejectUnauthorized: false, timeout: issuerMs });
    const done = (issuer: string | undefined) => {
      socket.destroy();
      resolve(issuer);
    };
    socket.once('secureConnect', () => {
      const { issuer } = socket.getPeerCertificate();
      const name = issuer?.CN ?? issuer?.O;
      done(Array.isArray(name) ? name[0] : name);
    });
    socket.once('timeout', () => done(undefined));
    socket.once('error', () => done(undefined));
  });
}
