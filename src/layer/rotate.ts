import { fstatSync, ftruncateSync, readSync } from 'node:fs';
import { statfs } from 'node:fs/promises';

/** How large a layer's output may grow in the vault's RAM before it is emptied. */
export const defaultRotateAtBytes = 64 * 1024 * 1024;

/** In a small vault a flood must not take the room of all others: each file gets an eighth of it at most. */
export async function rotateAtBytesIn(folder: string): Promise<number> {
  const { blocks, bsize } = await statfs(folder);
  return Math.min(defaultRotateAtBytes, Math.floor((blocks * bsize) / 8));
}

/** How much of what nobody read yet is kept when the file is emptied: its end tells why a process failed. */
const keptBytes = 64 * 1024;
/** How long nobody wrote before a moment counts as calm: more than the clock of a file system is coarse. */
const calmMs = 10;

/** What rotation may have cost. */
export interface Loss {
  /** Bytes that were thrown away unread. */
  readonly lostBytes: number;
  /** How often the file was emptied. What is written in the microseconds between the last read and that is uncounted. */
  readonly turns: number;
}

/** A file that was emptied. */
export interface Turn {
  /** Whether something before `kept` was thrown away unread. */
  readonly lost: boolean;
  /** What was not read before, or the end of it. */
  readonly kept: Uint8Array;
}

/**
 * Keeps an output file small that another process appends to. The writer must have opened it with O_APPEND: any other
 * goes on at its old place, and leaves a hole before it.
 */
export interface Rotation extends Loss {
  /**
   * Called now and then with how far the file was read. Where everything was read, it is emptied from half its limit on,
   * once nobody writes. At the limit it is emptied whoever has read it: RAM is what runs out. It is then to be read from
   * its start, after what was kept. Nothing is returned where it stays.
   */
  turn(offset: number): Turn | undefined;
}

/** `fd` is open for reading and writing. */
export function createRotation(fd: number, atBytes: number): Rotation {
  let lostBytes = 0;
  let turns = 0;
  return {
    get lostBytes() {
      return lostBytes;
    },
    get turns() {
      return turns;
    },
    turn(offset) {
      const { size, mtimeMs } = fstatSync(fd);
      const calm = size === offset && Date.now() - mtimeMs > calmMs;
      if (size < (calm ? atBytes / 2 : atBytes)) return undefined;
      const from = Math.max(offset, size - keptBytes);
      const kept = endOf(fd, from);
      ftruncateSync(fd);
      turns += 1;
      const lost = from - offset + kept.dropped;
      lostBytes += lost;
      return { lost: lost > 0, kept: kept.bytes };
    },
  };
}

/**
 * The last `keptBytes` behind `from`, read on to where nothing follows: without a turn of the event loop, so that what is
 * written meanwhile is among it.
 */
function endOf(fd: number, from: number): { readonly bytes: Buffer; readonly dropped: number } {
  const buffer = Buffer.allocUnsafe(2 * keptBytes);
  let [filled, at] = [0, from];
  for (let looks = 0; looks < 64; looks += 1) {
    if (filled > keptBytes) {
      buffer.copyWithin(0, filled - keptBytes, filled);
      filled = keptBytes;
    }
    const read = readSync(fd, buffer, filled, keptBytes, at);
    if (read === 0) break;
    filled += read;
    at += read;
  }
  const bytes = buffer.subarray(Math.max(0, filled - keptBytes), filled);
  return { bytes, dropped: at - from - bytes.length };
}
