import { resolve } from 'node:path';
import { z } from 'zod';
import {
  addressPool,
  dnsServer,
  hostName,
  ipAddress,
  type Named,
  namespaced,
  quantity,
  validity,
  type workloadKinds,
  workloadName,
} from './probe-forms.ts';
import { duration, kebabName, path, probeAddress, words } from './units.ts';

/** What the certificate of an address must be, beyond being trusted, in its time and for the host. */
export interface CertificateRules {
  /** A PEM file with a CA that is trusted beside Node's own; absolute. */
  readonly caFile?: string;
  /** Texts that the names of its issuers must not hold, e.g. of a CA for tests. */
  readonly notIssuer: readonly string[];
  /** For how many seconds it must still be valid. */
  readonly validForSeconds?: number;
  /** Names that it must be for, beside the address' own. */
  readonly names: readonly string[];
}

export interface HttpProbe {
  readonly kind: 'http';
  readonly url: string;
  /** The status wanted; any of 2xx where left out. */
  readonly status?: number;
  readonly contains?: string;
  readonly notContains?: string;
  readonly certificate?: CertificateRules;
  /** The address to ask in place of what DNS says of the host. */
  readonly resolve?: string;
  /** False: an answer that leads elsewhere is the answer. */
  readonly redirects?: boolean;
  /** Asked by a pod inside; else from where Phoenix runs. */
  readonly inside?: boolean;
}

export const rungs = ['V0', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'] as const;

/** One thing that a living castle is held to. */
type ProbeKind =
  | { readonly kind: 'kustomization'; readonly name: string }
  | { readonly kind: 'kustomizations' }
  | HttpProbe
  | { readonly kind: 'nodes'; readonly count?: number }
  | { readonly kind: 'network'; readonly dns: Named }
  | {
      readonly kind: 'dns';
      readonly name: string;
      /** Exactly these, in any order; whatever it resolves to where empty. */
      readonly addresses: readonly string[];
      readonly inside: boolean;
      /** The DNS server to ask from here, as `dns.setServers` takes it. */
      readonly resolver?: string;
    }
  | { readonly kind: 'secrets'; readonly only?: readonly Named[] }
  | {
      readonly kind: 'volume';
      readonly storageClass: string;
      readonly size: string;
      readonly writeMiB: number;
    }
  | ({ readonly kind: 'load-balancer'; readonly pool: readonly string[] } & Named)
  | ({ readonly kind: 'workload'; readonly workload: (typeof workloadKinds)[number] } & Named)
  | {
      readonly kind: 'database';
      /** The last rung of the ladder that it must stand on. */
      readonly upTo: (typeof rungs)[number];
    };

export type Probe = ProbeKind & {
  /** How many good looks in a row make it pass. */
  readonly passes?: number;
  readonly withinSeconds?: number;
};

export const probeKinds = [
  ...(['kustomization', 'kustomizations', 'http', 'nodes', 'network', 'dns', 'secrets'] as const),
  ...(['volume', 'load-balancer', 'workload', 'database'] as const),
] as const;
const ofHttp = [
  ...(['status', 'contains', 'not-contains', 'certificate', 'resolve', 'redirects', 'inside'] as const),
] as const;
const oneKind = `exactly one of ${probeKinds.map((kind) => `\`${kind}\``).join(', ')}`;
const onlyHttp = `${ofHttp.map((key) => `\`${key}\``).join(', ')} only beside \`http\``;
const inClear = '`inside` only for an http:// address, without `certificate`, `resolve` and `status`';
const passesForm = 'a whole number from 1 to 20';

export const passes = z.int(passesForm).min(1, passesForm).max(20, passesForm);

const certificate = z
  .strictObject({
    'ca-file': path.optional().describe("PEM file with a CA that is trusted beside Node's own"),
    'not-issuer': z
      .array(words)
      .default(['(STAGING)', 'Fake LE'])
      .describe('Texts that the names of its issuers must not hold'),
    'valid-for': validity.optional().describe('For how long it must still be valid'),
    names: z.array(hostName).default([]).describe("Names that it must be for, beside the address' own"),
  })
  .transform(
    (value): CertificateRules =>
      defined({
        caFile: value['ca-file'],
        notIssuer: value['not-issuer'],
        validForSeconds: value['valid-for'],
        names: value.names,
      }),
  );

export const probe = z
  .strictObject({
    kustomization: kebabName.optional().describe('A Kustomization, Ready at the expected revision'),
    kustomizations: z.literal('all').optional().describe('Every Kustomization, Ready'),
    http: probeAddress.optional().describe('An address that answers with 2xx'),
    status: z
      .int('a status of HTTP from 100 to 599')
      .min(100, 'a status of HTTP from 100 to 599')
      .max(599, 'a status of HTTP from 100 to 599')
      .optional()
      .describe('The status that `http` must answer with, in place of any 2xx'),
    contains: words.optional().describe('Text that the answer of `http` must contain'),
    'not-contains': words.optional().describe('Text that the answer of `http` must not contain'),
    certificate: certificate.optional().describe('What the certificate of `http` must be'),
    resolve: ipAddress.optional().describe('The address to ask, in place of what DNS says of the host'),
    redirects: z
      .boolean()
      .optional()
      .describe('false: where `http` leads elsewhere, it is not followed (else five times at most)'),
    inside: z.boolean().optional().describe('true: `http` is asked by a pod in the cluster'),
    nodes: z
      .union([z.literal('all'), z.int().min(1).max(10_000)], { error: '`all`, or how many nodes there are' })
      .optional()
      .describe('All nodes, or exactly so many: Ready, without pressure, their clocks right'),
    network: z
      .strictObject({
        dns: namespaced.prefault('kube-system/kube-dns').describe('The Service of the cluster DNS'),
      })
      .optional()
      .describe('Pods have a network, and the cluster DNS answers them'),
    dns: z
      .strictObject({
        name: hostName.describe('The name'),
        addresses: z.array(ipAddress).default([]).describe('The addresses that it must resolve to'),
        inside: z.boolean().default(false).describe('true: asked by a pod in the cluster'),
        resolver: dnsServer.optional().describe("The DNS server to ask; by default the machine's own"),
      })
      .refine(({ inside, resolver }) => !inside || resolver === undefined, {
        error: '`resolver` only where it is asked from here',
      })
      .optional()
      .describe('A name that resolves'),
    secrets: z
      .union([z.literal('all'), z.array(namespaced).min(1)], {
        error: '`all`, or a list of ExternalSecrets as NAMESPACE/NAME',
      })
      .optional()
      .describe('ExternalSecrets that are synced, with values in their Secrets'),
    volume: z
      .strictObject({
        class: kebabName.describe('The StorageClass'),
        size: quantity.default('64Mi').describe('The size of the claim'),
        write: z.int().min(1).max(1024).default(4).describe('How many MiB are written and read back'),
      })
      .optional()
      .describe('A claim is bound, and a pod writes to the volume and reads it back'),
    'load-balancer': z
      .strictObject({
        service: namespaced.describe('The Service'),
        pool: z.array(addressPool).default([]).describe('The addresses that it must be of'),
      })
      .optional()
      .describe('A Service of type LoadBalancer that has an address'),
    workload: workloadName.optional().describe('A workload with all its replicas available'),
    database: z
      .strictObject({
        'up-to': z.enum(rungs).default('V6').describe('The last rung of the ladder'),
      })
      .optional()
      .describe('The database, held to the ladder of `database`'),
    passes: passes.optional().describe('How many good looks in a row make it pass'),
    within: duration.optional().describe('How long it is given'),
  })
  .refine((value) => probeKinds.filter((kind) => value[kind] !== undefined).length === 1, { error: oneKind })
  .refine((value) => value.http !== undefined || ofHttp.every((key) => value[key] === undefined), {
    error: onlyHttp,
  })
  .refine((value) => value.inside !== true || isPlain(value), { error: inClear })
  .meta({
    oneOf: probeKinds.map((kind) => ({ required: [kind] })),
    dependentRequired: Object.fromEntries(ofHttp.map((key) => [key, ['http']])),
  })
  .transform((value): Probe => {
    const limits = defined({ passes: value.passes, withinSeconds: value.within });
    return { ...kindOf(value), ...limits };
  });

function isPlain(value: {
  readonly http?: string | undefined;
  readonly certificate?: unknown;
  readonly resolve?: unknown;
  readonly status?: unknown;
}): boolean {
  const others = [value.certificate, value.resolve, value.status];
  return value.http?.startsWith('http://') === true && others.every((each) => each === undefined);
}

type Given = Parameters<Parameters<(typeof probe)['in']['transform']>[0]>[0];

function kindOf(value: Given): ProbeKind {
  const { kustomization, http, nodes, network, dns, secrets, volume, workload, database } = value;
  const balancer = value['load-balancer'];
  if (kustomization !== undefined) return { kind: 'kustomization', name: kustomization };
  if (http !== undefined) {
    const { status, contains, certificate, resolve, redirects, inside } = value;
    const notContains = value['not-contains'];
    return defined({
      kind: 'http' as const,
      url: http,
      ...{ status, contains, notContains, certificate, resolve, redirects, inside },
    });
  }
  if (nodes !== undefined) return nodes === 'all' ? { kind: 'nodes' } : { kind: 'nodes', count: nodes };
  if (network !== undefined) return { kind: 'network', dns: network.dns };
  if (dns !== undefined) return defined({ kind: 'dns' as const, ...dns });
  if (secrets !== undefined)
    return secrets === 'all' ? { kind: 'secrets' } : { kind: 'secrets', only: secrets };
  if (volume !== undefined)
    return { kind: 'volume', storageClass: volume.class, size: volume.size, writeMiB: volume.write };
  if (balancer !== undefined) return { kind: 'load-balancer', pool: balancer.pool, ...balancer.service };
  if (workload !== undefined) return { kind: 'workload', ...workload };
  if (database !== undefined) return { kind: 'database', upTo: database['up-to'] };
  return { kind: 'kustomizations' };
}

/** The probe with its paths counted from the castle file's folder. */
export function probePlaced(probe: Probe, dir: string): Probe {
  if (probe.kind !== 'http' || probe.certificate?.caFile === undefined) return probe;
  const caFile = resolve(dir, probe.certificate.caFile);
  return { ...probe, certificate: { ...probe.certificate, caFile } };
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Without the keys that are undefined. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>;
}
