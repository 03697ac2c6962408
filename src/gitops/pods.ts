import { isMap } from './draft.ts';
import { listAt, type Manifest, mapAt, valueAt } from './inspect.ts';
import type { Key, Resource } from './model.ts';

export interface Container {
  readonly name: string;
  readonly image: string | undefined;
  readonly init: boolean;
  /** An init container that stays: it is not waited for to end. */
  readonly sidecar: boolean;
  readonly manifest: Manifest;
  readonly path: readonly Key[];
}

export interface PodSpec {
  readonly spec: Manifest;
  readonly path: readonly Key[];
  readonly containers: readonly Container[];
}

const template: readonly Key[] = ['spec', 'template', 'spec'];

const places: Readonly<Record<string, readonly Key[]>> = {
  Pod: ['spec'],
  PodTemplate: ['template', 'spec'],
  Deployment: template,
  StatefulSet: template,
  DaemonSet: template,
  ReplicaSet: template,
  ReplicationController: template,
  Job: template,
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
};

/** Where a kind of Kubernetes' own keeps its pod's spec; undefined for every other kind. */
export function podPath({ kind }: Pick<Resource, 'kind'>): readonly Key[] | undefined {
  return Object.hasOwn(places, kind) ? places[kind] : undefined;
}

/** The spec of the pods that an object of Kubernetes' own kinds makes. */
export function podOf(resource: Resource): PodSpec | undefined {
  const path = podPath(resource);
  const spec = path && valueAt(resource.manifest, path);
  if (path === undefined || !isMap(spec)) return undefined;
  return {
    spec,
    path,
    containers: [...containers(spec, path, 'initContainers'), ...containers(spec, path, 'containers')],
  };
}

function containers(spec: Manifest, path: readonly Key[], key: 'initContainers' | 'containers'): Container[] {
  return listAt(spec, [key]).flatMap((manifest, index) => {
    if (!isMap(manifest)) return [];
    const { name, image, restartPolicy } = manifest;
    return {
      name: typeof name === 'string' ? name : String(index),
      image: typeof image === 'string' ? image : undefined,
      init: key === 'initContainers',
      sidecar: key === 'initContainers' && restartPolicy === 'Always',
      manifest,
      path: [...path, key, index],
    };
  });
}

/** Name of the account that the pod runs as. */
export function accountOf({ spec }: PodSpec): string {
  const name = spec['serviceAccountName'] ?? spec['serviceAccount'];
  return typeof name === 'string' && name !== '' ? name : 'default';
}

/** Whether a projected volume brings the account's token, which holds also where automounting is off. */
export function projectsToken({ spec }: PodSpec): boolean {
  return listAt(spec, ['volumes']).some((volume) =>
    listAt(volume, ['projected', 'sources']).some(
      (source) => isMap(source) && Object.hasOwn(source, 'serviceAccountToken'),
    ),
  );
}

/** The labels of a pod and its owner's deadline belong to others; this is what a Job itself allows in seconds. */
export function hasDeadline(resource: Resource, { spec }: PodSpec): boolean {
  if (typeof spec['activeDeadlineSeconds'] === 'number') return true;
  const job = resource.kind === 'CronJob' ? ['spec', 'jobTemplate', 'spec'] : ['spec'];
  return typeof mapAt(resource.manifest, job)['activeDeadlineSeconds'] === 'number';
}
