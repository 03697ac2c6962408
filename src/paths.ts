import { isAbsolute, relative } from 'node:path';

/** True where `path` is `folder` itself or lies under it. Both absolute; symlinks are the caller's to resolve. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}

/** A file as people are shown it, on one line: relative to the working folder where it lies inside, else absolute. */
export function shownPath(path: string): string {
  const shown = isInside(process.cwd(), path) ? relative(process.cwd(), path) || '.' : path;
  return shown.replaceAll(/\p{Cc}/gu, '�');
}
