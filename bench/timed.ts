import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import type { Report } from '../src/report/schema.ts';

export interface Timed {
  readonly seconds: number;
  /** The most memory the process itself held (VmHWM); 0 where the system does not tell. */
  readonly peakRssBytes: number;
  /** What a run of Phoenix told of itself. */
  readonly report?: Report;
}

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const deadlineMs = 10 * 60 * 1000;
const sampleMs = 100;

/** Runs a program from start to exit with its output in `log`. Throws, with the log's end, where it fails. */
export async function timed({ file, args, cwd, env }: Program, log: string): Promise<Timed> {
  await using output = await open(log, 'w');
  const started = performance.now();
  const child = spawn(file, [...args], {
    cwd,
    env: { ...env },
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  });
  let peakRssBytes = 0;
  const sampler = setInterval(async () => {
    peakRssBytes = Math.max(peakRssBytes, await highWater(child.pid));
  }, sampleMs);
  const signal = (kind: NodeJS.Signals) => child.pid !== undefined && process.kill(-child.pid, kind);
  const deadline = setTimeout(() => signal('SIGKILL'), deadlineMs);
  // The child has a group of its own, so a Ctrl-C reaches it only if it is passed on.
  const interrupt = () => signal('SIGINT');
  process.once('SIGINT', interrupt);
  try {
    const ending = await new Promise<string | number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(signal ?? code));
    });
    const seconds = (performance.now() - started) / 1000;
    if (ending !== 0) throw new Error(`${file} ${args[0] ?? ''} ended with ${ending}:\n${await endOf(log)}`);
    return { seconds, peakRssBytes };
  } finally {
    clearInterval(sampler);
    clearTimeout(deadline);
    process.off('SIGINT', interrupt);
  }
}

async function highWater(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

async function endOf(log: string): Promise<string> {
  return (await readFile(log, 'utf8')).trimEnd().split('\n').slice(-25).join('\n');
}
