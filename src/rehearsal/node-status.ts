import type { Deployment } from './container.ts';
import type { KubeApi } from './kube-api.ts';

export interface DeploymentStatus {
  /** The newest generation that was written as observed. */
  readonly generation: number;
  available(): Promise<void>;
  unavailable(message: string): Promise<void>;
  /** A change that left the pod as it is. */
  acknowledge(generation: number): Promise<void>;
}

/** Says on everything that it runs who did so: no reader may take the box's node for a kubelet. */
const annotations = { 'phoenix.dev/run-by': 'box-node' };

/** Writes a Deployment's status as the Deployment controller would, from what a process of the box really does. */
export function deploymentStatus(api: KubeApi, { metadata }: Deployment): DeploymentStatus {
  const path = `/apis/apps/v1/namespaces/${metadata.namespace}/deployments/${metadata.name}`;
  let generation = 0;
  const patch = async (at: string, body: object) => {
    const { status } = await api.request('PATCH', at, body);
    // Deleted meanwhile: there is nobody to tell.
    if (status !== 200 && status !== 404)
      throw new Error(`its status could not be written (answer ${status})`);
  };
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
  return {
    get generation() {
      return generation;
    },
    async available() {
      await patch(path, { metadata: { annotations } });
      await write(1, [
        condition('Available', true, 'MinimumReplicasAvailable', 'The process answers its readiness probe.'),
        condition('Progressing', true, 'NewReplicaSetAvailable', 'The process runs on the host of the box.'),
      ]);
    },
    async unavailable(message) {
      await write(0, [condition('Available', false, 'MinimumReplicasUnavailable', message)]);
    },
    async acknowledge(newer) {
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
