import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { PhoenixError } from '../errors.ts';
import { identify, isAlive, type ProcessIdentity } from '../process-identity.ts';
import { parseLeaves } from './launcher.ts';

export interface LayerProcessOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** New files that take the output. Files, not pipes: a pipe whose reader dies kills the engine by SIGPIPE. */
  readonly stdout: string;
  readonly stderr: string;
  /** The file in which the launcher notes the engine's pids. */
  readonly leaves: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A layer's process group. It outlives Phoenix on purpose: whoever comes next can wait for it or end it. */
export interface LayerProcess {
  readonly identity: ProcessIdentity;
  readonly exited: Promise<Exit>;
  /**
   * Asks the engine, once, to stop at the next safe point. The wrapper is never signalled: Terragrunt passes a signal
   * on 15 s late and kills the engine after 30 s, and a second interrupt makes the engine drop its state.
   */
  interrupt(): Promise<void>;
  /** Ends the whole group at once. Only after the grace: a killed engine leaves its lock behind. */
  kill(): void;
  /**
   * After `exited`: ends what the leader left in its group. An engine that outlived its wrapper is told (`onOutlived`),
   * asked once to stop and waited for up to `graceSeconds`; what is there then, or was never an engine, is killed.
   */
  endRest(graceSeconds: number, onOutlived: () => void): Promise<void>;
}

const lookAgainMs = 100;

/** Starts a layer's process in a group of its own with stdin closed. Throws PHX-LAYER-START where it cannot. */
export async function startLayerProcess(options: LayerProcessOptions): Promise<LayerProcess> {
  await using stdout = await open(options.stdout, 'wx', 0o600);
  await using stderr = await open(options.stderr, 'wx', 0o600);
  const child = spawn(options.file, [...options.args], {
    cwd: options.cwd,
    env: { ...options.env },
    detached: true,
    stdio: ['ignore', stdout.fd, stderr.fd],
  });
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const pid = await started(child, options.file);
  // A process that is gone already has no identity left to read; its pid alone is then harmless.
  const identity = (await identify(pid)) ?? { pid, startTime: '', bootId: '' };
  const interrupted = new Set<number>();
  /** Interrupts each live engine, once; whether there is any. */
  const interruptEngines = async () => {
    const leaves = parseLeaves(await readFile(options.leaves, 'utf8').catch(() => ''));
    let reached = false;
    for (const { pid: leaf, startTime } of leaves) {
      if (!(await isAlive({ ...identity, pid: leaf, startTime }))) continue;
      reached = true;
      if (interrupted.has(leaf)) continue;
      interrupted.add(leaf);
      signalQuietly(leaf, 'SIGINT');
    }
    return reached;
  };
  const kill = () => signalQuietly(-pid, 'SIGKILL');
  return {
    identity,
    exited,
    async interrupt() {
      // Without a leaf there is nothing that could lose state: the wrapper itself may go.
      if (!(await interruptEngines())) signalQuietly(pid, 'SIGTERM');
    },
    kill,
    async endRest(graceSeconds, onOutlived) {
      const deadline = Date.now() + graceSeconds * 1000;
      for (let first = true; (await interruptEngines()) && Date.now() < deadline; first = false) {
        if (first) onOutlived();
        await sleep(lookAgainMs);
      }
      kill();
    },
  };
}

function started(child: ChildProcess, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(child.pid ?? 0));
    child.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new PhoenixError({
          code: 'PHX-LAYER-START',
          class: 'layer',
          what: `${file} could not be started.`,
          why:
            cause.code === 'ENOENT'
              ? 'The file or its folder does not exist.'
              : `The system said ${cause.code}.`,
          next: 'Check that the toolchain is whole: remove the tool from the cache and run again.',
          cause,
        }),
      ),
    );
  });
}

/** A signal to a process that may be gone already. */
function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** `exit code 1`, `signal SIGKILL (137)`: how people write it. */
export function describeExit({ code, signal }: Exit): string {
  if (signal !== null) return `signal ${signal} (${128 + constants.signals[signal]})`;
  return `exit code ${code}`;
}
