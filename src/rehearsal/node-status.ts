import type { z } from 'zod';
import { type Deployment, deployment } from './container.ts';
import type { KubeApi } from './kube-api.ts';

/** Where the node writes what became of one workload. */
export interface RunStatus {
  /** The node has taken it on. */
  taken(): Promise<void>;
  /** Its process runs; it is not ready yet. */
  started(): Promise<void>;
  available(): Promise<void>;
  unavailable(message: string): Promise<void>;
  /** Its process ended though nobody asked it to. */
  ended(how: string): Promise<void>;
  /** A change that left the pod as it is. */
  acknowledge(generation: number): Promise<void>;
}

/** What the node takes its work from. */
export interface Followed {
  /** Of the list, with a query that more can be added to. */
  readonly path: string;
  /** The workload in an object of the list; none where the node cannot read it. */
  read(object: unknown): readonly Deployment[];
  status(api: KubeApi, manifest: Deployment): RunStatus;
  /** After its process ended because its owner asked for that. */
  released(api: KubeApi, manifest: Deployment): Promise<void>;
}

/** Says on everything that it runs who did so: no reader may take the box's node for a kubelet. */
export const runBy = { 'phoenix.dev/run-by': 'box-node' };

/** Where no controller makes pods of them: Deployments themselves. */
export const followedDeployments: Followed = {
  path: '/apis/apps/v1/deployments?fieldSelector=',
  read: (object) => readAs(deployment, object),
  status: deploymentStatus,
  released: async () => {},
};

/** What `schema` makes of an object; nothing where it does not fit. */
export function readAs(schema: z.ZodType<Deployment>, object: unknown): readonly Deployment[] {
  const parsed = schema.safeParse(object);
  return parsed.success ? [parsed.data] : [];
}

export async function patchWhereThere(api: KubeApi, path: string, body: object): Promise<void> {
  const { status } = await api.request('PATCH', path, body);
  // Deleted meanwhile: there is nobody to tell.
  if (status !== 200 && status !== 404) throw new Error(`its status could not be written (answer ${status})`);
}

/** Writes a Deployment's status as the Deployment controller would, from what a process of the box really does. */
function deploymentStatus(api: KubeApi, { metadata }: Deployment): RunStatus {
  const path = `/apis/apps/v1/namespaces/${metadata.namespace}/deployments/${metadata.name}`;
  let generation = 0;
  const patch = (at: string, body: object) => patchWhereThere(api, at, body);
  const write = async (replicas: number, conditions: object[]) => {
    generation = Math.max(generation, metadata.generation);
    await patch(`${path}/status`, {
      status: {
        observedGeneration: generation,
        replicas: 1,
        updatedReplicas: 1,
        readyReplicas: replicas,
        availableReplicas: replicas,
        unavailableReplicas: 1 - replicas,
        conditions,
      },
    });
  };
  const unavailable = (message: string) =>
    write(0, [condition('Available', false, 'MinimumReplicasUnavailable', message)]);
  return {
    taken: async () => {},
    started: async () => {},
    async available() {
      await patch(path, { metadata: { annotations: runBy } });
      await write(1, [
        condition('Available', true, 'MinimumReplicasAvailable', 'The process answers its readiness probe.'),
        condition('Progressing', true, 'NewReplicaSetAvailable', 'The process runs on the host of the box.'),
      ]);
    },
    unavailable,
    ended: (how) => unavailable(`The process ended with ${how}.`),
    async acknowledge(newer) {
      if (newer <= generation) return;
      generation = newer;
      await patch(`${path}/status`, { status: { observedGeneration: newer } });
    },
  };
}

function condition(type: string, holds: boolean, reason: string, message: string): object {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const status = holds ? 'True' : 'False';
  return { type, status, reason, message, lastUpdateTime: now, lastTransitionTime: now };
}
