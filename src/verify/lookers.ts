import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpProbe, Probe } from '../castle/probes.ts';
import type { Cluster, Kind } from '../cluster/client.ts';
import { fluxNamespace } from '../cluster/identity-manifests.ts';
import { kinds } from '../cluster/kinds.ts';
import type { PodEvent } from '../cluster/pod-cause.ts';
import type { LookAtDatabase } from './database.ts';
import { judgeAddresses, lookUp } from './dns.ts';
import type { Looker } from './hold.ts';
import { lookAtPage } from './http.ts';
import { lookAtKustomizations } from './kustomization.ts';
import { judgeLoadBalancer } from './load-balancer.ts';
import { lookAtNetwork } from './network.ts';
import { judgeNodes } from './nodes.ts';
import type { PodDesk } from './probe-pod.ts';
import { lookAtSecrets } from './secrets.ts';
import { lookAtWorkload } from './workload.ts';

/** What the probes may ask of the castle. */
export interface ProbeContext {
  /** Undefined for a castle without a kubeconfig: what asks the cluster is refused before anything begins. */
  readonly cluster: Cluster | undefined;
  /** The commit that the GitOps tree must arrive at; undefined for a castle that claims no token. */
  readonly sha: string | undefined;
  readonly pods: PodDesk | undefined;
  /** undefined for a castle whose file names no database. */
  readonly database: LookAtDatabase | undefined;
}

type Lookers = {
  readonly [K in Probe['kind']]: (
    probe: Extract<Probe, { kind: K }>,
    context: Required<{ [P in keyof ProbeContext]: NonNullable<ProbeContext[P]> }>,
  ) => Looker;
};

/** One function a kind: the place where a new kind of probe is joined in. */
const lookers: Lookers = {
  kustomization: ({ name }, { cluster, sha }) => ({
    look: () => lookAtKustomizations(cluster, name, sha),
    changed: (signal) => anyChange(cluster, kinds.kustomization, fluxNamespace, signal),
  }),
  kustomizations: (_, { cluster, sha }) => ({
    look: () => lookAtKustomizations(cluster, undefined, sha),
    changed: (signal) => anyChange(cluster, kinds.kustomization, fluxNamespace, signal),
  }),
  http: (probe, context) => ({
    look: (signal) => (probe.inside ? lookInside(probe, context.pods, signal) : lookAtPage(probe, signal)),
  }),
  nodes: ({ count }, { cluster }) => ({
    async look() {
      const leases = await cluster.list(kinds.lease, 'kube-node-lease');
      return judgeNodes(await cluster.list(kinds.node), leases, count, Date.now());
    },
  }),
  network: ({ dns }, { cluster, pods }) => ({ look: (signal) => lookAtNetwork(cluster, pods, dns, signal) }),
  dns: ({ name, addresses, inside, resolver }, context) => ({
    async look(signal) {
      if (!inside) return lookUp(name, addresses, resolver);
      const asked = await context.pods.ask({ args: ['dns', name] }, signal);
      if (!asked.good) return { ...asked, trouble: asked.trouble ?? 'dns' };
      return judgeAddresses(name, asked.seen.split(' ').filter(Boolean), addresses);
    },
  }),
  secrets: ({ only }, { cluster }) => ({ look: () => lookAtSecrets(cluster, only) }),
  volume: ({ storageClass, size, writeMiB }, { pods }) => ({
    async look(signal) {
      const args = ['volume', '/probed', String(writeMiB)];
      const look = await pods.ask({ args, volume: { storageClass, size } }, signal);
      return look.good ? look : { ...look, trouble: look.trouble ?? 'volume' };
    },
  }),
  'load-balancer': ({ namespace, name, pool }, { cluster }) => ({
    async look() {
      const service = await cluster.read(kinds.service, name, namespace);
      const events = await cluster.list(
        kinds.event,
        namespace,
        `involvedObject.name=${name},involvedObject.kind=Service`,
      );
      return judgeLoadBalancer(service, `${namespace}/${name}`, pool, events as readonly PodEvent[]);
    },
  }),
  workload: (probe, { cluster }) => ({ look: () => lookAtWorkload(cluster, probe) }),
  database: ({ upTo }, { database }) => ({
    async look(signal) {
      const { error, passes, rungs } = await database(upTo, signal);
      if (error === undefined) return { good: true, seen: rungs.map(rungInWords).join(', ') };
      return { good: false, seen: `${error.what} ${error.why}`, trouble: error, final: !passes };
    },
  }),
};

const rungInWords = ({ rung, is }: { readonly rung: string; readonly is: string }) => `${rung} ${is}`;

export function lookerOf(probe: Probe, context: ProbeContext): Looker {
  const make = lookers[probe.kind] as (probe: Probe, context: ProbeContext) => Looker;
  return make(probe, context);
}

/** What a probe asks for, before anything is known of the castle: the cluster, its revision, a pod in it. */
export function needs(probe: Probe): {
  readonly cluster: boolean;
  readonly sha: boolean;
  readonly pod: boolean;
} {
  const sha = probe.kind === 'kustomization' || probe.kind === 'kustomizations';
  const pod =
    probe.kind === 'network' || probe.kind === 'volume' || ('inside' in probe && probe.inside === true);
  const here = (probe.kind === 'http' || probe.kind === 'dns') && !pod;
  return { cluster: !here, sha, pod };
}

/** What is probed, in few words. */
export function subjectOf(probe: Probe): string {
  switch (probe.kind) {
    case 'kustomization':
      return `Kustomization ${probe.name}`;
    case 'kustomizations':
      return 'all Kustomizations';
    case 'http':
      return probe.url;
    case 'dns':
      return `DNS of ${probe.name}`;
    case 'volume':
      return `a volume of ${probe.storageClass}`;
    case 'load-balancer':
      return `the address of ${probe.namespace}/${probe.name}`;
    case 'workload':
      return `${probe.workload} ${probe.namespace}/${probe.name}`;
    case 'nodes':
      return 'the nodes';
    default:
      return `the ${probe.kind}`;
  }
}

async function lookInside(probe: HttpProbe, pods: PodDesk, signal: AbortSignal) {
  const url = new URL(probe.url);
  const place = [url.hostname, url.port || '80', `${url.pathname}${url.search}`, probe.url];
  const args = ['http', ...place, probe.contains ?? '', probe.notContains ?? ''];
  const look = await pods.ask({ args }, signal);
  return look.good ? look : { ...look, trouble: look.trouble ?? ('page' as const) };
}

const settleMs = 50;

/** Resolves at the first change to any object of a kind after the list; a watch that breaks is left to the next look. */
async function anyChange(
  cluster: Cluster,
  kind: Kind,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  let shown = 0;
  const options = {
    reason: `a change of ${kind.plural}`,
    code: 'PHX-VERIFY-MILESTONE',
    seconds: 3600,
    signal,
  };
  await cluster.waitForAll(
    kind,
    namespace,
    () => {
      shown += 1;
      return shown === 1 ? { waiting: 'a change' } : { done: true };
    },
    options,
  );
  // Flux writes several at once.
  await sleep(settleMs, undefined, { signal });
}
