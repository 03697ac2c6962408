import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Holder } from '../../../src/journal/holders.ts';
import type { EngineContext } from '../../../src/locks/ask-engine.ts';
import { temporaryFolder } from '../folder.ts';
import { tool } from '../tools.ts';

/** This machine and user, as the engine writes them into a lock. */
export const here = { host: hostname(), user: userInfo().username };

/** A real `tofu apply` that holds the lock of its layer's state and sleeps. */
export interface Holding {
  readonly pid: number;
  /** kill -9 of the engine and all it started: nothing gives its lock back. Resolves when it is gone. */
  kill(): Promise<void>;
  /** The engine as a journal would tell of it. */
  holder(alive: boolean, other?: Partial<Holder>): Holder;
}

export interface LockedLayer extends AsyncDisposable {
  /** The unit's folder, in which the engine is initialised too. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  context(other?: Partial<EngineContext>): EngineContext;
  /** Starts an engine; resolves when it holds the lock. */
  hold(): Promise<Holding>;
  /** Its output; not synchronous, for the backend may live in this very process. */
  tofu(...args: readonly string[]): Promise<string>;
}

/** A unit with one resource, applied once, whose state lies where `block` says (beside it, where that is empty). */
export async function lockedLayer(
  block: string,
  more: Readonly<Record<string, string>> = {},
): Promise<LockedLayer> {
  const [engine, terragrunt] = [await tool('tofu'), await tool('terragrunt')];
  const folder = await temporaryFolder({
    'platform/terragrunt.hcl': '',
    'platform/main.tf': [
      block,
      'variable "seconds" { default = 0 }',
      'resource "terraform_data" "made" {',
      '  provisioner "local-exec" {',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: HCL's own.
      '    command = "sleep ${var.seconds}"',
      '  }',
      '}',
      '',
    ].join('\n'),
  });
  const dir = join(folder.dir, 'platform');
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder.dir,
    CHECKPOINT_DISABLE: '1',
    TF_IN_AUTOMATION: '1',
    ...more,
  };
  const tofu = async (...args: readonly string[]) =>
    (await promisify(execFile)(engine, [...args], { cwd: dir, env, timeout: 60_000 })).stdout;
  await tofu('init', '-input=false');
  await tofu('apply', '-auto-approve');
  const started: Holding[] = [];
  return {
    dir,
    env,
    tofu,
    context: (other = {}) => ({
      terragrunt,
      engine,
      unit: dir,
      engineDir: dir,
      env,
      varFiles: [],
      signal: new AbortController().signal,
      ...other,
    }),
    async hold() {
      const holding = await holdLock(engine, dir, env);
      started.push(holding);
      return holding;
    },
    async [Symbol.asyncDispose]() {
      for (const holding of started) await holding.kill();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function holdLock(
  engine: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Holding> {
  const from = Date.now();
  const args = ['apply', '-auto-approve', '-var', 'seconds=300', '-replace=terraform_data.made'];
  const child = spawn(engine, args, {
    cwd,
    env: { ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`it never held the lock: ${output}`)), 30_000);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (!output.includes('Executing')) return;
        clearTimeout(timer);
        resolve();
      });
    }
    void exited.then(() => reject(new Error(`the engine ended: ${output}`)));
  });
  const pid = child.pid ?? 0;
  let to = Number.POSITIVE_INFINITY;
  return {
    pid,
    async kill() {
      if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGKILL');
      await exited;
      to = Math.min(to, Date.now());
    },
    holder: (alive, other = {}) => ({
      ...here,
      run: randomUUID(),
      layer: 'platform',
      from,
      to,
      alive,
      how: `engine ${pid} ${alive ? 'lives' : 'is gone'}`,
      ...other,
    }),
  };
}
