import { lstat, readdir, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Entry } from './tar.ts';

/**
 * All that lies in `folder`, at `place` of an image (relative, '' for its root): sorted by name, owned by root, rights as
 * on disk. A file with several names is given once, its other names as links.
 */
export async function* folderEntries(folder: string, place = ''): AsyncGenerator<Entry> {
  yield* above(place === '' ? '' : join(place, 'x'));
  yield* walk(folder, place, new Map());
}

async function* walk(folder: string, place: string, seen: Map<string, string>): AsyncGenerator<Entry> {
  for (const name of (await readdir(folder)).toSorted()) {
    const source = join(folder, name);
    const path = join(place, name);
    const found = await lstat(source);
    const rights = found.mode & 0o7777;
    if (found.isDirectory()) {
      yield { path, type: 'directory', mode: rights };
      yield* walk(source, path, seen);
    } else if (found.isSymbolicLink()) yield { path, type: 'symlink', target: await readlink(source) };
    else if (found.isFile()) {
      const inode = `${found.dev}:${found.ino}`;
      const target = seen.get(inode);
      if (target !== undefined) yield { path, type: 'link', target };
      else {
        if (found.nlink > 1) seen.set(inode, path);
        yield { path, type: 'file', mode: rights, size: found.size, body: { file: source } };
      }
    }
  }
}

/** The folders above a path, outermost first. */
export function above(path: string): Entry[] {
  const folder = dirname(path);
  if (folder === '.') return [];
  return [...above(folder), { path: folder, type: 'directory', mode: 0o755 }];
}
