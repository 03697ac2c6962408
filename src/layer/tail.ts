import { type FSWatcher, watch } from 'node:fs';
import { open } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createRotation, type Loss } from './rotate.ts';
import { createSplitter } from './split.ts';

const tickMs = 200;
const chunkBytes = 64 * 1024;
/** While it reads without a pause, how often the reader looks at the file's size. */
const lookMs = 5;
/** How long lines are handed on before the rest of the program gets its turn: a flood must not delay a cancellation. */
const longestTurnMs = 20;

/** Follows a file that another process writes. */
export interface Tail {
  /** What was lost so far, since the file was emptied by this reader (`rotateAtBytes`) or by another. */
  readonly loss: Loss;
  /**
   * Reads what is there at that moment, then resolves: a process that still writes then (a grandchild that kept the
   * output) is not waited for.
   */
  stop(): Promise<void>;
}

export interface TailOptions {
  /** The file is emptied near this size. Only for a file whose writer opened it with O_APPEND. Default: never. */
  readonly rotateAtBytes?: number;
  /** What of a line may be handed on whose end was lost: without the beginning of a secret that goes on there. */
  readonly trim?: (text: string) => string;
}

/**
 * Hands each whole line of `file` (which exists) to `onLine`, in order, at most one chunk in memory. A file that got
 * shorter was emptied by somebody: it is read from its start again.
 */
export async function tailFile(
  file: string,
  onLine: (line: string) => void,
  options: TailOptions = {},
): Promise<Tail> {
  const handle = await open(file, options.rotateAtBytes === undefined ? 'r' : 'r+');
  const rotation = createRotation(handle.fd, options.rotateAtBytes ?? Number.POSITIVE_INFINITY);
  const splitter = createSplitter(options.trim);
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let offset = 0;
  let emptiedByOthers = 0;
  let reading: Promise<void> = Promise.resolve();
  let queued = false;
  let stopping = false;

  const handOn = async (lines: readonly string[]) => {
    let since = performance.now();
    for (const line of lines) {
      onLine(line);
      if (performance.now() - since < longestTurnMs) continue;
      await nextTurn();
      since = performance.now();
    }
  };
  /** Reads on at the file's start: what follows is not what the line that was begun would have gone on with. */
  const startOver = async () => {
    emptiedByOthers += 1;
    offset = 0;
    await handOn(splitter.cut());
  };
  const turn = async () => {
    const turned = rotation.turn(offset);
    if (turned === undefined) return;
    offset = 0;
    if (turned.lost) await handOn(splitter.resume());
    await handOn(splitter.add(turned.kept));
  };
  const drain = async (until = Number.POSITIVE_INFINITY) => {
    queued = false;
    let looked = performance.now();
    while (offset < until && (until < Number.POSITIVE_INFINITY || !stopping)) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(chunkBytes, until - offset), offset);
      if (bytesRead > 0) {
        offset += bytesRead;
        await handOn(splitter.add(buffer.subarray(0, bytesRead)));
        if (performance.now() - looked < lookMs) continue;
      } else if ((await handle.stat()).size < offset) {
        await startOver();
        continue;
      }
      if (until === Number.POSITIVE_INFINITY && options.rotateAtBytes !== undefined) await turn();
      if (bytesRead === 0) return;
      looked = performance.now();
    }
  };
  const schedule = () => {
    if (queued || stopping) return;
    queued = true;
    reading = reading.then(() => drain());
  };
  const timer = setInterval(schedule, tickMs);
  const watcher = watchQuietly(file, schedule);
  schedule();
  return {
    get loss() {
      return { lostBytes: rotation.lostBytes, turns: rotation.turns + emptiedByOthers };
    },
    async stop() {
      clearInterval(timer);
      watcher?.close();
      stopping = true;
      await reading;
      const { size } = await handle.stat();
      if (size < offset) await startOver();
      await drain(size);
      await handOn(splitter.end());
      await handle.close();
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
