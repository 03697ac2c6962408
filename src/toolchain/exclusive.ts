import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, PhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import { identify, isAlive, type ProcessIdentity } from '../process-identity.ts';
import { elapsed } from './progress.ts';

const pollMs = 250;
const noticeMs = 10_000;
/** Longer than building every tool takes on two cores. */
const deadlineMs = 60 * 60_000;

/**
 * Makes this process the only one that installs into `folder`, until disposed. A second process waits, then finds the
 * tools in the cache. What a dead one held is taken over. Throws PHX-TOOLCHAIN-BUSY after an hour, PHX-TOOLCHAIN-CACHE at once.
 */
export async function exclusive(folder: string, log: Log, signal: AbortSignal): Promise<AsyncDisposable> {
  const file = join(folder, '.installing');
  const mine = join(folder, `.installing-${randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(mine, JSON.stringify(await identify(process.pid)), { flag: 'wx' });
  } catch (error) {
    throw notWritable(folder, error);
  }
  const started = performance.now();
  let noticed = 0;
  try {
    // link is atomic and refuses an existing name, and the file is whole from its first moment on.
    while (!(await linked(mine, file))) {
      signal.throwIfAborted();
      const text = await readFile(file, 'utf8').catch(() => undefined);
      const holder = text === undefined ? undefined : parseIdentity(text);
      if (text !== undefined && (holder === undefined || !(await isAlive(holder)))) {
        await takeAway(file, text);
        continue;
      }
      const waited = performance.now() - started;
      if (waited > deadlineMs) throw busy(file, holder);
      if (waited >= noticed) {
        noticed += noticeMs;
        log.info(
          `toolchain: waiting for process ${holder?.pid ?? '?'}, which installs into ${folder}, ${elapsed(waited)}`,
        );
      }
      await sleep(pollMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    await rm(mine, { force: true });
  }
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the file a dead process left, unless another process was quicker and the file is its own by now. */
async function takeAway(file: string, seen: string): Promise<void> {
  const aside = `${file}-${randomUUID()}`;
  const moved = await rename(file, aside).then(
    () => true,
    () => false,
  );
  if (!moved) return;
  if ((await readFile(aside, 'utf8')) !== seen) await linked(aside, file);
  await rm(aside, { force: true });
}

function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(text) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

function notWritable(folder: string, cause: unknown): PhoenixError {
  return new PhoenixError({
    code: 'PHX-TOOLCHAIN-CACHE',
    class: 'toolchain',
    what: 'The tool cache cannot be written.',
    why: messageOf(cause),
    next: `Make ${folder} writable for this user, or set RUNNER_TOOL_CACHE to a folder that is.`,
    cause,
  });
}

function busy(file: string, holder: ProcessIdentity | undefined): PhoenixError {
  return new PhoenixError({
    code: 'PHX-TOOLCHAIN-BUSY',
    class: 'toolchain',
    what: 'Another process has been installing tools into the same cache for an hour.',
    why: `Process ${holder?.pid ?? '(unknown)'} holds ${file}.`,
    next: 'Look what that process does; once it is gone, run again.',
  });
}
