import { constants } from 'node:os';
import { type Deployment, podAsDeployment } from './container.ts';
import type { KubeApi } from './kube-api.ts';
import { type Followed, patchWhereThere, type RunStatus, readAs, runBy } from './node-status.ts';
import { hostNode, hostScheduler } from './workload-objects.ts';

/**
 * Where the real controllers make pods: those that the policy of the box keeps for its own node. It binds them and says
 * of each what its process does, so that a Deployment's status is the real controller's word on real readiness.
 */
export const followedPods: Followed = {
  path: `/api/v1/pods?fieldSelector=spec.schedulerName%3D${hostScheduler}`,
  read: (object) => readAs(podAsDeployment, object),
  status: podStatus,
  async released(api, { metadata }) {
    const { status } = await api.request('DELETE', pathOf(metadata), {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: 0,
      preconditions: { uid: metadata.uid },
    });
    // 404 and 409: it is gone, or another one has its name by now.
    if (status !== 200 && status !== 404 && status !== 409)
      throw new Error(`the pod could not be deleted (answer ${status})`);
  },
};

const pathOf = ({ namespace, name }: Deployment['metadata']) =>
  `/api/v1/namespaces/${namespace}/pods/${name}`;

type State =
  | { readonly waiting: { readonly reason: string; readonly message: string } }
  | { readonly running: { readonly startedAt: string } }
  | { readonly terminated: { readonly exitCode: number; readonly reason: string; readonly message: string } };

/** Writes a pod's status as a kubelet would, from what a process of the box really does. */
function podStatus(api: KubeApi, { metadata, spec }: Deployment): RunStatus {
  const path = pathOf(metadata);
  let startTime: string | undefined;
  let dead = false;
  const write = async (phase: 'Pending' | 'Running', state: State, ready: boolean, message?: string) => {
    const condition = (type: string, holds: boolean) => ({
      type,
      status: holds ? 'True' : 'False',
      lastTransitionTime: now(),
      ...(holds ? {} : { reason: 'ContainersNotReady', message }),
    });
    await patchWhereThere(api, `${path}/status`, {
      status: {
        phase,
        startTime,
        conditions: [
          condition('PodScheduled', true),
          condition('Initialized', true),
          condition('ContainersReady', ready),
          condition('Ready', ready),
        ],
        containerStatuses: spec.template.spec.containers.map(({ name, image }) => ({
          name,
          image,
          imageID: '',
          restartCount: 0,
          started: 'running' in state,
          ready,
          state,
        })),
      },
    });
  };
  const running = (): State => ({ running: { startedAt: startTime ?? now() } });
  return {
    async taken() {
      await patchWhereThere(api, path, { metadata: { annotations: runBy } });
      const { status } = await api.request('POST', `${path}/binding`, {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: metadata.name },
        target: { apiVersion: 'v1', kind: 'Node', name: hostNode },
      });
      // 409: bound already, by an attempt whose answer was lost.
      if (status !== 201 && status !== 409) throw new Error(`it could not be bound (answer ${status})`);
    },
    async started() {
      startTime = now();
      await write('Running', running(), false, 'Its readiness probe has not passed yet.');
    },
    available: () => write('Running', running(), true),
    async unavailable(message) {
      if (dead) return;
      const state: State =
        startTime === undefined ? { waiting: { reason: 'CreateContainerError', message } } : running();
      await write(startTime === undefined ? 'Pending' : 'Running', state, false, message);
    },
    async ended(how) {
      dead = true;
      const message = `The process ended with ${how}.`;
      // Not the phase Failed: the controller would make another pod, and nothing dies quietly in a rehearsal.
      const state: State = { terminated: { exitCode: exitCode(how), reason: 'Error', message } };
      await write('Running', state, false, message);
    },
    acknowledge: async () => {},
  };
}

/** Of the supervisor's words, as a kubelet counts: 128 and the signal's number for one that was killed. */
function exitCode(how: string): number {
  const [, code] = /^exit code (\d+)/.exec(how) ?? [];
  if (code !== undefined) return Number(code);
  const [, signal = ''] = /^signal (\w+)/.exec(how) ?? [];
  return 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
}

const now = () => new Date().toISOString().replace(/\.\d+Z$/, 'Z');
