import type { KubernetesObject } from '@kubernetes/client-node';
import { PhoenixError } from '../errors.ts';
import { loadClient } from './load.ts';
import { type Judge, type WaitOptions, waitForObjects } from './wait.ts';

/** The part of an API object that Phoenix reads; everything else is carried along. */
export interface ApiObject extends KubernetesObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
    readonly [field: string]: unknown;
  };
  readonly data?: Readonly<Record<string, string>>;
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
}

/** A kind of object, with the plural that its path needs. */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
}

export interface Cluster {
  /** Server-side apply as field manager `phoenix`, taking over fields that others own. */
  apply(object: ApiObject): Promise<ApiObject>;
  /** Merges `object` into the one there is (JSON merge patch): null takes a field away. */
  patch(object: ApiObject): Promise<ApiObject>;
  /** At once, without a grace; one that is not there is no error. */
  remove(kind: Kind, name: string, namespace?: string): Promise<void>;
  /** Undefined where the object, or its kind, does not exist. */
  read(kind: Kind, name: string, namespace?: string): Promise<ApiObject | undefined>;
  list(kind: Kind, namespace?: string, fieldSelector?: string): Promise<ApiObject[]>;
  /** Waits on one object; one that is missing, or whose kind is not served yet, is waited for too. */
  waitFor<T>(
    kind: Kind,
    name: string,
    namespace: string | undefined,
    judge: Judge<ApiObject | undefined, T>,
    options: WaitOptions,
  ): Promise<T>;
  /** Waits on all objects of a kind in a namespace. */
  waitForAll<T>(
    kind: Kind,
    namespace: string,
    judge: Judge<readonly ApiObject[], T>,
    options: WaitOptions,
  ): Promise<T>;
}

const fieldManager = 'phoenix';

/** A client for the cluster that `kubeconfig` (a file) names. Connects to nothing yet. */
export async function connectCluster(kubeconfig: string): Promise<Cluster> {
  const { KubeConfig, KubernetesObjectApi, PatchStrategy, Watch } = await loadClient();
  const config = new KubeConfig();
  try {
    config.loadFromFile(kubeconfig);
  } catch (cause) {
    throw new PhoenixError({
      code: 'PHX-CLUSTER-KUBECONFIG',
      class: 'cluster',
      what: 'The kubeconfig cannot be read.',
      why: cause instanceof Error ? cause.message : 'It is not in the form of a kubeconfig.',
      next: 'See that `kubeconfig.layer` and `kubeconfig.output` in the castle file name an output that holds a kubeconfig.',
      cause,
    });
  }
  const objects = KubernetesObjectApi.makeApiClient(config);
  const reader = { objects, watch: new Watch(config) };
  const cluster: Cluster = {
    apply: (object) =>
      objects.patch(object, undefined, undefined, fieldManager, true, PatchStrategy.ServerSideApply),
    patch: (object) =>
      objects.patch(object, undefined, undefined, fieldManager, undefined, PatchStrategy.MergePatch),
    async remove({ apiVersion, kind }, name, namespace) {
      const metadata = namespace === undefined ? { name } : { name, namespace };
      try {
        await objects.delete({ apiVersion, kind, metadata }, undefined, undefined, 0);
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    },
    async read({ apiVersion, kind }, name, namespace) {
      try {
        const metadata = namespace === undefined ? { name } : { name, namespace };
        return await objects.read<ApiObject>({ apiVersion, kind, metadata });
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async list({ apiVersion, kind }, namespace, fieldSelector) {
      try {
        const found = await objects.list<ApiObject>(
          apiVersion,
          kind,
          namespace,
          undefined,
          undefined,
          undefined,
          fieldSelector,
        );
        return found.items;
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    },
    waitFor(kind, name, namespace, judge, options) {
      const scope = { kind, namespace, fieldSelector: `metadata.name=${name}` };
      return waitForObjects(reader, scope, (items) => judge(items[0]), options);
    },
    waitForAll(kind, namespace, judge, options) {
      return waitForObjects(reader, { kind, namespace, fieldSelector: undefined }, judge, options);
    },
  };
  return cluster;
}

/** A 404, or a kind that discovery does not know (yet). */
function isMissing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    ('code' in error && error.code === 404) || error.message.startsWith('Unrecognized API version and kind')
  );
}

export function conditionOf(object: ApiObject | undefined, type: string): Condition | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type);
}

/** `Ready=False (reason): message`, for people. */
export function describeCondition(condition: Condition | undefined): string {
  if (condition === undefined) return 'no condition yet';
  return `${condition.type}=${condition.status} (${condition.reason ?? 'no reason'})${condition.message ? `: ${condition.message}` : ''}`;
}
