import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, constants, type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signalQuietly } from '../signal.ts';

/** What a layer's engine is asked with. Names and files only, no secret values. */
export interface EngineContext {
  readonly terragrunt: string;
  /** The engine itself, tofu or terraform. */
  readonly engine: string;
  /** The unit's folder. */
  readonly unit: string;
  /** The folder in which the engine is initialised, where that is known. */
  readonly engineDir?: string;
  readonly env: Readonly<Record<string, string>>;
  /** For a state that is encrypted with one of them. */
  readonly varFiles: readonly string[];
  readonly signal: AbortSignal;
  /** For one question; initialising may have to fetch providers. */
  readonly deadlineSeconds?: number;
}

export interface Answer {
  /** null: it was killed, or could not be started. */
  readonly code: number | null;
  /** Both streams as they came; the last of them where there is too much. */
  readonly output: string;
  /** Why there is no whole answer. */
  readonly trouble: string | undefined;
  /** Whether it was ended before its time, so that it could not give back what it took. */
  readonly killed: boolean;
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
}

const outputCap = 256 * 1024;
export const defaultDeadlineSeconds = 120;
/** On an abort a question may still end by itself, for one that is killed leaves its own lock behind. */
const abortGraceMs = 1500;
/** A killed process is gone at once, unless the kernel holds it. */
const endMs = 5000;

/**
 * Asks the engine in `dir`, or without one through Terragrunt, which initialises. It runs in a group of its own that
 * the deadline ends as a whole, and an abort where it does not end in a moment. Its output goes to a file without a
 * name: a pipe whose reader dies would kill it by SIGPIPE with the lock in its hand. Throws only the abort's reason.
 */
export async function askEngine(
  context: EngineContext,
  dir: string | undefined,
  args: readonly string[],
): Promise<Answer> {
  const { signal, terragrunt, engine, unit, env, deadlineSeconds = defaultDeadlineSeconds } = context;
  signal.throwIfAborted();
  const through = [
    'run',
    '--working-dir',
    unit,
    '--non-interactive',
    '--no-color',
    '--no-tips',
    '--',
    ...args,
  ];
  const from = Date.now();
  await using words = await namelessFile();
  const child = spawn(dir === undefined ? terragrunt : engine, dir === undefined ? through : [...args], {
    cwd: dir ?? unit,
    // A trace of the engine's own would bury its answer.
    env: { ...env, TF_IN_AUTOMATION: '1', TF_INPUT: '0', TF_LOG: '', TG_TF_PATH: engine },
    detached: true,
    stdio: ['ignore', words.fd, words.fd],
  });
  const exited = new Promise<Pick<Answer, 'code' | 'trouble' | 'killed'>>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const trouble = `it could not be started (${error.code ?? error.message})`;
      resolve({ code: null, trouble, killed: false });
    });
    child.once('exit', (code, by) =>
      resolve({ code, trouble: by === null ? undefined : `it was ended by ${by}`, killed: by !== null }),
    );
  });
  const deadline = AbortSignal.timeout(deadlineSeconds * 1000);
  let ended = await Promise.race([exited, whenAborted(AbortSignal.any([signal, deadline]))]);
  if (ended === undefined && !deadline.aborted) {
    ended = await Promise.race([exited, whenAborted(AbortSignal.timeout(abortGraceMs))]);
  }
  // Also after an answer: what it left in its group must not go on to write.
  if (child.pid !== undefined) signalQuietly(-child.pid, 'SIGKILL');
  if (ended === undefined) await Promise.race([exited, whenAborted(AbortSignal.timeout(endMs))]);
  signal.throwIfAborted();
  const late = { code: null, trouble: `it gave no answer within ${deadlineSeconds} s`, killed: true };
  return { ...(ended ?? late), output: await tailOf(words), from, to: Date.now() };
}

function whenAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/** In RAM where that can be had, since an engine's words may hold a secret. */
async function namelessFile(): Promise<FileHandle> {
  const folder = await access('/dev/shm', constants.W_OK).then(
    () => '/dev/shm',
    () => tmpdir(),
  );
  const file = join(folder, `phoenix-question-${randomUUID()}`);
  const handle = await open(file, 'wx+', 0o600);
  await unlink(file);
  return handle;
}

async function tailOf(handle: FileHandle): Promise<string> {
  const { size } = await handle.stat();
  const start = Math.max(0, size - outputCap);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
  return buffer.toString('utf8', 0, bytesRead);
}
