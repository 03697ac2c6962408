import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { PhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import { askProcesses } from './host-client.ts';
import { type HostConfig, type HostEvent, hostEvent, type StandInLine } from './host-protocol.ts';
import type { NodeKind } from './node-kind.ts';
import { signalGroup, sweepBoxes } from './records.ts';

export interface BoxOptions {
  /** RAM directory, existing, 0700, for this box alone: its host removes it at the end. */
  readonly dir: string;
  /** On disk: records of what runs, and the logs that hold no secret. */
  readonly stateDir: string;
  /** Default: none. */
  readonly node?: NodeKind;
  /**
   * etcd, kube-apiserver, external-secrets, source-controller, kustomize-controller by name; for nodes of kwok also
   * kube-controller-manager, kube-scheduler and kwok.
   */
  readonly tools: ReadonlyMap<string, { readonly file: string; readonly assets: string }>;
  readonly standIns: readonly { readonly name: string; readonly config: unknown }[];
  /** For `node: real`: ways in by name, archives of images, the bucket. */
  readonly real?: Pick<HostConfig, 'doors' | 'images' | 'bucket'>;
  /** What goes wrong with its machines, and from the how manieth on; nothing where it is left out. */
  readonly troubles?: Pick<HostConfig, 'faults' | 'faultsFrom'>;
  /** How Phoenix itself is started, before the name of a hidden command. */
  readonly self: readonly string[];
  readonly log: Log;
  /** An abort ends the box, also while it opens. */
  readonly signal: AbortSignal;
}

export interface Box extends AsyncDisposable {
  /** The unix socket of the host, which the platform layer asks for a machine. */
  readonly socket: string;
  readonly standIns: ReadonlyMap<string, StandInLine>;
  /** Ports of this machine's loopback that lead into the node, by name. */
  readonly doors: ReadonlyMap<string, number>;
  /** The port of the S3 server, where there is one. */
  readonly bucketPort: number | undefined;
  /** Told of every program of the node that died and was started again, also of what did before the listener came. */
  onRestart(listener: (name: string, how: string) => void): void;
  /** Told of everything that ended though nobody asked it to, also of what ended before the listener came. */
  onDeath(listener: (name: string, how: string) => void): void;
  /** What the host runs now. */
  processes(): Promise<{ readonly name: string; readonly pid: number }[]>;
}

const opensWithinMs = 30_000;
const endsWithinMs = 15_000;

/**
 * Starts the host of a new box and waits until its stand-ins listen. Disposing of the box ends everything in it.
 * @throws PhoenixError PHX-BOX-HOST, or the host's own (PHX-BOX-STAND-IN, PHX-BOX-SOCKET-PATH, …)
 */
export async function openBox(options: BoxOptions): Promise<Box> {
  options.signal.throwIfAborted();
  const host = await startHost(options);
  const [deaths, restarts] = [notice(), notice()];
  const opened = Promise.withResolvers<Extract<HostEvent, { type: 'ready' }>>();
  let closing = false;
  host.lines.on('line', (line) => {
    const event = hostEvent.parse(JSON.parse(line));
    if (event.type === 'ready') opened.resolve(event);
    else if (event.type === 'failed') opened.reject(new PhoenixError(event.error));
    else if (event.type === 'death') deaths.tell(event.name, event.how);
    else if (event.type === 'restart') restarts.tell(event.name, event.how);
    else options.log.debug(`[${event.source}] ${event.text}`);
  });
  const ended = host.exit.then(async (how) => {
    opened.reject(hostEnded(how));
    if (closing) return;
    // A host that was killed could not end what it started: that is done here, not left to the next run.
    await sweepBoxes(options.stateDir);
    deaths.tell('box-host', how);
  });
  const close = async () => {
    closing = true;
    host.lifeline.end();
    const timer = new AbortController();
    const late = sleep(endsWithinMs, true, { signal: timer.signal }).catch(() => false);
    if (await Promise.race([ended.then(() => false), late])) {
      signalGroup(host.pid, 'SIGKILL');
      await ended;
    }
    timer.abort();
    await sweepBoxes(options.stateDir);
  };
  try {
    const { socket, standIns, doors, bucketPort } = await within(opened.promise, options.signal);
    const abort = () => void close();
    options.signal.addEventListener('abort', abort, { once: true });
    return {
      socket,
      standIns: new Map(standIns.map(({ name, ...addresses }) => [name, addresses])),
      doors: new Map(doors.map(({ name, port }) => [name, port])),
      bucketPort,
      onRestart: restarts.listen,
      onDeath: deaths.listen,
      processes: () => askProcesses(socket),
      async [Symbol.asyncDispose]() {
        options.signal.removeEventListener('abort', abort);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startHost(options: BoxOptions) {
  await mkdir(join(options.stateDir, 'logs'), { recursive: true, mode: 0o700 });
  const log = await open(join(options.stateDir, 'logs', 'box-host.log'), 'a', 0o600);
  const [file = '', ...prefix] = options.self;
  const child: ChildProcess = spawn(file, [...prefix, 'box-host'], {
    // Its own group and session: Ctrl-C reaches the rehearsal alone, and the host ends when the rehearsal does.
    detached: true,
    stdio: ['pipe', 'pipe', log.fd],
    env: { PATH: process.env['PATH'] ?? '' },
  });
  const exit = exitOf(child);
  try {
    await once(child, 'spawn');
  } catch (cause) {
    throw hostEnded(`it could not be started (${(cause as NodeJS.ErrnoException).code})`);
  } finally {
    await log.close();
  }
  if (child.stdin === null || child.stdout === null) throw hostEnded('it has no pipes');
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout });
  const config: HostConfig = {
    id: randomUUID(),
    dir: options.dir,
    stateDir: options.stateDir,
    tools: Object.fromEntries(options.tools),
    standIns: [...options.standIns],
    self: [...options.self],
    node: options.node ?? 'none',
    ...(options.real ?? { doors: [], images: [] }),
    ...(options.troubles ?? { faults: [], faultsFrom: 1 }),
  };
  child.stdin.write(`${JSON.stringify(config)}\n`);
  return { lifeline: child.stdin, lines, exit, pid: child.pid ?? 0 };
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
}

function notice() {
  const past: [string, string][] = [];
  const listeners: ((name: string, how: string) => void)[] = [];
  return {
    tell(name: string, how: string) {
      past.push([name, how]);
      for (const listener of listeners) listener(name, how);
    },
    listen(listener: (name: string, how: string) => void) {
      listeners.push(listener);
      for (const [name, how] of past) listener(name, how);
    },
  };
}

async function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const timer = new AbortController();
  const stop = AbortSignal.any([signal, timer.signal]);
  const late = sleep(opensWithinMs, undefined, { signal: stop }).then(() => {
    throw hostEnded(`its stand-ins did not listen within ${opensWithinMs / 1000} s`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
    late.catch(() => {});
  }
}

function hostEnded(how: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-BOX-HOST',
    class: 'cluster',
    what: 'The host process of the box is not there.',
    why: `It ended: ${how}.`,
    next: 'Run again; if it stays, read box-host.log in the logs folder of the rehearsal.',
  });
}
