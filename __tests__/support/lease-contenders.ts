import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(import.meta.resolve('./lease-contender.ts'));

/** What a contender said: a fence where it won, else why not. */
export interface Said {
  readonly fence?: number;
  readonly overtook?: string;
  readonly code?: string;
  readonly what?: string;
}

export interface Contender extends AsyncDisposable {
  readonly pid: number;
  readonly run: string;
  /** Lets it try; resolves with what came of it. */
  go(): Promise<Said>;
  /** Lets a winner end in order. */
  end(): Promise<void>;
  kill(): Promise<void>;
}

/** A process that is ready to take the lease in `folder` (lease-contender.ts). */
export async function contend(folder: string, run: string, waitSeconds = 0, group = ''): Promise<Contender> {
  const child = spawn(process.execPath, [program, folder, run, String(waitSeconds), group], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`contender ${run} ended without a word`);
    return value;
  };
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if ((await line()) !== 'ready') throw new Error(`contender ${run} is not ready`);
  return {
    pid: pidOf(child),
    run,
    async go() {
      child.stdin.write('go\n');
      return JSON.parse(await line()) as Said;
    },
    async end() {
      child.stdin.write('end\n');
      await exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the contender was not started');
  return pid;
}
