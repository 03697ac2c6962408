import { type ErrorClass, PhoenixError } from '../errors.ts';
import { printable } from '../report/printable.ts';
import type { NoAnswer, Refused } from './wire.ts';

const longestWords = 200;

/** `can't lock file '/var/lock/qemu-server/lock-421.conf' - got timeout`, `VM is locked (backup)` and their like. */
const lockWords = /can't lock file|got timeout|\bis locked\b|\blocked command timed out/i;
/** The proxy of a node that did not get through to another node, or to its own daemon. */
const proxyStatus = new Set([502, 503, 504, 595, 596, 599]);
const busyWords = /got no worker upid|^internal server error$|too many (?:requests|connections)/i;

/** Whether the same request may well succeed a moment later. */
export function mayPass(outcome: NoAnswer | Refused): boolean {
  if (outcome.kind === 'none') return outcome.reason !== 'tls';
  const { status, words } = outcome;
  return (
    status === 429 ||
    proxyStatus.has(status) ||
    (status === 500 && (words === '' || lockWords.test(words) || busyWords.test(words)))
  );
}

export const isLock = (words: string) => lockWords.test(words);

const passing = new Set(['PHX-PROXMOX-LOCK', 'PHX-PROXMOX-UNREACHABLE']);

/** As `mayPass`, of the error that was made of it. */
export function isPassing(error: unknown): error is PhoenixError {
  return error instanceof PhoenixError && passing.has(error.code);
}

interface Asked {
  readonly endpoint: string;
  readonly tokenId: string;
  /** What it was about, as in `read VM 421`. */
  readonly to: string;
}

function make(
  code: string,
  kind: ErrorClass,
  { endpoint, to }: Asked,
  why: string,
  next: string,
): PhoenixError {
  return new PhoenixError({ code, class: kind, what: `Proxmox at ${endpoint} did not ${to}.`, why, next });
}

/** The error for an answer that is none, or a refusal. Of what the server wrote only its status line is told. */
export function proxmoxError(outcome: NoAnswer | Refused, asked: Asked): PhoenixError {
  if (outcome.kind === 'none') return unanswered(outcome, asked);
  const { status, words } = outcome;
  const told = words === '' ? `It answered ${status}.` : `It answered ${status}: ${shown(words)}`;
  if (status === 401)
    return make(
      'PHX-PROXMOX-AUTH',
      'identity',
      asked,
      `It does not take the token ${asked.tokenId} (401).`,
      'See that the token exists and has not expired (`pveum user token list USER`), that `proxmox.token-id` is its whole id, USER@REALM!NAME, and that the secret of `proxmox.token-secret` is the one that was shown when it was made.',
    );
  if (status === 403)
    return make(
      'PHX-PROXMOX-FORBIDDEN',
      'identity',
      asked,
      told,
      `Give the token ${asked.tokenId} that privilege on that path (\`pveum acl modify PATH --tokens '${asked.tokenId}' --roles ROLE\`); a token with privilege separation has only what both it and its user are given.`,
    );
  if (isLock(words))
    return make(
      'PHX-PROXMOX-LOCK',
      'cluster',
      asked,
      told,
      'Another task works on that VM: see the tasks in Proxmox, wait for its end, and run again. A lock that no task holds any more is taken off by `qm unlock VMID`.',
    );
  if (mayPass(outcome))
    return make(
      'PHX-PROXMOX-UNREACHABLE',
      'cluster',
      asked,
      `${told} Repeated tries ended alike.`,
      'See that all nodes are up and the cluster is quorate (`pvecm status`, `systemctl status pvedaemon pveproxy`), then run again.',
    );
  return make('PHX-PROXMOX-REFUSED', 'cluster', asked, told, 'Act on that answer, then run again.');
}

function unanswered(outcome: NoAnswer, asked: Asked): PhoenixError {
  const { reason, code } = outcome;
  if (reason === 'tls')
    return make(
      'PHX-PROXMOX-TLS',
      'identity',
      asked,
      `Its certificate was not accepted (${code}).`,
      code.startsWith('CERT_')
        ? 'Compare this machine’s clock with the certificate’s dates, and renew the certificate if it has expired.'
        : 'Name the CA that signed it as `proxmox.ca-file` (of Proxmox’ own: /etc/pve/pve-root-ca.pem of a node), and use a host in `proxmox.endpoint` that the certificate is for.',
    );
  const why =
    reason === 'timeout'
      ? `It did not answer within ${code}, also on repeated tries.`
      : reason === 'proxy'
        ? `The proxy of the environment did not let the request through (${code}).`
        : `It could not be reached (${code}), also on repeated tries.`;
  const next =
    reason === 'proxy'
      ? `Add the host of ${asked.endpoint} to NO_PROXY, or let the proxy reach it.`
      : 'Check `proxmox.endpoint` and the way from this machine to it (name resolution, firewall, VPN; the port is 8006 as a rule), then run again.';
  return make('PHX-PROXMOX-UNREACHABLE', 'cluster', asked, why, next);
}

/** An answer that is not what the API promises. Nothing of it is told. */
export function strangeAnswer(asked: Asked, problem: string): PhoenixError {
  return make(
    'PHX-PROXMOX-ANSWER',
    'cluster',
    asked,
    `What answered is not the API of Proxmox VE that is known here: ${problem}.`,
    'See that `proxmox.endpoint` is the API of Proxmox VE 7 or later (`https://HOST:8006`), and no other web page stands before it.',
  );
}

/** What the server said, as a part of a sentence. */
export function shown(words: string): string {
  const line = printable(words).replaceAll(/\s+/g, ' ').trim();
  const cut = line.length > longestWords ? `${line.slice(0, longestWords)} …` : line;
  return /[.!?…]$/.test(cut) ? cut : `${cut}.`;
}
