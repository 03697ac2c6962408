import { constants, type Dirent } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createFinder, type Finder, type Leak } from './audit-finder.ts';
import { isPacked, mostUnpacked, unpack } from './audit-unpack.ts';

export type { Leak } from './audit-finder.ts';

export interface LeakAudit {
  /** Files and processes looked at. */
  readonly checked: number;
  readonly found: readonly Leak[];
  /** Files that could not be read, or not be unpacked. */
  readonly unsearched?: number;
}

const chunkBytes = 256 * 1024;
/** An archive in an archive in an archive: what is deeper is searched as it lies there. */
const deepest = 3;

/**
 * Searches every file below `roots` (links are not followed; `except` folders, such as the vault itself, are left out)
 * for the secrets, in every form and also in what is packed. The values never leave this process: a scanner that took
 * them as arguments would find itself.
 */
export async function auditFiles(
  secrets: ReadonlyMap<string, string>,
  roots: readonly string[],
  except: readonly string[] = [],
): Promise<LeakAudit> {
  const finder = createFinder(secrets);
  const found = new Map<string, Leak>();
  // One buffer for all files: a fresh one for each would be garbage faster than it is collected.
  const window = Buffer.allocUnsafe(chunkBytes + finder.longest);
  const seen = new Set<string>();
  let unsearched = 0;
  for (const root of roots) {
    for await (const file of filesBelow(root, except)) {
      if (seen.has(file)) continue;
      seen.add(file);
      const whole = await searchFile(file, finder, window, (leak) => {
        found.set(`${leak.secret}\0${leak.place}\0${leak.encoding}`, leak);
      });
      if (!whole) unsearched += 1;
    }
  }
  return { checked: seen.size, found: [...found.values()], unsearched };
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

/** False where not all of it could be searched. */
async function searchFile(
  file: string,
  finder: Finder,
  window: Buffer,
  tell: (leak: Leak) => void,
): Promise<boolean> {
  try {
    // A pipe in the place of a file would never end.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    // What was at the end of the last chunk is kept before the next: a secret may lie across the two.
    let kept = 0;
    let size = 0;
    let packed = false;
    for (;;) {
      const { bytesRead } = await handle.read(window, kept, chunkBytes, size);
      if (bytesRead === 0) break;
      const filled = kept + bytesRead;
      if (size === 0) packed = isPacked(window.subarray(0, Math.min(filled, 8)));
      size += bytesRead;
      for (const form of finder.find(window, filled)) tell({ ...form, place: file });
      kept = Math.min(filled, finder.longest);
      window.copyWithin(0, filled - kept, filled);
    }
    if (!packed) return true;
    if (size > mostUnpacked) return false;
    const bytes = Buffer.alloc(size);
    await handle.read(bytes, 0, size, 0);
    return searchPacked(bytes, file, '', finder, tell);
  } catch (error) {
    // What went away while it was read cannot leak any more.
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function searchPacked(
  bytes: Buffer,
  place: string,
  ways: string,
  finder: Finder,
  tell: (leak: Leak) => void,
): boolean {
  const members = unpack(bytes);
  // Two bytes are soon alike: what does not unpack was mostly no archive, and has been searched as it lies there.
  if (members === undefined) return bytes[0] === 0x78 || !isPacked(bytes);
  for (const { how, name, bytes: content } of members) {
    const inside = name === '' ? place : `${place}!${name}`;
    const way = `${ways}${how}>`;
    for (const { secret, encoding } of finder.find(content, content.length))
      tell({ secret, place: inside, encoding: `${way}${encoding}` });
    if (way.split('>').length <= deepest && isPacked(content.subarray(0, 8)))
      searchPacked(content, inside, way, finder, tell);
  }
  return true;
}
