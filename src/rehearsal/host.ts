import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PhoenixError } from '../errors.ts';
import { identify } from '../process-identity.ts';
import { serveHostApi, shapeOf } from './api.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { type HostConfig, type HostEvent, hostConfig, machinesFolder, socketName } from './host-protocol.ts';
import { startNode } from './node.ts';
import { followedPods } from './node-pods.ts';
import { followedDeployments } from './node-status.ts';
import { markBoxDirectory, removeBoxDirectory, removeRecord, writeRecord } from './records.ts';
import { startStandIns } from './stand-in.ts';
import { createSupervisor, type Program, type Supervisor } from './supervisor.ts';
import { startWorkloads } from './workloads.ts';

/** Which program stands for which image when the box plays the node. */
const images = new Map([
  ['ghcr.io/external-secrets/external-secrets', 'external-secrets'],
  ['ghcr.io/fluxcd/source-controller', 'source-controller'],
  ['ghcr.io/fluxcd/kustomize-controller', 'kustomize-controller'],
]);

/**
 * The hidden command `box-host`: the process that owns everything a box starts. It reads its configuration from the
 * first line of stdin, and ends everything at the end of stdin, so that nothing outlives a rehearsal that was killed.
 * Returns the exit code.
 */
export async function runBoxHost(): Promise<number> {
  // The rehearsal may be gone already: what it would have read is of no use to anybody then.
  process.stdout.on('error', () => {});
  const emit = (event: HostEvent) => process.stdout.write(`${JSON.stringify(event)}\n`);
  const lines = createInterface({ input: process.stdin });
  const lifeline = new Promise<void>((resolve) => {
    lines.once('close', resolve);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  const first = new Promise<string>((resolve) => {
    lines.once('line', resolve);
  });
  const text = await Promise.race([first, lifeline]);
  if (text === undefined) return 0;
  const config = hostConfig.parse(JSON.parse(text));
  try {
    await host(config, emit, lifeline);
    return 0;
  } catch (error) {
    emit({ type: 'failed', error: shapeOf(error) });
    return 1;
  }
}

async function host(config: HostConfig, emit: (event: HostEvent) => void, lifeline: Promise<void>) {
  const own = await identify(process.pid);
  if (own === undefined) throw new Error('the host cannot tell its own start time');
  let ending = false;
  const { id, dir, stateDir } = config;
  let written: Promise<void> = Promise.resolve();
  const supervisor: Supervisor = createSupervisor({
    onDeath: (name, how) => ending || emit({ type: 'death', name, how }),
    // One after another: each writes what runs at its own turn.
    onChange: () => {
      written = written.then(() =>
        writeRecord(stateDir, { id, dir, host: own, processes: [...supervisor.running()] }),
      );
      return written;
    },
  });
  await using ends = new AsyncDisposableStack();
  await markBoxDirectory(dir, id);
  ends.defer(() => removeRecord(stateDir, id));
  ends.defer(() => removeBoxDirectory(dir, id));
  await writeRecord(stateDir, { id, dir, host: own, processes: [] });
  const logDir = join(stateDir, 'logs');
  await mkdir(logDir, { recursive: true });

  const machines = machinePark(config, supervisor, logDir, (source, text) =>
    emit({ type: 'log', source, text }),
  );
  const standIns: Program[] = [];
  ends.defer(async () => {
    await Promise.all(standIns.map((program) => program.end()));
  });
  ends.use(machines);
  const socket = join(dir, socketName);
  ends.use(await serveHostApi(socket, { processes: () => supervisor.running(), ...machines }));

  const listening = startStandIns(config, supervisor, (program) => standIns.push(program));
  const ready = await Promise.race([listening, lifeline]);
  if (ready !== undefined) {
    emit({ type: 'ready', socket, standIns: ready });
    await lifeline;
  }
  ending = true;
  await listening.catch(() => {});
}

/** One machine at a time: asking for another ends the one there is, as a platform layer that is replaced wants. */
function machinePark(
  config: HostConfig,
  supervisor: Supervisor,
  logDir: string,
  log: (source: string, text: string) => void,
) {
  let machine: AsyncDisposable | undefined;
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
    const dir = join(config.dir, machinesFolder, id);
    const shared = { dir, logDir, supervisor, progress, signal: stopping.signal };
    const workloads = config.node === 'kwok' ? workloadPrograms(config) : undefined;
    await using parts = new AsyncDisposableStack();
    const controlPlane = parts.use(
      await startControlPlane({
        ...shared,
        id,
        port,
        workloads: workloads !== undefined,
        programs: { etcd: toolFile(config, 'etcd'), apiServer: toolFile(config, 'kube-apiserver') },
      }),
    );
    if (workloads !== undefined)
      parts.use(
        await startWorkloads({ ...shared, controlPlane, programs: workloads, ownImages: [...images.keys()] }),
      );
    parts.use(startNode(nodeOptions(config, supervisor, controlPlane, join(dir, 'node'), log)));
    machine = parts.move();
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
