import type { Dirent } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodingsOf, leastSecretLength } from './encodings.ts';

export interface Leak {
  /** The secret's name, never its value. */
  readonly secret: string;
  /** A file, or `/proc/PID/environ (command)`. */
  readonly place: string;
  /** `raw`, `base64+1`, `hex` … */
  readonly encoding: string;
}

export interface LeakAudit {
  /** Files and processes looked at. */
  readonly checked: number;
  readonly found: readonly Leak[];
}

interface Needle {
  readonly secret: string;
  readonly encoding: string;
  readonly bytes: Buffer;
}

const chunkBytes = 256 * 1024;

function needlesFor(secrets: ReadonlyMap<string, string>): Needle[] {
  return [...secrets]
    .filter(([, value]) => value.length >= leastSecretLength)
    .flatMap(([secret, value]) =>
      [...encodingsOf(value)].map(([encoding, form]) => ({ secret, encoding, bytes: Buffer.from(form) })),
    );
}

/**
 * Searches every file below `roots` (links are not followed; `except` folders, such as the vault itself, are left out)
 * for the secrets, raw and encoded. The values never leave this process: a scanner that took them as arguments would
 * find itself.
 */
export async function auditFiles(
  secrets: ReadonlyMap<string, string>,
  roots: readonly string[],
  except: readonly string[] = [],
): Promise<LeakAudit> {
  const needles = needlesFor(secrets);
  const found: Leak[] = [];
  // One buffer for all files: a fresh one for each would be garbage faster than it is collected.
  const window = Buffer.allocUnsafe(chunkBytes + Math.max(0, ...needles.map(({ bytes }) => bytes.length)));
  let checked = 0;
  for (const root of roots) {
    for await (const file of filesBelow(root, except)) {
      checked += 1;
      found.push(...(await searchFile(file, needles, window)));
    }
  }
  return { checked, found };
}

async function* filesBelow(root: string, except: readonly string[]): AsyncGenerator<string> {
  let entries: Dirent[];
  try {
    entries = await readdir(root, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') yield root;
    return;
  }
  for (const entry of entries) {
    const path = join(root, entry.name);
    if (except.includes(path)) continue;
    if (entry.isDirectory()) yield* filesBelow(path, except);
    else if (entry.isFile()) yield path;
  }
}

async function searchFile(file: string, needles: readonly Needle[], window: Buffer): Promise<Leak[]> {
  const overlap = Math.max(0, ...needles.map(({ bytes }) => bytes.length));
  const hits = new Map<string, Leak>();
  try {
    await using handle = await open(file);
    // What was at the end of the last chunk is kept before the next: a secret may lie across the two.
    let kept = 0;
    for (;;) {
      const { bytesRead } = await handle.read(window, kept, chunkBytes);
      if (bytesRead === 0) break;
      const filled = kept + bytesRead;
      collect(window.subarray(0, filled), file, needles, hits);
      kept = Math.min(filled, overlap);
      window.copyWithin(0, filled - kept, filled);
    }
  } catch {
    // The file went away while it was read: what is gone cannot leak.
  }
  return [...hits.values()];
}

function collect(window: Buffer, place: string, needles: readonly Needle[], hits: Map<string, Leak>): void {
  for (const { secret, encoding, bytes } of needles) {
    const key = `${secret}\0${encoding}`;
    if (!hits.has(key) && window.includes(bytes)) hits.set(key, { secret, place, encoding });
  }
}

/**
 * Searches the arguments and the environment of every process this user may read (Linux; elsewhere: checked 0).
 * `inEnvironment` names the secrets that the castle file asks to be put there.
 */
export async function auditProcesses(
  secrets: ReadonlyMap<string, string>,
  inEnvironment: ReadonlySet<string>,
): Promise<LeakAudit> {
  const needles = needlesFor(secrets);
  // By value: two secrets may be alike, and what is asked for under one name is not a leak under the other.
  const asked = new Set([...inEnvironment].map((name) => secrets.get(name)));
  const unasked = needles.filter(({ secret }) => !asked.has(secrets.get(secret)));
  const hits = new Map<string, Leak>();
  let checked = 0;
  for (const pid of (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`).catch(() => undefined);
    if (command === undefined) continue;
    checked += 1;
    const name = command.toString('utf8').split('\0')[0]?.split('/').at(-1) ?? '';
    const environ = await readFile(`/proc/${pid}/environ`).catch(() => Buffer.alloc(0));
    const seen = new Map<string, Leak>();
    collect(command, `/proc/${pid}/cmdline (${name})`, needles, seen);
    collect(environ, `/proc/${pid}/environ (${name})`, unasked, seen);
    for (const [key, leak] of seen) hits.set(`${pid}\0${key}`, leak);
  }
  return { checked, found: [...hits.values()] };
}
