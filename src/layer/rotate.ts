import { type FileHandle, statfs } from 'node:fs/promises';

/** How large a layer's output may grow in the vault's RAM before it is emptied. */
export const defaultRotateAtBytes = 64 * 1024 * 1024;

/** In a small vault a flood must not take the room of all others: each file gets an eighth of it at most. */
export async function rotateAtBytesIn(folder: string): Promise<number> {
  const { blocks, bsize } = await statfs(folder);
  return Math.min(defaultRotateAtBytes, Math.floor((blocks * bsize) / 8));
}

/** What rotation may have cost. */
export interface Loss {
  /** Bytes that were thrown away unread, at least. */
  readonly lostBytes: number;
  /** How often the file was emptied. What is written in the moment between the last look and that is lost uncounted. */
  readonly turns: number;
}

/**
 * Keeps an output file small that another process appends to. The writer must have opened it with O_APPEND: any other
 * goes on at its old place, and leaves a hole before it.
 */
export interface Rotation extends Loss {
  /**
   * Called now and then with how far the file was read; returns where to read on. Where everything was read, it is
   * emptied from half its limit on, so that a calm moment is taken. At the limit it is emptied whoever has read it: RAM
   * is what runs out.
   */
  turn(offset: number): Promise<number>;
}

export function createRotation(handle: FileHandle, atBytes: number): Rotation {
  let lostBytes = 0;
  let turns = 0;
  return {
    get lostBytes() {
      return lostBytes;
    },
    get turns() {
      return turns;
    },
    async turn(offset) {
      const { size } = await handle.stat();
      if (size < (size === offset ? atBytes / 2 : atBytes)) return offset;
      await handle.truncate(0);
      turns += 1;
      lostBytes += Math.max(0, size - offset);
      return 0;
    },
  };
}
