import { close, open, read } from 'node:fs';
import { promisify } from 'node:util';

const openFile = promisify(open);
const closeFile = promisify(close);
const readInto = (fd: number, buffer: Buffer, from: number) =>
  new Promise<number>((resolve, reject) => {
    read(fd, buffer, from, buffer.length - from, from, (error, bytes) =>
      error === null ? resolve(bytes) : reject(error),
    );
  });

/** Holds most command lines and many an environment, and comes from Node's pool of small buffers. */
const firstBytes = 2048;

/**
 * /proc/PID/cmdline or environ, which the kernel reads from the other process' memory; undefined where the process is
 * gone or not ours to look into. By a promise, for a process that hangs with its memory locked would hang this one too.
 * Not by `readFile`: for a file that says it has no bytes that takes 64 KiB each time, which for every process of a
 * machine ten times a second keeps the garbage collector busy.
 */
export async function readMemoryFile(path: string): Promise<Buffer | undefined> {
  let fd: number | undefined;
  try {
    fd = await openFile(path, 'r');
    let buffer = Buffer.allocUnsafe(firstBytes);
    let filled = 0;
    for (;;) {
      const bytes = await readInto(fd, buffer, filled);
      filled += bytes;
      // The kernel fills what it is given as far as there is anything.
      if (filled < buffer.length) return buffer.subarray(0, filled);
      const larger = Buffer.allocUnsafe(buffer.length * 4);
      buffer.copy(larger);
      buffer = larger;
    }
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) await closeFile(fd).catch(() => {});
  }
}
