import { z } from 'zod';
import type { DatabaseSettings } from '../castle/database.ts';
import { type ApiObject, type Cluster, conditionOf } from '../cluster/client.ts';
import { findPod } from '../cluster/find-pod.ts';
import type { Pods } from '../cluster/pods.ts';
import { messageOf } from '../errors.ts';
import { restoreCause } from './restore-cause.ts';
import { failing, type Judged, passed, type Ran } from './rungs.ts';

const moment = z.coerce
  .date()
  .transform((date) => date.toISOString())
  .optional()
  .catch(undefined);
const terminated = z.object({
  exitCode: z.int(),
  reason: z.string().optional(),
  message: z.string().optional(),
  startedAt: moment,
  finishedAt: moment,
});
const states = z.object({
  waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
  running: z.object({}).optional(),
  terminated: terminated.optional(),
});
const containers = z
  .array(
    z.object({
      name: z.string(),
      restartCount: z.int().default(0),
      state: states.default({}),
      lastState: states.default({}),
    }),
  )
  .default([]);
const podStatus = z.object({
  phase: z.string().optional(),
  initContainerStatuses: containers,
  containerStatuses: containers,
});

/** How a container that restores stands: one that failed and waits to be tried again has failed. */
export type RestoreState =
  | { readonly is: 'waiting'; readonly seen: string }
  | { readonly is: 'done'; readonly seen: string; readonly ran: Ran | null }
  | {
      readonly is: 'failed';
      readonly seen: string;
      readonly message: string;
      readonly tries: number;
      /** Whether its log is that of the container before the one that is there now. */
      readonly previous: boolean;
    };

export function restoreState(pod: ApiObject | undefined, container: string): RestoreState {
  if (pod === undefined) return { is: 'waiting', seen: 'its pod does not exist yet' };
  const { phase = 'Unknown', ...status } = podStatus.parse(pod.status ?? {});
  const name = pod.metadata?.name ?? '';
  const found = [...status.initContainerStatuses, ...status.containerStatuses].find(
    (each) => each.name === container,
  );
  if (found === undefined)
    return { is: 'waiting', seen: `pod ${name} is ${phase}, without a container ${container}` };
  const { state, lastState, restartCount } = found;
  const ended = state.terminated ?? (state.running === undefined ? lastState.terminated : undefined);
  if (ended?.exitCode === 0) {
    const ran = ranOf(ended.startedAt, ended.finishedAt);
    return { is: 'done', seen: `${container} of pod ${name} ended with 0`, ran };
  }
  if (ended !== undefined) {
    return {
      is: 'failed',
      seen: `${container} of pod ${name} ended with ${ended.exitCode}${ended.reason === undefined || ended.reason === 'Error' ? '' : ` (${ended.reason})`}`,
      message: ended.message ?? '',
      tries: restartCount + 1,
      previous: state.terminated === undefined,
    };
  }
  const before = lastState.terminated;
  const again =
    before === undefined || before.exitCode === 0
      ? ''
      : `; it ended with ${before.exitCode} before: ${lastLine(before.message ?? '')}`;
  if (state.running !== undefined) return { is: 'waiting', seen: `${container} of pod ${name} runs${again}` };
  const { reason, message } = state.waiting ?? {};
  return {
    is: 'waiting',
    seen: `${container} of pod ${name} waits: ${[reason ?? 'not begun', message].filter(Boolean).join(': ')}`,
  };
}

function ranOf(started: string | undefined, ended: string | undefined): Ran | null {
  return started === undefined || ended === undefined ? null : { started, ended };
}

type Restore = NonNullable<DatabaseSettings['restore']>;

/** V1: whether what restores ended well, and when it ran. */
export async function lookAtRestore(
  restore: Restore,
  { cluster, pods }: { readonly cluster: Pick<Cluster, 'read' | 'list'>; readonly pods: Pods },
): Promise<Judged> {
  const found = await (restore.kind === 'pod' ? ofPod(restore, cluster) : ofJob(restore, cluster));
  const { state, pod, container, namespace } = found;
  if (state.is === 'done')
    return state.ran === null ? passed(state.seen) : { ...passed(state.seen), ran: state.ran };
  if (state.is === 'waiting') {
    return failing('PHX-DB-RESTORE', {
      seen: state.seen,
      why: `It has not ended: ${state.seen}.`,
      next: 'See the pod with kubectl describe, and the log of its restore.',
      passes: true,
    });
  }
  const where = { namespace, pod: pod?.metadata?.name ?? '', container };
  // The kubelet's word first: the log may be gone with the container.
  const lines =
    state.message.trim() === ''
      ? await pods
          .tail(where, 20, state.previous)
          .catch((error: unknown) => [`its log cannot be read: ${messageOf(error)}`])
      : state.message.trim().split('\n');
  return judgeFailed(state, lines);
}

export function judgeFailed(
  { seen, tries }: Pick<Extract<RestoreState, { is: 'failed' }>, 'seen' | 'tries'>,
  lines: readonly string[],
): Judged {
  const cause = restoreCause(lines);
  const again = tries > 1 ? `, ${tries} times` : '';
  return failing('PHX-DB-RESTORE', {
    seen: `${seen}${again}: ${lastLine(lines.join('\n'))}`,
    why: `${cause.why} ${seen}${again}. Its last words: ${lastLine(lines.join('\n'))}`,
    next: cause.next,
    passes: cause.passes,
  });
}

interface Found {
  readonly state: RestoreState;
  readonly pod: ApiObject | undefined;
  readonly container: string;
  readonly namespace: string;
}

async function ofPod(
  { pod: reference, container }: Extract<Restore, { kind: 'pod' }>,
  cluster: Pick<Cluster, 'read' | 'list'>,
): Promise<Found> {
  const pod = await findPod(cluster, reference);
  return { state: restoreState(pod, container), pod, container, namespace: reference.namespace };
}

const jobStatus = z.object({ startTime: moment, completionTime: moment });
const job = { apiVersion: 'batch/v1', kind: 'Job', plural: 'jobs' } as const;

async function ofJob(
  { namespace, name }: Extract<Restore, { kind: 'job' }>,
  cluster: Pick<Cluster, 'read' | 'list'>,
): Promise<Found> {
  const object = await cluster.read(job, name, namespace);
  const none = { pod: undefined, container: '', namespace };
  if (object === undefined)
    return { ...none, state: { is: 'waiting', seen: `Job ${name} does not exist yet` } };
  if (conditionOf(object, 'Complete')?.status === 'True') {
    const { startTime, completionTime } = jobStatus.parse(object.status ?? {});
    const ran = ranOf(startTime, completionTime);
    return { ...none, state: { is: 'done', seen: `Job ${name} is complete`, ran } };
  }
  const pod = await findPod(cluster, {
    namespace,
    label: { key: 'batch.kubernetes.io/job-name', value: name },
  });
  const container = failedContainer(pod) ?? '';
  const state = restoreState(pod, container);
  if (state.is === 'failed') return { state, pod, container, namespace };
  const given = conditionOf(object, 'Failed');
  if (given?.status !== 'True')
    return { ...none, state: { is: 'waiting', seen: `Job ${name} is not complete` } };
  const message = given.message ?? given.reason ?? '';
  return {
    ...none,
    state: { is: 'failed', seen: `Job ${name} failed`, message, tries: 1, previous: false },
  };
}

function failedContainer(pod: ApiObject | undefined): string | undefined {
  if (pod === undefined) return undefined;
  const { initContainerStatuses, containerStatuses } = podStatus.parse(pod.status ?? {});
  return [...initContainerStatuses, ...containerStatuses].find(
    ({ state, lastState }) => ((state.terminated ?? lastState.terminated)?.exitCode ?? 0) !== 0,
  )?.name;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() || 'none';
}
