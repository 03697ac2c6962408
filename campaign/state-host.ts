import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The state server as a process that can be killed and comes back at the same address with what it knew. */
export interface StateHost extends AsyncDisposable {
  /** Without a slash at the end; a state's name follows after one. */
  readonly address: string;
  readonly folder: string;
  kill(): void;
  restart(): Promise<void>;
}

export interface StateHostOptions {
  readonly folder: string;
  readonly seed: string;
  readonly slowestWriteMs: number;
}

const startMs = 10_000;
const program = join(import.meta.dirname, 'state-server.ts');

export async function startStateHost(options: StateHostOptions): Promise<StateHost> {
  const { folder, seed, slowestWriteMs } = options;
  await mkdir(folder, { recursive: true });
  const start = (port: string) => started(spawnServer([folder, port, seed, String(slowestWriteMs)]));
  let { child, port } = await start('0');
  const kill = () => void child.kill('SIGKILL');
  return {
    address: `http://127.0.0.1:${port}`,
    folder,
    kill,
    async restart() {
      kill();
      ({ child } = await start(port));
    },
    async [Symbol.asyncDispose]() {
      kill();
    },
  };
}

/** Its environment has nothing of the run's: what is killed by the run's mark must not be the server. */
function spawnServer(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [program, ...args], {
    cwd: '/',
    env: {},
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

function started(child: ChildProcess): Promise<{ child: ChildProcess; port: string }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the state server did not start within ${startMs} ms`));
    }, startMs);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the state server ended with ${code} before it listened`)));
    child.stdout?.setEncoding('utf8').once('data', (text: string) => {
      clearTimeout(timer);
      resolve({ child, port: text.trim() });
    });
  });
}
