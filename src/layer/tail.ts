import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const tickMs = 200;
const chunkBytes = 64 * 1024;
/** A line longer than this is handed on in parts, so that a flood without newlines cannot fill memory. */
const longestLine = 1024 * 1024;

/** Follows a file that another process writes; `stop()` reads what is left, then resolves. */
export interface Tail {
  stop(): Promise<void>;
}

/** Hands each whole line of `file` (which exists) to `onLine`, in order, at most one chunk in memory. */
export async function tailFile(file: string, onLine: (line: string) => void): Promise<Tail> {
  const handle = await open(file, 'r');
  const decoder = new TextDecoder();
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let partial = '';
  let reading: Promise<void> = Promise.resolve();
  let queued = false;

  const drain = async () => {
    queued = false;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, chunkBytes);
      if (bytesRead === 0) return;
      const lines = (partial + decoder.decode(buffer.subarray(0, bytesRead), { stream: true })).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) onLine(line);
      if (partial.length > longestLine) {
        onLine(partial);
        partial = '';
      }
    }
  };
  const schedule = () => {
    if (queued) return;
    queued = true;
    reading = reading.then(drain);
  };
  const timer = setInterval(schedule, tickMs);
  const watcher = watchQuietly(file, schedule);
  schedule();
  return {
    async stop() {
      clearInterval(timer);
      watcher?.close();
      await reading;
      await drain();
      if (partial !== '') onLine(partial);
      await close(handle);
    },
  };
}

/** inotify makes lines appear at once; where it cannot be had (too many watches), the timer alone serves. */
function watchQuietly(file: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(file, onChange);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

async function close(handle: FileHandle): Promise<void> {
  await handle.close();
}
