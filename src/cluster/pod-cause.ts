import type { ApiObject } from './client.ts';

/** Why a pod does not run, in words; `lasting` where that does not pass by itself. */
export interface PodCause {
  readonly words: string;
  readonly kind: 'image' | 'config' | 'crash' | 'init' | 'memory' | 'schedule' | 'volume' | 'ready';
  readonly lasting: boolean;
}

export interface PodEvent {
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly series?: { readonly count?: number };
  readonly involvedObject?: { readonly name?: string; readonly uid?: string };
}

interface Terminated {
  readonly exitCode?: number;
  readonly reason?: string;
  readonly message?: string;
}

interface ContainerStatus {
  readonly name: string;
  readonly image?: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: object;
  readonly terminated?: Terminated;
}

interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
}

interface Container {
  readonly name: string;
  readonly image?: string;
  readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
}

/** A pull is tried again by itself; one that failed so often will not come. */
const mostFailures = 3;
const longest = 300;

/** The cause of one pod; undefined where nothing is wrong with it, or it has only just begun. */
export function podCause(pod: ApiObject, events: readonly PodEvent[] = []): PodCause | undefined {
  const name = `pod ${pod.metadata?.name ?? ''}`;
  const own = events.filter(
    ({ involvedObject: of }) =>
      of?.name === pod.metadata?.name && (of?.uid === undefined || of.uid === pod.metadata?.uid),
  );
  const { containers = [], initContainers = [] } = (pod.spec ?? {}) as PodSpec;
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False')
    return {
      words: `${name} is not placed: ${short(scheduled.message ?? scheduled.reason ?? '')}`,
      kind: 'schedule',
      lasting: false,
    };
  const inits = statuses(pod, 'initContainerStatuses');
  for (const status of inits) {
    const cause = containerCause(status, initContainers, own, 'init container');
    if (cause !== undefined) return { ...cause, words: `${name}: ${cause.words}` };
  }
  for (const status of statuses(pod, 'containerStatuses')) {
    const cause = containerCause(status, containers, own, 'container');
    if (cause !== undefined) return { ...cause, words: `${name}: ${cause.words}` };
  }
  const mount = own.findLast(({ reason }) => reason === 'FailedMount' || reason === 'FailedAttachVolume');
  if (mount !== undefined && pod.status?.['phase'] === 'Pending')
    return { words: `${name}: ${short(mount.message ?? '')}`, kind: 'volume', lasting: false };
  const sandbox = own.findLast(({ reason }) => reason === 'FailedCreatePodSandBox');
  if (sandbox !== undefined && pod.status?.['phase'] === 'Pending')
    return {
      words: `${name} gets no network: ${short(sandbox.message ?? '')}`,
      kind: 'config',
      lasting: false,
    };
  const unhealthy = own.findLast(({ reason }) => reason === 'Unhealthy');
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  if (unhealthy !== undefined && pod.status?.['phase'] === 'Running' && ready?.status === 'False')
    return {
      words: `${name} is not ready: ${short(unhealthy.message ?? '')}`,
      kind: 'ready',
      lasting: false,
    };
  return undefined;
}

/** The cause that says most of several pods: one that lasts before one that may pass. */
export function podsCause(pods: readonly ApiObject[], events: readonly PodEvent[]): PodCause | undefined {
  const causes = pods.flatMap((pod) => podCause(pod, events) ?? []);
  return causes.find(({ lasting }) => lasting) ?? causes[0];
}

type Cause = PodCause | undefined;

function containerCause(
  status: ContainerStatus,
  specs: readonly Container[],
  events: readonly PodEvent[],
  what: string,
): Cause {
  const spec = specs.find(({ name }) => name === status.name);
  const image = spec?.image ?? status.image ?? '';
  const { waiting, terminated } = status.state ?? {};
  const reason = waiting?.reason ?? '';
  const who = `${what} ${status.name}`;
  if (reason === 'ErrImageNeverPull')
    return {
      words: `the image ${image} is not on the node, and is never pulled`,
      kind: 'image',
      lasting: true,
    };
  if (reason === 'InvalidImageName')
    return { words: `${image} is no name of an image`, kind: 'image', lasting: true };
  if (reason === 'ImagePullBackOff' || reason === 'ErrImagePull' || reason === 'RegistryUnavailable') {
    const failed = events.filter(
      ({ reason, message = '' }) =>
        reason === 'Failed' && message.startsWith('Failed to pull image') && message.includes(image),
    );
    const told = failed.at(-1)?.message ?? waiting?.message ?? '';
    const limited = /429|toomanyrequests|rate limit/i.test(told) ? ' (its registry limits the pulls)' : '';
    const times = failed.reduce(
      (sum, { count, series }) => sum + Math.max(count ?? 1, series?.count ?? 1),
      0,
    );
    return {
      words: `the image ${image} cannot be pulled${limited}: ${short(told)}`,
      kind: 'image',
      lasting: times >= mostFailures,
    };
  }
  if (
    reason === 'CreateContainerConfigError' ||
    reason === 'CreateContainerError' ||
    reason === 'RunContainerError'
  )
    return {
      words: `${who} cannot be made: ${short(waiting?.message ?? reason)}`,
      kind: 'config',
      lasting: false,
    };
  const ended = terminated ?? (reason === 'CrashLoopBackOff' ? status.lastState?.terminated : undefined);
  if (ended === undefined || ended.exitCode === 0) return undefined;
  const memory = spec?.resources?.limits?.['memory'];
  const failures = (status.restartCount ?? 0) + 1;
  const init = what === 'init container';
  const alike =
    terminated === undefined ||
    status.lastState?.terminated === undefined ||
    lastLine(terminated.message) === lastLine(status.lastState.terminated.message);
  const lasting = init && failures >= mostFailures && alike;
  if (ended.reason === 'OOMKilled')
    return {
      words: `${who} was killed for its memory (OOMKilled${memory === undefined ? '' : `, limit ${memory}`})`,
      kind: 'memory',
      lasting,
    };
  const said = lastLine(ended.message);
  const times = failures === 1 ? '' : `, ${failures} times`;
  return {
    words: `${who} ended with exit code ${ended.exitCode ?? '?'}${times}${said === '' ? '' : `: ${short(said)}`}`,
    kind: init ? 'init' : 'crash',
    lasting,
  };
}

function statuses(pod: ApiObject, field: 'initContainerStatuses' | 'containerStatuses') {
  return (pod.status?.[field] ?? []) as readonly ContainerStatus[];
}

function lastLine(message = ''): string {
  return message.trimEnd().split('\n').at(-1)?.trim() ?? '';
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
