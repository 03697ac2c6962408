import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isInside } from '../paths.ts';
import { pathsIn, type Written } from './paths-in.ts';

/** All that a layer is made from, by paths from the repository's root. */
export interface Reach {
  readonly files: ReadonlySet<string>;
  /** Whatever lies in them counts: the unit's own folder, its modules, folders that are read as a whole. */
  readonly folders: ReadonlySet<string>;
  /** It reads a file whose name is computed, and may so read any. */
  readonly computed: boolean;
}

export interface Start {
  readonly folder: string;
  /** Files that Terragrunt itself says it reads. */
  readonly reading: readonly string[];
  /** Folders of the layers that it waits for: what lies there reaches it through them. */
  readonly behind: readonly string[];
}

const ownFolders = new Set(['.terragrunt-cache', '.terraform', '.git', 'node_modules']);
const largestText = 1 << 20;
const mostFiles = 20_000;

/**
 * Follows what texts name, from the unit's folder on: modules, the modules that these call, included files, scripts,
 * templates. `gone` are paths that are there no more, but may still be named. All paths count from `root`.
 */
export function createReach(root: string, gone: ReadonlySet<string>) {
  const kinds = new Map<string, 'file' | 'folder' | undefined>();
  const texts = new Map<string, Written>();
  const goneFolders = new Set([...gone].flatMap((path) => [...foldersAround(path)]));

  const kindOf = (path: string) => {
    const known = kinds.get(path);
    if (known !== undefined || kinds.has(path)) return known;
    const stat = statOf(join(root, path));
    const lost = gone.has(path) ? 'file' : goneFolders.has(path) ? 'folder' : undefined;
    const kind = stat?.isDirectory() ? 'folder' : stat?.isFile() ? 'file' : lost;
    kinds.set(path, kind);
    return kind;
  };
  const writtenIn = (path: string): Written => {
    const known = texts.get(path);
    if (known !== undefined) return known;
    const written = pathsIn(textOf(join(root, path)));
    texts.set(path, written);
    return written;
  };

  return function reachOf({ folder: unit, reading, behind }: Start): Reach {
    const files = new Set<string>();
    const folders = new Set<string>();
    let computed = false;
    const open: { readonly path: string; readonly kind: 'file' | 'folder' }[] = [
      { path: unit, kind: 'folder' },
      ...reading.map((path) => ({ path, kind: 'file' as const })),
    ];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { path, kind } = next;
      const seen = kind === 'file' ? files : folders;
      if (seen.has(path)) continue;
      seen.add(path);
      const real = realPath(root, path);
      if (real !== undefined && real !== path) open.push({ path: real, kind });
      // A folder around the unit is named by many texts; all in it would be everything.
      if (kind === 'folder') {
        if (path !== unit && isInside(path, unit)) continue;
        // Through a link only what it leads to: a link to a folder around it would never end.
        if (real !== path) continue;
        for (const file of filesBelow(root, path)) open.push({ path: file, kind: kindOf(file) ?? 'file' });
        // Too much to follow: then all there is.
        if (files.size > mostFiles) return { files, folders: folders.add('.'), computed: true };
        continue;
      }
      const written = writtenIn(path);
      computed ||= written.computed;
      for (const { path: named, folder, dots } of written.paths) {
        for (const base of dots ? new Set([dirname(path), unit]) : basesOf(dirname(path), unit)) {
          const target = join(base, named).replace(/\/$/, '');
          if (/^\.\.(?:\/|$)/.test(target) || (target === '.' && !dots)) continue;
          if (behind.some((other) => isInside(other, target))) continue;
          const found = kindOf(target);
          if (found === undefined || (found === 'folder' && !folder)) continue;
          open.push({ path: target, kind: found });
        }
      }
    }
    return { files, folders, computed };
  };
}

/** A path may count from where the text lies, from the unit, or from any folder around them (`find_in_parent_folders`). */
function basesOf(text: string, unit: string): Set<string> {
  return new Set([text, ...foldersAround(text), unit, ...foldersAround(unit), '']);
}

function* foldersAround(path: string): Generator<string> {
  for (let at = dirname(path); at !== '.' && at !== '/'; at = dirname(at)) yield at;
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // A circle of links, a file that is taken for a folder, a name that is too long: there is no such thing.
    return undefined;
  }
}

function realPath(root: string, path: string): string | undefined {
  try {
    const real = relative(root, realpathSync(join(root, path)));
    return real === '' || real.startsWith('..') ? undefined : real;
  } catch {
    // It is gone, or a link that leads nowhere.
    return undefined;
  }
}

function filesBelow(root: string, folder: string): string[] {
  const files: string[] = [];
  const open = [folder];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const entry of entriesOf(join(root, at))) {
      if (entry.isDirectory() && !ownFolders.has(entry.name)) open.push(join(at, entry.name));
      if (!entry.isDirectory()) files.push(join(at, entry.name));
      if (files.length > mostFiles) return files;
    }
  }
  return files;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // Gone since it was named.
    return [];
  }
}

function textOf(file: string): string {
  try {
    const stat = statSync(file);
    if (!stat.isFile() || stat.size > largestText) return '';
    const text = readFileSync(file, 'utf8');
    return text.includes('\0') ? '' : text;
  } catch {
    // A link that leads nowhere, or a folder behind a link: nothing in it is named.
    return '';
  }
}
