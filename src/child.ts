import { spawn } from 'node:child_process';

export interface ChildOptions {
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Characters of each stream that are kept, the last ones; 8 Mi where left out. */
  readonly keep?: number;
}

export interface ChildResult {
  /** null: it could not be started, was killed, or ran out of time; `trouble` then says which. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly trouble: string | undefined;
}

const usualKeep = 8 << 20;

/**
 * Runs a command in a process group of its own and keeps its output. The whole group is killed on abort (then the
 * signal's reason is thrown), at the deadline, and when Phoenix itself exits: `go build` has compilers below it.
 */
export async function runChild(
  file: string,
  args: readonly string[],
  options: ChildOptions,
): Promise<ChildResult> {
  options.signal.throwIfAborted();
  const child = spawn(file, [...args], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...options.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let trouble: string | undefined;
  const killGroup = () => {
    if (child.pid === undefined || child.exitCode !== null) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group is gone already, which is what was wanted.
    }
  };
  const deadline = setTimeout(() => {
    trouble = `it did not end within ${Math.round(options.timeoutMs / 1000)} s`;
    killGroup();
  }, options.timeoutMs);
  options.signal.addEventListener('abort', killGroup, { once: true });
  process.once('exit', killGroup);
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8');
    child[name].on('data', (text: string) => {
      texts[name] = (texts[name] + text).slice(-(options.keep ?? usualKeep));
    });
  }
  try {
    const code = await new Promise<number | null>((resolve) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        trouble = error.code ?? error.message;
        resolve(null);
      });
      child.once('close', (exit, signal) => {
        if (signal !== null) trouble ??= `it was killed by ${signal}`;
        resolve(exit);
      });
    });
    options.signal.throwIfAborted();
    return { code, ...texts, trouble };
  } finally {
    clearTimeout(deadline);
    options.signal.removeEventListener('abort', killGroup);
    process.off('exit', killGroup);
  }
}
