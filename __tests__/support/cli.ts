import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Report, reportSchema } from '../../src/report/schema.ts';
import { entry } from './entry.ts';

/** How Phoenix ended, as its user sees it. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams, in the order they came. */
  readonly output: string;
  /** The report file, checked by its schema; undefined where none was written. */
  readonly report: Report | undefined;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves as soon as the output has `pattern`; fails where Phoenix ends before, or `seconds` pass. */
  sees(pattern: RegExp, seconds?: number): Promise<RegExpExecArray>;
}

/** Starts `phoenix ARGS…` in the folder `cwd`, with `env` as its whole environment. */
export async function startPhoenix(
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Running> {
  const reportFile = join(cwd, 'phoenix-report.json');
  await rm(reportFile, { force: true });
  const child = spawn(process.execPath, [entry, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '', output: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      text.output += chunk;
      for (const listener of listeners) listener();
    });
  }
  const closed = new Promise<Pick<Ended, 'code' | 'signal'>>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const ended = closed.then(async (end) => {
    const report = await readFile(reportFile, 'utf8').catch(() => undefined);
    return {
      ...end,
      ...text,
      report: report === undefined ? undefined : reportSchema.parse(JSON.parse(report)),
    };
  });
  return {
    pid: child.pid ?? 0,
    ended,
    kill: (signal) => void child.kill(signal),
    sees: (pattern, seconds = 90) =>
      new Promise((resolve, reject) => {
        const done = (settle: () => void) => {
          clearTimeout(timer);
          listeners.delete(look);
          settle();
        };
        const missing = (how: string) =>
          done(() =>
            reject(new Error(`${how} without ${pattern}; the output:\n${text.output.slice(-3000)}`)),
          );
        const look = () => {
          const match = pattern.exec(text.output);
          if (match !== null) done(() => resolve(match));
        };
        const timer = setTimeout(() => missing(`${seconds} s went by`), seconds * 1000);
        listeners.add(look);
        look();
        closed.then(() => missing('Phoenix ended'), reject);
      }),
  };
}
