import type { Diagnostic } from './events.ts';

/** Failures that may pass by themselves, by class, with the words that tell them. Sources: facts of the field. */
const classes = {
  'proxmox-lock': [/can't lock file .*got timeout/i, /VM is locked/i],
  'http-5xx': [
    /\b(HTTP|status)[^\n]{0,20}\b5\d\d\b/i,
    /\b(502 Bad Gateway|503 Service Unavailable|504 Gateway)/i,
    /\b59[569]\b.*proxmox/i,
  ],
  network: [
    /connection reset by peer/i,
    /unexpected EOF/i,
    /TLS handshake timeout/i,
    /i\/o timeout/i,
    /connection refused/i,
  ],
  'provider-install': [
    /text file busy/i,
    /Failed to install provider/i,
    /failed to query available provider packages/i,
  ],
  'rate-limit': [/\b429\b/, /too many requests/i, /rate limit/i],
} as const satisfies Record<string, readonly RegExp[]>;

export type RetryClass = keyof typeof classes;

export const retryClasses = Object.keys(classes) as readonly RetryClass[];

/** The class of a failure by what the engine and Terragrunt said; undefined for one that will not pass by itself. */
export function classifyFailure(
  diagnostics: readonly Diagnostic[],
  otherText: string,
): RetryClass | undefined {
  const text = [...diagnostics.map(({ summary, detail }) => `${summary}\n${detail}`), otherText].join('\n');
  return retryClasses.find((name) => classes[name].some((pattern) => pattern.test(text)));
}

/** Seconds to wait before attempt `attempt` (2, 3 …): 2, 4, 8 … at most 30, spread by `random` (0…1) over ±25 %. */
export function backoffSeconds(attempt: number, random: number): number {
  return Math.min(30, 2 ** (attempt - 1)) * (0.75 + random / 2);
}
