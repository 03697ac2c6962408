import { open, stat } from 'node:fs/promises';

const refused =
  /x509: certificate has expired or is not yet valid: (current time \S+ is (?:before|after) \S+?)["\\,\]]*(?:\s|$)/;

/**
 * Looks at what a log gets from now on, each time at what is new, for a certificate that is valid at another time than now,
 * e.g. `current time T is before T`: whoever issued it has another clock. A log is appended to by one node after another.
 */
export async function watchClock(logFile: string): Promise<() => Promise<string | undefined>> {
  let seen = (await stat(logFile).catch(() => undefined))?.size ?? 0;
  return async () => {
    const { size } = (await stat(logFile).catch(() => undefined)) ?? { size: 0 };
    if (size <= seen) return undefined;
    await using file = await open(logFile);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - seen), 0, size - seen, seen);
    const text = buffer.toString('utf8', 0, bytesRead);
    // A line that is not whole yet is read again.
    seen += Buffer.byteLength(text.slice(0, text.lastIndexOf('\n') + 1), 'utf8');
    return refused.exec(text)?.[1];
  };
}
