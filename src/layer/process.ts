import { type ChildProcess, spawn } from 'node:child_process';
import { constants as files } from 'node:fs';
import { constants } from 'node:os';
import { PhoenixError } from '../errors.ts';
import { signalQuietly } from '../signal.ts';
import { openNew } from '../vault/files.ts';

export interface LayerProcessOptions {
  /** The script that writes the process down and becomes it; see starter.ts. */
  readonly starter: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /**
   * New files that take the output. Files, not pipes: a pipe whose reader dies kills the engine by SIGPIPE. Opened to
   * append, so that they can be cut short under a flood.
   */
  readonly stdout: string;
  readonly stderr: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A layer's process group. It outlives Phoenix on purpose: whoever comes next can wait for it or end it. */
export interface LayerProcess {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Ends the whole group at once. Only where no engine lives in it any more, or after its grace. */
  kill(): void;
  /** Phoenix may end without waiting for it. */
  letGo(): void;
}

/** Starts a layer's process in a group of its own with stdin closed. Throws PHX-LAYER-START where it cannot. */
export async function startLayerProcess(options: LayerProcessOptions): Promise<LayerProcess> {
  await using stdout = await openNew(options.stdout, files.O_APPEND);
  await using stderr = await openNew(options.stderr, files.O_APPEND);
  const child = spawn(options.starter, [options.file, ...options.args], {
    cwd: options.cwd,
    env: { ...options.env },
    detached: true,
    stdio: ['ignore', stdout.fd, stderr.fd],
  });
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const pid = await started(child, options.file);
  return {
    pid,
    exited,
    kill: () => signalQuietly(-pid, 'SIGKILL'),
    letGo: () => child.unref(),
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

/** `exit code 1`, `signal SIGKILL (137)`: how people write it. */
export function describeExit({ code, signal }: Exit): string {
  if (signal !== null) return `signal ${signal} (${128 + constants.signals[signal]})`;
  return `exit code ${code}`;
}
