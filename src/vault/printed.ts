import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { auditFiles, type LeakAudit } from './audit.ts';

/** What this process prints, kept for the leak audit: what people see is the first place where a secret gets out. */
export interface Printed extends Disposable {
  /** From here on it is kept in the vault `dir`; what was printed before goes there too. */
  keepIn(dir: string): void;
  /** No more is kept. */
  leave(): void;
}

const fileName = 'printed.log';
/** Beyond this nothing is kept: a layer that floods the log must not fill the vault. */
const mostBytes = 32 * 1024 * 1024;

/**
 * Keeps a copy of all that goes to `streams`, whoever writes it: the log, a command to the runner, a stray
 * console.log. The runner's own order to mask a value is left out, since it must carry the value.
 */
export function recordPrinted(streams: readonly Writable[]): Printed {
  let early: string[] = [];
  let file: number | undefined;
  let size = 0;
  const keep = (chunk: unknown) => {
    const text = withoutMasking(
      typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString(),
    );
    if (size > mostBytes || text === '') return;
    size += text.length;
    if (file === undefined) early.push(text);
    else writeAll(file, text);
  };
  const restore = streams.map((stream) => {
    const write = stream.write;
    const kept: typeof stream.write = (chunk: unknown, ...rest: unknown[]) => {
      keep(chunk);
      return Reflect.apply(write, stream, [chunk, ...rest]);
    };
    stream.write = kept;
    return () => {
      if (stream.write === kept) stream.write = write;
    };
  });
  const leave = () => {
    if (file !== undefined) closeSync(file);
    file = undefined;
    size = mostBytes + 1;
    early = [];
  };
  return {
    keepIn(dir) {
      file = openSync(join(dir, fileName), 'a', 0o600);
      writeAll(file, early.join(''));
      early = [];
    },
    leave,
    [Symbol.dispose]() {
      for (const each of restore) each();
      leave();
    },
  };
}

/** A full vault must not stop what is printed. */
function writeAll(file: number, text: string): void {
  try {
    writeSync(file, text);
  } catch {
    return;
  }
}

function withoutMasking(text: string): string {
  return text.includes('::add-mask::') ? text.replace(/^::add-mask::.*\r?\n?/gm, '') : text;
}

/** Searches what was printed while it was kept in the vault `dir`. */
export async function auditPrinted(secrets: ReadonlyMap<string, string>, dir: string): Promise<LeakAudit> {
  const { checked, found } = await auditFiles(secrets, [join(dir, fileName)]);
  return { checked, found: found.map((leak) => ({ ...leak, place: 'what the run printed' })) };
}
