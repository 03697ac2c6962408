import type { PhoenixError } from '../errors.ts';
import type { Outcome } from './exchange.ts';
import { proxyTrouble } from './proxy.ts';

export type MakeError = (code: string, why: string, next: string) => PhoenixError;

/** The server that was not reached: its address, the key of the castle file that says it, and the codes of its errors. */
export interface Unreached {
  readonly address: string;
  readonly key: string;
  readonly codes: Readonly<Record<'tls' | 'timeout' | 'network' | 'proxy', string>>;
}

/** The error for a server from which no answer came at all. */
export function unreachable(
  outcome: Extract<Outcome, { kind: 'unreachable' }>,
  { address, key, codes }: Unreached,
  make: MakeError,
): PhoenixError {
  const { reason, code } = outcome;
  switch (reason) {
    case 'proxy': {
      const { why, next } = proxyTrouble(outcome, new URL(address).hostname);
      return make(codes.proxy, why, next);
    }
    case 'tls':
      return make(
        codes.tls,
        `Its certificate was not accepted (${code}).`,
        code.startsWith('CERT_')
          ? "Compare this machine's clock with the certificate's dates, and renew the certificate if it has expired."
          : 'If it is signed by a CA of your own, name it as `ca-file` in the castle file, or give it to the runner: NODE_EXTRA_CA_CERTS=/path/to/ca.pem.',
      );
    case 'timeout':
      return make(
        codes.timeout,
        `It did not answer within ${code}, also on repeated tries.`,
        'Check the way from the runner to it (firewall, proxy, VPN) and its load, then run again.',
      );
    case 'network':
      return make(
        codes.network,
        `It could not be reached (${code}), also on repeated tries.`,
        code === 'ENOTFOUND' || code === 'EAI_AGAIN'
          ? `Check the name in \`${key}\` and the name resolution of the runner.`
          : `Check \`${key}\` and the way from the runner to it (firewall, proxy, VPN), then run again.`,
      );
  }
}
