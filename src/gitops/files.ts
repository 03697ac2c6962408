import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/**
 * A tree of files as Flux gets it. Paths are relative to the root, with `/`, without `.` and `..`; the root itself is
 * `''`. `left-out`: what source-controller keeps out of its artifact: symlinks, sockets and the like, and what its own list
 * of files to ignore names.
 */
export interface Files {
  kind(path: string): 'file' | 'folder' | 'left-out' | undefined;
  /** Names in a folder, sorted; empty where there is none. */
  list(folder: string): readonly string[];
  read(path: string): FileText;
}

export type FileText = { readonly text: string } | { readonly refused: string };

/** What Flux ignores in every source; see fluxcd/pkg, sourceignore. A `.sourceignore` of the tree is not read. */
const leftOut =
  /^(?:\.git(?:ignore|modules|attributes)|\.github|\.circleci|\.travis\.yml|\.gitlab-ci\.yml|appveyor\.yml|\.drone\.yml|cloudbuild\.yaml|codeship-(?:services|steps)\.yml|\.goreleaser\.yml|\.sops\.yaml|\.flux\.yaml|.*\.(?:jpg|jpeg|gif|png|wmv|flv|tar\.gz|zip))$/;

const largestBytes = 8 * 1024 * 1024;
/** Of all files together: a tree of text stays far below it. */
const mostBytes = 64 * 1024 * 1024;

/** The files below `root`, an absolute path. Read when asked for, once each; no symlink is followed. */
export function filesBelow(root: string): Files {
  const folders = new Map<string, ReadonlyMap<string, 'file' | 'folder' | 'left-out'>>();
  const texts = new Map<string, FileText>();
  let bytes = 0;
  const entries = (folder: string) => {
    const known = folders.get(folder);
    if (known !== undefined) return known;
    const found = new Map(kind(folder) === 'folder' ? entriesOf(join(root, folder)) : []);
    folders.set(folder, found);
    return found;
  };
  // Asked of the folder, not of the path: a disk that takes `Apps` for `apps` would say what no Linux says.
  const kind = (path: string): ReturnType<Files['kind']> =>
    path === '' ? 'folder' : entries(parentOf(path)).get(posix.basename(path));
  return {
    kind,
    list: (folder) => [...entries(folder).keys()].toSorted(),
    read(path) {
      const known = texts.get(path);
      if (known !== undefined) return known;
      const text =
        bytes > mostBytes ? { refused: 'the tree holds more text than is read' } : textOf(join(root, path));
      if ('text' in text) bytes += text.text.length;
      texts.set(path, text);
      return text;
    },
  };
}

/** `..` in it leads out of the root where the result is undefined. */
export function joined(folder: string, path: string): string | undefined {
  const way = posix.join(folder === '' ? '.' : folder, path).replace(/\/+$/, '');
  if (way === '..' || way.startsWith('../') || posix.isAbsolute(path)) return undefined;
  return way === '.' ? '' : way;
}

export function parentOf(path: string): string {
  const parent = posix.dirname(path);
  return parent === '.' ? '' : parent;
}

function entriesOf(folder: string): [string, 'file' | 'folder' | 'left-out'][] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => name !== '.git')
      .map((entry) => {
        if (leftOut.test(entry.name)) return [entry.name, 'left-out'];
        return [entry.name, entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'left-out'];
      });
  } catch {
    return [];
  }
}

function textOf(file: string): FileText {
  let descriptor: number | undefined;
  try {
    // It may have become a symlink or a pipe since its folder was read.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const found = fstatSync(descriptor);
    if (!found.isFile()) return { refused: 'it is no file' };
    if (found.size > largestBytes) {
      return { refused: `it has ${found.size} bytes, and at most ${largestBytes} are read` };
    }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(descriptor));
    return text.includes('\0') ? { refused: 'it is no text' } : { text };
  } catch (error) {
    if (error instanceof TypeError) return { refused: 'it is no text in UTF-8' };
    return { refused: error instanceof Error && 'code' in error ? String(error.code) : 'it cannot be read' };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
