import { spawn } from 'node:child_process';

export interface StepEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly seconds: number;
  /** False where something that it had started held the output open until the runner gave up waiting. */
  readonly outputClosed: boolean;
}

/** The process of a step: the runner knows its pid, reads its two pipes, and nothing else. */
export interface StepProcess {
  readonly pid: number;
  /** Resolves when the process is gone, its children or not. */
  readonly exited: Promise<void>;
  /** Resolves when the runner goes on: exited, and the output closed or `outputMs` gone by. */
  readonly ended: Promise<StepEnd>;
  /** To this one pid, as the runner does: not to its group, not to its children. False where it is gone. */
  signal(name: NodeJS.Signals): boolean;
}

export interface StepOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly outputMs: number;
  readonly take: (stream: 'stdout' | 'stderr', chunk: string) => void;
}

export function startStep({ file, args, cwd, env, outputMs, take }: StepOptions): Promise<StepProcess> {
  const started = performance.now();
  const child = spawn(file, [...args], { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (chunk: string) => take(name, chunk));
  let gone = false;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      gone = true;
      resolve();
    });
  });
  const closed = new Promise<true>((resolve) => child.once('close', () => resolve(true)));
  const ended = exited.then(async (): Promise<StepEnd> => {
    const seconds = (performance.now() - started) / 1000;
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, outputMs, false);
    });
    const outputClosed = await Promise.race([closed, tooLong]);
    clearTimeout(timer);
    // From here on whoever still writes to the pipe is ended by SIGPIPE, as when the runner lets go of it.
    child.stdout.destroy();
    child.stderr.destroy();
    return { code: child.exitCode, signal: child.signalCode, seconds, outputClosed };
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () =>
      resolve({
        pid: child.pid ?? 0,
        exited,
        ended,
        signal: (name) => !gone && child.kill(name),
      }),
    );
  });
}
