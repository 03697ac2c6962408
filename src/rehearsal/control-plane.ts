import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PhoenixError } from '../errors.ts';
import { writeControlPlaneFiles } from './control-plane-files.ts';
import { apiServerFlags, etcdFlags } from './control-plane-flags.ts';
import { createKubeApi, type KubeApi } from './kube-api.ts';
import type { NodeKind } from './node-kind.ts';
import { freePorts, isPortFree } from './ports.ts';
import type { Program, Supervisor } from './supervisor.ts';

/** An etcd and an API server: what a castle's platform layer gives, less the nodes. */
export interface ControlPlane extends AsyncDisposable {
  readonly id: string;
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  /** Path of the administrator's kubeconfig, which holds its key. */
  readonly kubeconfig: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string;
  readonly api: KubeApi;
}

export interface ControlPlaneOptions {
  readonly id: string;
  /** A new folder on the RAM filesystem; everything of the control plane is in it and goes with it. */
  readonly dir: string;
  readonly logDir: string;
  readonly programs: { readonly etcd: string; readonly apiServer: string };
  /** What is to follow: controllers, a scheduler and nodes of this kind. */
  readonly node: NodeKind;
  /** How far in the future the certificate of the kubelet begins. */
  readonly kubeletFromMs?: number;
  /** Opens the way to the port, where the programs are not in this network; ends with the control plane. */
  readonly reach?: (port: number) => Promise<AsyncDisposable>;
  /** The API server's port; 0 for any free one. */
  readonly port: number;
  readonly supervisor: Supervisor;
  readonly progress: (text: string) => void;
  /** Aborts a start that nobody waits for any more. */
  readonly signal: AbortSignal;
}

const readyWithinMs = 60_000;
const probeEveryMs = 50;
const portAttempts = 3;

/**
 * Brings up a control plane on loopback: its own authorities, TLS with client certificates everywhere, RBAC as the
 * only authorizer, secrets encrypted at rest.
 * @throws PhoenixError PHX-BOX-PORT-IN-USE, PHX-BOX-CONTROL-PLANE
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryControlPlane(options);
    } catch (error) {
      await rm(options.dir, { recursive: true, force: true });
      // Between the choice of a free port and its use by another process lie some milliseconds.
      const collision = error instanceof PhoenixError && /address already in use|EADDRINUSE/.test(error.why);
      if (!collision || options.port !== 0 || attempt === portAttempts) throw error;
      options.progress('a chosen port was taken meanwhile: choosing others');
    }
  }
}

async function tryControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { supervisor, progress, dir } = options;
  if (options.port !== 0 && !(await isPortFree(options.port))) throw portInUse(options.port);
  const [etcdPort = 0, peerPort = 0, freePort = 0] = await freePorts(3);
  const apiPort = options.port === 0 ? freePort : options.port;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const access = await writeControlPlaneFiles(dir, apiPort, options.node, options.kubeletFromMs);
  const path = (name: string) => join(dir, name);
  const start = (name: string, file: string, args: readonly string[], env: Record<string, string>) =>
    supervisor.start({
      name,
      file,
      args,
      env,
      cwd: dir,
      logFile: join(options.logDir, `${name}.log`),
      // The API server takes seconds to end politely, for a store that is deleted the moment it has.
      polite: false,
    });

  const api = createKubeApi(access);
  const started: Program[] = [];
  let way: AsyncDisposable | undefined;
  const stop = async () => {
    api.close();
    for (const program of started.toReversed()) await program.end();
    await way?.[Symbol.asyncDispose]();
  };
  try {
    way = await options.reach?.(apiPort);
    progress(`etcd on 127.0.0.1:${etcdPort}, kube-apiserver on 127.0.0.1:${apiPort}`);
    started.push(await start('etcd', options.programs.etcd, etcdFlags(path, etcdPort, peerPort), {}));
    // Both at once: the API server asks for etcd again until it answers, and is busy with itself meanwhile.
    started.push(
      await start(
        'kube-apiserver',
        options.programs.apiServer,
        apiServerFlags(path, etcdPort, apiPort, options.node),
        // Fewer collections than by Go's default of 100: a second of the bring-up on two cores, for 150 MB.
        { GOGC: '200' },
      ),
    );
    await untilReady(api, started, options.signal);
  } catch (error) {
    await stop();
    throw error;
  }
  for (const program of started) program.declareUp();
  return {
    id: options.id,
    server: access.server,
    kubeconfig: path('kubeconfig'),
    ca: access.ca,
    api,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function untilReady(api: KubeApi, programs: readonly Program[], signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  let ended: string | undefined;
  for (const program of programs) {
    void program.ended.then((how) => {
      ended ??= `${program.name} ended with ${how}`;
    });
  }
  let seen = 'no answer yet';
  while (Date.now() < deadline) {
    if (ended !== undefined) throw notReady(ended);
    try {
      const { status } = await api.request('GET', '/readyz');
      if (status === 200) return;
      seen = `/readyz answered ${status}`;
    } catch (error) {
      seen = (error as NodeJS.ErrnoException).code ?? 'no answer';
    }
    await sleep(probeEveryMs, undefined, { signal });
  }
  throw notReady(`/readyz was not 200 within ${readyWithinMs / 1000} s (last seen: ${seen})`);
}

function portInUse(port: number): PhoenixError {
  return new PhoenixError({
    code: 'PHX-BOX-PORT-IN-USE',
    class: 'cluster',
    what: `The API server of the box cannot listen on 127.0.0.1:${port}.`,
    why: 'Another process listens there: port in use.',
    next: 'Free the port, or set PHOENIX_BOX_API_PORT to another one (0, the default, takes any free port).',
  });
}

function notReady(why: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-BOX-CONTROL-PLANE',
    class: 'cluster',
    what: 'The control plane of the box did not come up.',
    why,
    next: 'Run again; if it stays, read etcd.log and kube-apiserver.log in the logs folder of the rehearsal.',
  });
}
