import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PhoenixError } from '../errors.ts';
import type { ControlPlane } from './control-plane.ts';
import type { KubeApi } from './kube-api.ts';
import { kwokStages } from './kwok-stages.ts';
import type { Program, Supervisor } from './supervisor.ts';
import { controllerManagerFlags, kwokFlags, schedulerFlags } from './workload-flags.ts';
import { nodesReady, ownPodsKept, podPlayed } from './workload-gates.ts';
import { nodeNames, nodeObject, ownPodsPolicy } from './workload-objects.ts';

interface WorkloadOptions {
  readonly controlPlane: ControlPlane;
  /** The control plane's folder, with its keys and the controllers' kubeconfigs. */
  readonly dir: string;
  readonly logDir: string;
  readonly programs: {
    readonly controllerManager: string;
    readonly scheduler: string;
    readonly kwok: string;
  };
  /** Repositories of the images whose pods the box's own node runs as processes. */
  readonly ownImages: readonly string[];
  readonly supervisor: Supervisor;
  readonly progress: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Less than a layer may be silent. */
const workWithinMs = 80_000;
const probeEveryMs = 50;

/**
 * What makes pods of workloads, beside an API server that is ready: the real controllers and scheduler, and kwok, which
 * plays the nodes and every pod but those of `ownImages`. Returns when a pod was seen to be made, placed and played.
 * @throws PhoenixError PHX-BOX-WORKLOADS, PHX-BOX-START
 */
export async function startWorkloads(options: WorkloadOptions): Promise<AsyncDisposable> {
  const { api } = options.controlPlane;
  const path = (name: string) => join(options.dir, name);
  await writeFile(path('kwok-stages.yaml'), kwokStages(), { mode: 0o600 });
  const start = (name: string, file: string, args: readonly string[]) =>
    options.supervisor.start({
      name,
      file,
      args,
      // kwok looks for files of its user's; there are none here.
      env: { HOME: options.dir },
      cwd: options.dir,
      logFile: join(options.logDir, `${name}.log`),
      polite: false,
    });
  const { controllerManager, scheduler, kwok } = options.programs;
  const started: Program[] = [];
  const stop = async () => {
    await Promise.all(started.map((program) => program.end()));
  };
  try {
    options.progress('kube-controller-manager, kube-scheduler and kwok with the nodes it simulates');
    // One by one: what runs already is ended where the next cannot be started.
    started.push(
      await start(
        'kube-controller-manager',
        controllerManager,
        controllerManagerFlags(path, { heartbeat: false }),
      ),
    );
    started.push(await start('kube-scheduler', scheduler, schedulerFlags(path)));
    started.push(await start('kwok', kwok, kwokFlags(path)));
    const limits = {
      deadline: Date.now() + workWithinMs,
      stopping: firstEnd(started),
      signal: options.signal,
    };
    const within = (what: string, step: () => Promise<string | undefined>) =>
      untilHolds({ what, step, ...limits });
    for (const { path: at, object } of ownPodsPolicy(options.ownImages)) await create(api, at, object);
    await Promise.all(nodeNames.map((name) => create(api, '/api/v1/nodes', nodeObject(name))));
    await within('every node is ready', () => nodesReady(api));
    await within('the pods of its own programs are kept for the box', () =>
      ownPodsKept(api, options.ownImages),
    );
    await within('a pod is placed on a node and runs', () => podPlayed(api));
  } catch (error) {
    await stop();
    throw error;
  }
  for (const program of started) program.declareUp();
  return { [Symbol.asyncDispose]: stop };
}

async function create(api: KubeApi, path: string, object: object): Promise<void> {
  const { status, body } = await api.request('POST', path, object);
  if (status !== 201) throw notWorking(`${path} answered ${status}: ${JSON.stringify(body)}`);
}

function firstEnd(programs: readonly Program[]): { how: string | undefined } {
  const first: { how: string | undefined } = { how: undefined };
  for (const { name, ended } of programs) {
    void ended.then((how) => {
      first.how ??= `${name} ended with ${how}`;
    });
  }
  return first;
}

/** Until `step` gives nothing that is still missing. */
async function untilHolds(of: {
  readonly what: string;
  readonly step: () => Promise<string | undefined>;
  readonly deadline: number;
  readonly stopping: { readonly how: string | undefined };
  readonly signal: AbortSignal;
}): Promise<void> {
  let seen: string | undefined;
  while (Date.now() < of.deadline) {
    if (of.stopping.how !== undefined) throw notWorking(of.stopping.how);
    seen = await of.step();
    if (seen === undefined) return;
    await sleep(probeEveryMs, undefined, { signal: of.signal });
  }
  throw notWorking(`Not within ${workWithinMs / 1000} s: ${of.what} (last seen: ${seen})`);
}

function notWorking(why: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-BOX-WORKLOADS',
    class: 'cluster',
    what: 'What makes pods in the box did not come up.',
    why,
    next: 'Run again; if it stays, read kube-controller-manager.log, kube-scheduler.log and kwok.log in the logs folder of the rehearsal.',
  });
}
