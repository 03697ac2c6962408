import { mkdir, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import { accountKubeconfig } from './account.ts';
import { type Container, type Deployment, planProcess, portNames } from './container.ts';
import type { NodeOptions } from './node.ts';
import { freePorts } from './ports.ts';
import type { Program } from './supervisor.ts';

/** One workload that runs, or is on its way to, as a process. */
export interface Run {
  /** Whether `manifest` asks for what runs already; a new generation with the same pod is then acknowledged. */
  keeps(manifest: Deployment): Promise<boolean>;
  /** Stops waiting for a start that `manifest` makes pointless. */
  supersededBy(manifest: Deployment): void;
  cancel(): void;
  end(): Promise<void>;
}

/**
 * A process that ends before it is ready is started again this often in all, as a kubelet would, each time with other
 * ports: between the choice of a free port and its use by a program that has yet to start, another may take it.
 */
const starts = 3;
const healthyWithinMs = 60_000;
const pollMs = 50;

export function runDeployment(
  options: NodeOptions,
  manifest: Deployment,
  program: { readonly name: string; readonly file: string },
): Run {
  const cancelled = new AbortController();
  const { name, namespace } = manifest.metadata;
  const folder = join(options.dir, `${namespace}.${name}`);
  const kubeconfig = join(folder, 'kubeconfig');
  const status = options.followed.status(options.api, manifest);
  let process: Program | undefined;

  const bringUp = async () => {
    const [container] = manifest.spec.template.spec.containers;
    if (container === undefined) return;
    await status.taken();
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(kubeconfig, await accountKubeconfig(options, manifest, cancelled.signal), {
      mode: 0o600,
    });
    for (let start = 1; !cancelled.signal.aborted; start += 1) {
      const how = await startOnce(container);
      if (how === undefined || cancelled.signal.aborted) return;
      if (start === starts) {
        options.supervisor.died(program.name, how);
        throw new Error(`the process ended with ${how}`);
      }
      options.log('box-node', `${namespace}/${name} ended before it was ready, with ${how}: started again`);
    }
  };

  /** Resolves when it is ready, or with how it ended before that. */
  const startOnce = async (container: Container): Promise<string | undefined> => {
    const home = await prepareHome(folder, container);
    const plan = planProcess(manifest, container, home);
    const started = await options.supervisor.start({
      name: program.name,
      file: program.file,
      args: plan.args,
      env: { ...plan.env, KUBECONFIG: kubeconfig, HOME: home.home, TMPDIR: home.temporary },
      cwd: home.home,
      logFile: join(folder, 'log'),
    });
    process = started;
    options.log('box-node', `runs ${namespace}/${name} as process ${started.pid}`);
    await status.started();
    const { ended } = started;
    const healthy = untilHealthy(plan.health, AbortSignal.any([cancelled.signal, aborted(ended)]));
    const early = await Promise.race([healthy.then(() => undefined), ended]);
    if (early !== undefined) return early;
    started.declareUp();
    void ended
      .then(async (how) => {
        if (!cancelled.signal.aborted) await status.ended(how);
      })
      .catch(ignore);
    await status.available();
    options.log('box-node', `${namespace}/${name} is ready`);
    return undefined;
  };

  const up = bringUp().catch(async (error: unknown) => {
    if (cancelled.signal.aborted) return;
    // One that still runs is given up on, not watched any less: its end is a death.
    process?.declareUp();
    options.log('box-node', `${namespace}/${name} does not run: ${messageOf(error)}`);
    await status.unavailable(messageOf(error)).catch(ignore);
  });

  return {
    async keeps(next) {
      if (podOf(next) !== podOf(manifest)) return false;
      await up;
      await status.acknowledge(next.metadata.generation);
      return true;
    },
    supersededBy(next) {
      if (podOf(next) !== podOf(manifest)) cancelled.abort();
    },
    cancel: () => cancelled.abort(),
    async end() {
      cancelled.abort();
      await up;
      await process?.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const ignore = () => {};

const podOf = ({ metadata, spec }: Deployment) =>
  JSON.stringify([metadata.uid, spec.replicas, spec.template]);

async function prepareHome(folder: string, container: Container) {
  const home = join(folder, 'home');
  const temporary = join(folder, 'tmp');
  const names = portNames(container);
  const free = await freePorts(names.length);
  const volumes = new Map(container.volumeMounts.map(({ name }) => [name, join(folder, 'volumes', name)]));
  for (const made of [home, temporary, ...volumes.values()]) {
    await mkdir(made, { recursive: true, mode: 0o700 });
  }
  return { home, temporary, volumes, ports: new Map(names.map((name, index) => [name, free[index] ?? 0])) };
}

/** Until the readiness probe's address answers 2xx; at once where the manifest has no probe. */
async function untilHealthy(address: string | undefined, signal: AbortSignal): Promise<void> {
  if (address === undefined) return;
  const deadline = Date.now() + healthyWithinMs;
  let seen = 'no answer';
  while (Date.now() < deadline) {
    try {
      const status = await statusOf(address, signal);
      if (status >= 200 && status < 300) return;
      seen = `answer ${status}`;
    } catch {
      signal.throwIfAborted();
    }
    await sleep(pollMs, undefined, { signal });
  }
  throw new Error(`its readiness probe did not pass within ${healthyWithinMs / 1000} s (${seen})`);
}

function statusOf(address: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = get(address, { signal, agent: false, timeout: 1_000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer within 1 s')));
    sent.on('error', reject);
  });
}

function aborted(ended: Promise<string>): AbortSignal {
  const controller = new AbortController();
  void ended.then((how) => controller.abort(new Error(`the process ended with ${how}`)));
  return controller.signal;
}
