import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, PhoenixError } from '../errors.ts';
import { identify, type ProcessIdentity } from '../process-identity.ts';
import { signalGroup } from './records.ts';

interface ProgramSpec {
  /** The name that reports and errors use, e.g. `kube-apiserver`. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Gets stderr, and stdout where nobody reads the lines. */
  readonly logFile: string;
  /** Written to stdin, which then stays open for as long as the host lives. */
  readonly firstLine?: string;
  readonly onLine?: (line: string) => void;
  /** False where a polite end saves nothing, since its data ends with it: SIGKILL at once. */
  readonly polite?: boolean;
}

export interface Program {
  readonly name: string;
  readonly pid: number;
  /** Resolves when it ended, with how it did in words: `exit code 2: <last line of its log>`. */
  readonly ended: Promise<string>;
  /** From now on an end that nobody asked for is a death. Before, it is a failed start, and the starter says so. */
  declareUp(): void;
  /** SIGTERM to its group, SIGKILL after 3 s; resolves when it is gone. */
  end(): Promise<void>;
}

export interface Supervisor {
  start(spec: ProgramSpec): Promise<Program>;
  /** Tells that a program is given up that somebody else watched. */
  died(name: string, how: string): void;
  running(): readonly (ProcessIdentity & { readonly name: string })[];
}

const graceMs = 3_000;

/**
 * Starts programs, each in a process group of its own, and knows them until they end.
 * `onChange` is awaited after every start, so that the record on disk names a program before it is waited for.
 */
export function createSupervisor(options: {
  readonly onDeath: (name: string, how: string) => void;
  readonly onChange: () => Promise<void>;
}): Supervisor {
  const running = new Map<number, ProcessIdentity & { readonly name: string }>();
  return {
    running: () => [...running.values()],
    died: options.onDeath,
    async start(spec) {
      const { pid, exit } = await launch(spec);
      let up = false;
      let asked = false;
      const ended = exit.then(async (status) => {
        const how = await describe(status, spec.logFile);
        // What it started in its group (a `git http-backend`) has nobody left to answer.
        signalGroup(pid, 'SIGKILL');
        running.delete(pid);
        if (up && !asked) options.onDeath(spec.name, how);
        return how;
      });
      const identity = await identify(pid);
      if (identity !== undefined) running.set(pid, { ...identity, name: spec.name });
      await options.onChange();
      return {
        name: spec.name,
        pid,
        ended,
        declareUp() {
          up = true;
        },
        async end() {
          asked = true;
          signalGroup(pid, spec.polite === false ? 'SIGKILL' : 'SIGTERM');
          const timer = new AbortController();
          const late = sleep(graceMs, true, { signal: timer.signal }).catch(() => false);
          if (await Promise.race([ended.then(() => false), late])) signalGroup(pid, 'SIGKILL');
          timer.abort();
          await ended;
          await options.onChange();
        },
      };
    },
  };
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

async function launch(spec: ProgramSpec): Promise<{ readonly pid: number; readonly exit: Promise<Exit> }> {
  const log = await open(spec.logFile, 'a', 0o600);
  try {
    const child = spawn(spec.file, [...spec.args], {
      cwd: spec.cwd,
      env: { ...spec.env },
      detached: true,
      stdio: [
        spec.firstLine === undefined ? 'ignore' : 'pipe',
        spec.onLine === undefined ? log.fd : 'pipe',
        log.fd,
      ],
    });
    // Listened for before anything is awaited: a program may end faster than its log file closes here.
    const exit = new Promise<Exit>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    await once(child, 'spawn');
    // A program that ends early breaks these pipes; that it ended is told by its exit, not by them.
    child.stdin?.on('error', () => {});
    if (spec.firstLine !== undefined) child.stdin?.write(`${spec.firstLine}\n`);
    if (spec.onLine !== undefined && child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', spec.onLine);
    }
    return { pid: child.pid ?? 0, exit };
  } catch (cause) {
    throw new PhoenixError({
      code: 'PHX-BOX-START',
      class: 'cluster',
      what: `${spec.name} could not be started.`,
      why: messageOf(cause),
      next: `Check that ${spec.file} exists and can be run, then run again.`,
      cause,
    });
  } finally {
    await log.close();
  }
}

async function describe({ code, signal }: Exit, logFile: string): Promise<string> {
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  // Who is killed has said nothing about it.
  const last = signal === 'SIGKILL' || signal === 'SIGTERM' ? '' : await lastLine(logFile);
  return last === '' ? how : `${how}: ${last}`;
}

/** The last line a program logged: most often the very reason of its end. */
async function lastLine(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  const line = text.trimEnd().split('\n').at(-1) ?? '';
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
