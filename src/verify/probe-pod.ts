import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiObject, Cluster } from '../cluster/client.ts';
import { kinds } from '../cluster/kinds.ts';
import { type PodEvent, podCause } from '../cluster/pod-cause.ts';
import { PhoenixError, toPhoenixError } from '../errors.ts';
import { parseJson } from '../json.ts';
import type { Look } from './hold.ts';
import { podScript } from './pod-script.ts';
import { lookOf } from './workload.ts';

export const probeNamespace = 'phoenix-verify';

/** Arguments of the script; with `volume`, the claim that is mounted where they say. */
export interface Task {
  readonly args: readonly string[];
  readonly volume?: { readonly storageClass: string; readonly size: string };
}

/** Probe pods of one verification: made when first asked for, gone with their namespace when disposed of. */
export interface PodDesk extends AsyncDisposable {
  /** Tasks that are asked for at about the same time share a pod; one with a volume has its own. */
  ask(task: Task, signal: AbortSignal): Promise<Look>;
}

const gatherMs = 100;
const podSeconds = 90;
const goneWithinMs = 20_000;
const reportFormat = z.object({ tasks: z.array(z.object({ good: z.boolean(), seen: z.string() })) });

export function openPodDesk(cluster: Cluster, image: string): PodDesk {
  let home: Promise<void> | undefined;
  const claims = new Set<string>();
  let waiting: { readonly task: Task; readonly done: (look: Promise<Look>) => void }[] = [];
  const begin = (signal: AbortSignal) => {
    home ??= makeNamespace(cluster, signal).catch((error: unknown) => {
      home = undefined;
      throw error;
    });
    return home;
  };
  const gather = async (signal: AbortSignal) => {
    await sleep(gatherMs);
    const batch = waiting;
    waiting = [];
    const looks = begin(signal).then(() =>
      runPod(
        cluster,
        image,
        batch.map(({ task }) => task),
        undefined,
        signal,
      ),
    );
    for (const [index, { done }] of batch.entries()) done(looks.then((all) => all[index] ?? unread));
  };
  return {
    async ask(task, signal) {
      if (task.volume !== undefined) {
        await begin(signal);
        const claim = await makeClaim(cluster, task.volume);
        claims.add(claim);
        const [look = unread] = await runPod(cluster, image, [task], claim, signal);
        return look;
      }
      const { promise, resolve } = Promise.withResolvers<Look>();
      waiting.push({ task, done: resolve });
      if (waiting.length === 1) void gather(signal);
      return promise;
    },
    async [Symbol.asyncDispose]() {
      if (home === undefined) return;
      await cluster.remove(kinds.namespace, probeNamespace);
      if (claims.size > 0) await freeVolumes(cluster);
    },
  };
}

const unread: Look = { good: false, seen: 'the probe pod told nothing' };

async function makeNamespace(cluster: Cluster, signal: AbortSignal): Promise<void> {
  // That of a run before may still be on its way out: nothing can be made in it.
  for (;;) {
    const found = await cluster.read(kinds.namespace, probeNamespace);
    if (found?.metadata?.deletionTimestamp === undefined) break;
    await sleep(500, undefined, { signal });
  }
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: probeNamespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  // A pod is refused until its namespace has the account that pods run as.
  while ((await cluster.read(kinds.serviceAccount, 'default', probeNamespace)) === undefined)
    await sleep(100, undefined, { signal });
}

async function makeClaim(
  cluster: Cluster,
  { storageClass, size }: NonNullable<Task['volume']>,
): Promise<string> {
  const name = `probe-${storageClass}-${size.toLowerCase()}`;
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: probeNamespace },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: storageClass,
      resources: { requests: { storage: size } },
    },
  });
  return name;
}

/** Runs the tasks in one pod; a pod that cannot run is what all of them saw. */
async function runPod(
  cluster: Cluster,
  image: string,
  tasks: readonly Task[],
  claim: string | undefined,
  signal: AbortSignal,
): Promise<readonly Look[]> {
  const name = `probe-${randomUUID().slice(0, 8)}`;
  try {
    await cluster.apply(podOf(name, image, tasks, claim));
    return await cluster.waitFor<readonly Look[]>(
      kinds.pod,
      name,
      probeNamespace,
      async (pod) => {
        if (pod === undefined) return { waiting: 'the probe pod does not exist' };
        const phase = String(pod.status?.['phase'] ?? 'Pending');
        if (phase === 'Succeeded') return { done: reported(pod) };
        const events = (await cluster.list(kinds.event, probeNamespace)) as readonly PodEvent[];
        const cause = podCause(pod, events);
        const seen = `the probe pod cannot run: ${cause?.words ?? String(pod.status?.['message'] ?? phase)}`;
        const look: Look = { good: false, seen, ...(cause === undefined ? {} : lookOf(cause)) };
        if (phase === 'Failed' || cause?.lasting === true || cause?.kind === 'schedule')
          return { done: tasks.map(() => (claim === undefined ? look : { ...look, trouble: 'volume' })) };
        return { waiting: cause?.words ?? phase };
      },
      { reason: 'the probe pod', code: 'PHX-VERIFY-POD', seconds: podSeconds, signal },
    );
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const { why } = toPhoenixError(thrown);
    const seen =
      thrown instanceof PhoenixError ? `the probe pod did not end: ${why}` : `the probe pod: ${why}`;
    return tasks.map(() => ({ good: false, seen, trouble: claim === undefined ? 'workload' : 'volume' }));
  } finally {
    await cluster.remove(kinds.pod, name, probeNamespace).catch(() => {});
  }
}

function reported(pod: ApiObject): readonly Look[] {
  const [status] = (pod.status?.['containerStatuses'] ?? []) as readonly {
    readonly state?: { readonly terminated?: { readonly message?: string } };
  }[];
  const parsed = reportFormat.safeParse(parseJson(status?.state?.terminated?.message ?? ''));
  return parsed.success ? parsed.data.tasks : [];
}

function podOf(name: string, image: string, tasks: readonly Task[], claim: string | undefined): ApiObject {
  const mounts = claim === undefined ? [] : [{ name: 'probed', mountPath: '/probed' }];
  const room = String(Math.max(40, Math.min(300, Math.floor(3000 / tasks.length) - 40)));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: probeNamespace },
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: podSeconds,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65534,
        runAsGroup: 65534,
        fsGroup: 65534,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'probe',
          image,
          command: ['sh', '-c', podScript, 'probe'],
          args: tasks.flatMap(({ args }) => [...args]),
          env: [
            { name: 'REPORT', value: '/dev/termination-log' },
            { name: 'ROOM', value: room },
          ],
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '128Mi' } },
          volumeMounts: mounts,
        },
      ],
      volumes: claim === undefined ? [] : [{ name: 'probed', persistentVolumeClaim: { claimName: claim } }],
    },
  };
}

/** A volume that is kept after its claim would be lost for the next one: only a probe's bytes were on it. */
async function freeVolumes(cluster: Cluster): Promise<void> {
  const until = Date.now() + goneWithinMs;
  while (Date.now() < until) {
    if ((await cluster.list(kinds.persistentVolumeClaim, probeNamespace)).length === 0) break;
    await sleep(250);
  }
  for (const volume of await cluster.list(kinds.persistentVolume)) {
    const claim = volume.spec?.['claimRef'] as { readonly namespace?: string } | undefined;
    const kept = volume.spec?.['persistentVolumeReclaimPolicy'] === 'Retain';
    if (!kept || claim?.namespace !== probeNamespace || volume.status?.['phase'] !== 'Released') continue;
    const { name = '' } = volume.metadata ?? {};
    await cluster.patch({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: { claimRef: null },
    });
  }
}
