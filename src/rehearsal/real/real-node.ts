import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PhoenixError } from '../../errors.ts';
import { type ControlPlane, startControlPlane } from '../control-plane.ts';
import type { KubeApi } from '../kube-api.ts';
import type { Supervisor } from '../supervisor.ts';
import { controllerManagerFlags, schedulerFlags } from '../workload-flags.ts';
import { nodesReady } from '../workload-gates.ts';
import { makeCgroup, removeCgroup } from './cgroups.ts';
import { watchClock } from './clock.ts';
import { dnsObjects } from './coredns.ts';
import { type Inward, openDoors } from './doors.ts';
import { pluginFolder, runtimeFile } from './host-programs.ts';
import { importImages } from './import-images.ts';
import { keepingUp, type OnRestart } from './keeping.ts';
import { killAgain } from './kill.ts';
import { openNamespaces } from './namespaces.ts';
import { kubeletFlags, nodeFiles } from './node-files.ts';
import type { NodeTroubles } from './troubles.ts';

export interface RealNodeOptions {
  readonly id: string;
  /** New folder in RAM for the control plane's files, in `boxDir`. */
  readonly dir: string;
  /** The box' folder in RAM; its path should be short. What else the node has is in a tmpfs of its own. */
  readonly boxDir: string;
  readonly logDir: string;
  /** Program files by name. */
  readonly programs: Readonly<
    Record<
      'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubelet' | 'kube-proxy',
      string
    >
  >;
  readonly images: readonly { readonly reference: string; readonly file: string }[];
  /** Name of the node's cgroup. */
  readonly cgroup: string;
  /** The API server's port; 0 for any free one. */
  readonly port: number;
  readonly inward: readonly Inward[];
  readonly outward: readonly number[];
  readonly troubles: NodeTroubles;
  readonly self: readonly string[];
  readonly supervisor: Supervisor;
  readonly onRestart: OnRestart;
  readonly progress: (text: string) => void;
  readonly signal: AbortSignal;
}

const readyWithinMs = 110_000;
const probeEveryMs = 100;

/**
 * Brings up a whole Kubernetes in namespaces of its own: etcd, API server, controllers, scheduler, containerd with the
 * images, kubelet, kube-proxy, CoreDNS. Each is started again when it dies, and all end with the node. Returns when the
 * node is Ready; CoreDNS is asked for and not waited for.
 * @throws PhoenixError PHX-BOX-NODE, PHX-BOX-CONTROL-PLANE, PHX-BOX-START, PHX-BOX-PORT-IN-USE, PHX-BOX-IMAGE
 */
export async function startRealNode(options: RealNodeOptions): Promise<ControlPlane> {
  const { dir, logDir, progress, signal, programs, troubles } = options;
  await using ends = new AsyncDisposableStack();
  ends.defer(() => removeCgroup(options.cgroup));
  await makeCgroup(options.cgroup);
  const nodeDir = join(options.boxDir, 'node');
  await mkdir(nodeDir, { recursive: true, mode: 0o700 });
  ends.defer(() => rm(nodeDir, { recursive: true, force: true }));
  progress('namespaces of network, mounts and processes');
  const namespaces = ends.use(
    await openNamespaces({
      dir: nodeDir,
      visible: [
        options.boxDir,
        ...foldersOf([...Object.values(programs), ...options.images.map(({ file }) => file)]),
      ],
      logDir,
      supervisor: options.supervisor,
      sizes: troubles.sizes,
      signal,
    }),
  );
  const keeping = (supervisor: Supervisor) => keepingUp(supervisor, { onRestart: options.onRestart, signal });
  const inside = keeping(namespaces.inside);
  const files = nodeFiles({
    dir: nodeDir,
    keys: dir,
    plugins: await pluginFolder(),
    runc: await runtimeFile(),
    cgroup: options.cgroup,
  });
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(nodeDir, name)), { recursive: true, mode: 0o700 });
    await writeFile(join(nodeDir, name), text, { mode: 0o600 });
  }
  const path = (name: string) => join(dir, name);
  const start = async (name: string, file: string, args: readonly string[]) => {
    const program = await inside.start({
      name,
      file,
      args,
      env: { HOME: '/var/tmp' },
      cwd: nodeDir,
      logFile: join(logDir, `${name}.log`),
      polite: false,
    });
    program.declareUp();
    ends.defer(() => program.end());
    return program;
  };
  const clockTrouble = await watchClock(join(logDir, 'kube-apiserver.log'));
  progress('containerd, and the images into it');
  await start('containerd', 'containerd', ['--config', join(nodeDir, 'containerd.toml')]);
  const import_ = (images: RealNodeOptions['images']) =>
    importImages(images, { supervisor: namespaces.inside, dir: nodeDir, logDir, signal });
  const imported = import_(
    options.images.filter(
      ({ reference }) => !troubles.withheld.has(reference) && !troubles.late.has(reference),
    ),
  );
  imported.catch(() => {});
  const controlPlane = ends.use(
    await startControlPlane({
      id: options.id,
      dir,
      logDir,
      programs: { etcd: programs.etcd, apiServer: programs['kube-apiserver'] },
      node: 'real',
      kubeletFromMs: troubles.certificateAheadMs,
      port: options.port,
      supervisor: inside,
      progress,
      signal,
      reach: (port) =>
        openDoors({
          dir: options.boxDir,
          logDir,
          self: options.self,
          onNetwork: keeping(namespaces.onNetwork),
          inward: [{ listen: port, host: '127.0.0.1', port }, ...options.inward],
          outward: options.outward,
        }),
    }),
  );
  progress('kube-controller-manager, kube-scheduler, kube-proxy and kubelet');
  await start(
    'kube-controller-manager',
    programs['kube-controller-manager'],
    controllerManagerFlags(path, { heartbeat: true }),
  );
  await start('kube-scheduler', programs['kube-scheduler'], schedulerFlags(path));
  await start('kube-proxy', programs['kube-proxy'], [`--config=${join(nodeDir, 'kube-proxy.json')}`]);
  const kubelet = await start('kubelet', programs.kubelet, kubeletFlags(nodeDir, dir));
  progress(`${await imported} images are there`);
  await ready(controlPlane.api, clockTrouble, signal);
  const ended = new AbortController();
  ends.defer(() => ended.abort());
  const alive = AbortSignal.any([signal, ended.signal]);
  const { kubeletKills: times, killAfterMs: afterMs } = troubles;
  void killAgain(kubelet, { times, afterMs, signal: alive }).catch(() => {});
  const late = options.images.filter(({ reference }) => troubles.late.has(reference));
  if (late.length > 0)
    void sleep(troubles.lateMs, undefined, { signal: alive })
      .then(() => import_(late))
      .catch(() => {});
  for (const { path: at, object } of dnsObjects('phoenix.box/coredns:1'))
    await create(controlPlane.api, at, object);
  const whole = ends.move();
  return { ...controlPlane, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

const foldersOf = (files: readonly string[]) => [...new Set(files.map((file) => dirname(file)))];

async function ready(
  api: KubeApi,
  clockTrouble: () => Promise<string | undefined>,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  let seen: string | undefined;
  while (Date.now() < deadline) {
    seen = await nodesReady(api).catch((error: Error) => error.message);
    if (seen === undefined) return;
    const clocks = await clockTrouble();
    if (clocks !== undefined) throw wrongClock(clocks);
    await sleep(probeEveryMs, undefined, { signal });
  }
  throw notReady(`It was not Ready within ${readyWithinMs / 1000} s (last seen: ${seen}).`);
}

async function create(api: KubeApi, path: string, object: object): Promise<void> {
  const { status, body } = await api.request('POST', path, object);
  if (status !== 201) throw notReady(`${path} was answered ${status}: ${JSON.stringify(body)}`);
}

function wrongClock(seen: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-BOX-NODE',
    class: 'cluster',
    what: 'The node of the box did not come up: its clock is off.',
    why: `The API server refuses the kubelet: its certificate has expired or is not yet valid: ${seen}.`,
    next: 'Set the clocks of the machines by NTP (`chronyc tracking`, `talosctl time`), then run again.',
  });
}

function notReady(why: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-BOX-NODE',
    class: 'cluster',
    what: 'The node of the box did not come up.',
    why,
    next: 'Run again; if it stays, read kubelet.log and containerd.log in the logs folder of the rehearsal.',
  });
}
