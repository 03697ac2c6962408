import { PhoenixError } from '../../errors.ts';
import { didYouMean } from '../../near.ts';

/**
 * Every fault of the box: what its network stand-ins can be given, what befalls a real node and its S3 server, and the
 * leaks that the audit must find. `--fault
 * NAME:KIND`, or `NAME:KIND*N` for the first N requests only that meet it. The words are what docs/box.md shows.
 */
export const faultKinds = {
  'github-oidc': {
    '429': 'answers 429 to every request for a token',
    '500': 'answers 500 to every request for a token',
    '403': 'refuses the request token',
    html: 'sends a web page instead of JSON, as a captive portal does',
    slow: 'holds every request for a token for 30 s',
    drop: 'cuts the connection without an answer',
    'wrong-audience': 'signs a token for another audience than the one asked for',
    'wrong-subject': 'signs a token of another repository',
    expired: 'signs a token whose five minutes are over',
    'bad-signature': 'signs with a key that it does not publish, under the name of the published one',
    'unknown-key': 'names a key in the token that it does not publish',
  },
  infisical: {
    '429': 'answers 429 with retry-after: 1',
    '500': 'answers 500',
    html: 'sends a web page with status 200, as a captive portal does',
    redirect: 'redirects to a login page, as a captive portal does',
    slow: 'holds every request for 30 s',
    drop: 'cuts the connection without an answer',
    truncated: 'cuts its JSON in half',
    skew: 'has a clock ten minutes ahead',
    '401-audience': 'binds its identities to another audience',
    '401-issuer': 'binds its identities to another issuer',
    '401-claim': 'binds its identities to another repository_id',
    '403-subject': 'binds its identities to another subject',
    '404-no-oidc': 'has no OIDC authentication on its identities',
    '422': 'refuses the login request as not valid',
    'expired-token': 'gives access tokens that have already expired',
    '403-not-a-member': 'has its identities in no project',
    'missing-folder': 'has no folder where secrets are read: an empty list, status 200',
    'no-read': 'gives its identities no right to read: an empty list, status 200',
    hidden: 'hides the values: `<hidden-by-infisical>`, status 200',
    'missing-secret': 'has lost every secret but one of another name',
    'empty-secret': 'has an empty value in every secret',
    'cluster-empty': 'has empty values only for clients of API v3: External Secrets Operator',
    'cluster-missing': 'has no secrets only for clients of API v3: External Secrets Operator',
    'cluster-login': 'refuses the universal-auth login: the client secret is no longer valid',
    'no-v4': 'is an older server without the routes of API v4',
    'wide-trust': 'shows its identities bound to nothing, for a month, from every address',
    'mint-forbidden':
      'does not let the run make client secrets for an identity with more rights than its own',
    'mint-lost': 'makes a client secret, then cuts the connection before it is told',
    'cluster-late':
      'has no secret but the git token for External Secrets Operator until 30 s after it is first asked for one',
    locked: 'locks the client id of the cluster at its login, as after three bad ones',
    'no-revoke': 'fails to revoke access tokens',
  },
  git: {
    '401': 'refuses the token, as GitHub does with one that is revoked',
    '403': 'knows the token, but does not let it read',
    '404': 'hides the repository, as GitHub does from a token without rights on it',
    '500': 'answers 500',
    slow: 'holds every request for 30 s',
    drop: 'cuts the connection without an answer',
  },
  node: {
    'kubelet-killed':
      'kills the kubelet 2 s after each of its starts, until it is given up; with `*N` N times, and it comes back',
    'image-missing': 'lacks the image of Mnemosyne',
    'webhook-late': "gets the image of MetalLB's controller, and so its webhook, only 30 s after it is Ready",
    'disk-full': "has a volume of 16 MB for the database's data",
    'clock-off': 'has a kubelet whose certificate begins in an hour, as by a clock that goes wrong',
  },
  s3: {
    unreachable: 'is not there any more',
    corrupted: 'has kept the backups, each of their data files damaged in its middle',
    'wrong-stanza': 'has the backups and the WAL under the name of another stanza',
  },
  leak: {
    environ: 'starts a process with a secret in its environment',
    argv: 'starts a process with a secret among its arguments',
    log: 'prints a secret past the redactor',
    state: 'leaves the states unencrypted: they hold the key of the kubeconfig',
    disk: 'writes a secret, as base64, into a temporary file',
  },
} as const satisfies Record<string, Record<string, string>>;

export type FaultTarget = keyof typeof faultKinds;
type FaultKind<Target extends FaultTarget> = keyof (typeof faultKinds)[Target] & string;

export interface Fault {
  readonly target: FaultTarget;
  readonly kind: string;
  /** How many requests meet it, or how often it happens; Infinity for all. */
  readonly times: number;
}

/** `infisical:429*2` as a fault; throws PHX-BOX-FAULT with the near match or the whole list of kinds. */
export function parseFault(text: string): Fault {
  const [, target = '', kind = '', times] = /^([^:]*):([^*]*)(?:\*([1-9]\d{0,5}))?$/.exec(text) ?? [];
  if (!isTarget(target)) {
    throw unknown(
      text,
      `The box has nothing called \`${target || text}\`.${didYouMean(target || text, Object.keys(faultKinds))}`,
      `Use one of: ${Object.keys(faultKinds).join(', ')}, as in --fault infisical:429.`,
    );
  }
  const kinds = Object.keys(faultKinds[target]);
  if (!kinds.includes(kind)) {
    throw unknown(
      text,
      `${target} knows no fault \`${kind}\`.${didYouMean(kind, kinds)}`,
      `Use one of: ${kinds.map((name) => `${target}:${name}`).join(', ')}; add *N for the first N requests only.`,
    );
  }
  return { target, kind, times: times === undefined ? Number.POSITIVE_INFINITY : Number(times) };
}

export interface FaultPlan<Target extends FaultTarget> {
  /** True where `kind` strikes now; counts a fault that has a number of times. */
  strikes(kind: FaultKind<Target>): boolean;
}

/** The faults of one stand-in, each with its count. `texts` may name other stand-ins' faults: they are left alone. */
export function planFaults<Target extends FaultTarget>(
  target: Target,
  texts: readonly string[],
): FaultPlan<Target> {
  const left = new Map<string, number>();
  for (const fault of texts.map(parseFault)) {
    if (fault.target === target) left.set(fault.kind, fault.times);
  }
  return { strikes: (kind) => strike(left, kind) };
}

/** True where the fault `kind` is left; counts it down. `left`: how often each still strikes. */
export function strike(left: Map<string, number>, kind: string): boolean {
  const times = left.get(kind) ?? 0;
  if (times <= 0) return false;
  left.set(kind, times - 1);
  return true;
}

function isTarget(name: string): name is FaultTarget {
  return Object.hasOwn(faultKinds, name);
}

function unknown(text: string, why: string, next: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-BOX-FAULT',
    class: 'input',
    what: `--fault ${text} is not a fault that the box can have.`,
    why,
    next,
  });
}
