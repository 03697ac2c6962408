import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PhoenixError } from '../errors.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { type HostConfig, machinesFolder } from './host-protocol.ts';
import { startNode } from './node.ts';
import { followedPods } from './node-pods.ts';
import { followedDeployments } from './node-status.ts';
import { cgroupOf } from './real/cgroups.ts';
import type { OnRestart } from './real/keeping.ts';
import { startRealNode } from './real/real-node.ts';
import { type BoxBucket, spoilBucket } from './real/spoil-bucket.ts';
import { nodeTroubles } from './real/troubles.ts';
import { declareStruck } from './stand-ins/struck.ts';
import type { Supervisor } from './supervisor.ts';
import { startWorkloads } from './workloads.ts';

export interface MachineParkOptions {
  readonly config: HostConfig;
  readonly supervisor: Supervisor;
  readonly logDir: string;
  /** The ways in, with the port of the machine's loopback that each has for as long as the box. */
  readonly doors: readonly { readonly listen: number; readonly host: string; readonly port: number }[];
  /** Ports of the machine's loopback that pods reach at the node's address; complete when the first machine is asked for. */
  readonly outside: readonly number[];
  /** The S3 server, once it is there. */
  readonly bucket: () => BoxBucket | undefined;
  readonly log: (source: string, text: string) => void;
  readonly onRestart: OnRestart;
}

type Making = {
  readonly id: string;
  readonly dir: string;
  readonly port: number;
  /** Whether the faults are meant for it. */
  readonly struck: boolean;
  readonly progress: (text: string) => void;
  readonly signal: AbortSignal;
};

/** Which program stands for which image when the box plays the node. */
const images = new Map([
  ['ghcr.io/external-secrets/external-secrets', 'external-secrets'],
  ['ghcr.io/fluxcd/source-controller', 'source-controller'],
  ['ghcr.io/fluxcd/kustomize-controller', 'kustomize-controller'],
]);

/** One machine at a time: asking for another ends the one there is, as a platform layer that is replaced wants. */
export function machinePark(options: MachineParkOptions) {
  const { config } = options;
  let machine: AsyncDisposable | undefined;
  let made = 0;
  let turn: Promise<unknown> = Promise.resolve();
  const stopping = new AbortController();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = turn.then(work);
    turn = next.catch(() => {});
    return next;
  };
  const end = async () => {
    await machine?.[Symbol.asyncDispose]();
    machine = undefined;
  };
  const create = async (id: string, port: number, progress: (text: string) => void) => {
    stopping.signal.throwIfAborted();
    await end();
    made += 1;
    const struck = made >= config.faultsFrom;
    if (made === config.faultsFrom) await strike(options);
    const making = {
      id,
      dir: join(config.dir, machinesFolder, id),
      port,
      struck,
      progress,
      signal: stopping.signal,
    };
    const { controlPlane, whole } = await (config.node === 'real' ? real : simulated)(options, making);
    machine = whole;
    // At a path known beforehand, for whoever runs the layers by hand or by Terragrunt alone.
    const current = join(config.dir, 'kubeconfig');
    await rm(current, { force: true });
    await symlink(controlPlane.kubeconfig, current);
    return { id, server: controlPlane.server };
  };
  return {
    createMachine: (id: string, port: number, progress: (text: string) => void) =>
      inTurn(() => create(id, port, progress)),
    deleteMachine: () => inTurn(end),
    [Symbol.asyncDispose]: () => {
      stopping.abort();
      return inTurn(end);
    },
  };
}

async function strike({ config, bucket }: MachineParkOptions): Promise<void> {
  await declareStruck(config.dir);
  const server = bucket();
  if (server !== undefined) await spoilBucket(config.faults, server);
}

/** Without a node, or with those of kwok: the controllers that the castle needs run as processes of this machine. */
async function simulated({ config, supervisor, logDir, log }: MachineParkOptions, making: Making) {
  const { id, dir, port } = making;
  const shared = { dir, logDir, supervisor, progress: making.progress, signal: making.signal };
  await using parts = new AsyncDisposableStack();
  const controlPlane = parts.use(
    await startControlPlane({
      ...shared,
      id,
      port,
      node: config.node,
      programs: { etcd: toolFile(config, 'etcd'), apiServer: toolFile(config, 'kube-apiserver') },
    }),
  );
  if (config.node === 'kwok')
    parts.use(
      await startWorkloads({
        ...shared,
        controlPlane,
        programs: workloadPrograms(config),
        ownImages: [...images.keys()],
      }),
    );
  parts.use(startNode(nodeOptions(config, supervisor, controlPlane, join(dir, 'node'), log)));
  return { controlPlane, whole: parts.move() };
}

async function real(options: MachineParkOptions, { id, dir, port, struck, progress, signal }: Making) {
  const { config, supervisor, logDir, doors, outside, onRestart } = options;
  const names = [
    ...(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const),
    ...(['kubelet', 'kube-proxy'] as const),
  ];
  const programs = Object.fromEntries(names.map((name) => [name, toolFile(config, name)])) as Record<
    (typeof names)[number],
    string
  >;
  const controlPlane = await startRealNode({
    id,
    dir,
    boxDir: config.dir,
    logDir,
    programs,
    images: config.images,
    cgroup: cgroupOf(config.id),
    port,
    inward: doors,
    outward: outside,
    troubles: nodeTroubles(config.faults, struck),
    self: config.self,
    supervisor,
    onRestart,
    progress,
    signal,
  });
  return { controlPlane, whole: controlPlane };
}

function nodeOptions(
  config: HostConfig,
  supervisor: Supervisor,
  { api, server, ca }: ControlPlane,
  dir: string,
  log: (source: string, text: string) => void,
) {
  const programs = new Map(
    [...images].map(([repository, tool]) => [repository, { name: tool, file: toolFile(config, tool) }]),
  );
  const followed = config.node === 'kwok' ? followedPods : followedDeployments;
  return { api, server, ca, supervisor, followed, programs, dir, log };
}

function workloadPrograms(config: HostConfig) {
  return {
    controllerManager: toolFile(config, 'kube-controller-manager'),
    scheduler: toolFile(config, 'kube-scheduler'),
    kwok: toolFile(config, 'kwok'),
  };
}

function toolFile(config: HostConfig, name: string): string {
  const tool = config.tools[name];
  if (tool !== undefined) return tool.file;
  throw new PhoenixError({
    code: 'PHX-BOX-TOOL',
    class: 'toolchain',
    what: `The box has no ${name}.`,
    why: 'The rehearsal did not hand it over with the other tools.',
    next: `Install it with the toolchain (phoenix setup) and hand it over under the name ${name}.`,
  });
}
