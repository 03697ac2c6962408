import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { PhoenixError } from '../errors.ts';
import type { Diagnostic } from './events.ts';

/** The search is for one error's sake: it gives up rather than read a whole disk. */
const mostEntries = 20_000;
const mostLevels = 12;
const largestFile = 1024 * 1024;

/**
 * Where an error stands in the user's own files, for the annotation. The engine names files relative to its folder,
 * which is a copy that Terragrunt made in .terragrunt-cache, also where the unit has no `source`. The file is the one in
 * the unit's folder, else the only one in the repository that ends with the same path and reads byte for byte the same;
 * undefined where there is none or more than one. `file` is relative to `base` where it lies below it.
 */
export async function sourceOf(
  error: Diagnostic | undefined,
  { unit, engineDir }: { readonly unit: string; readonly engineDir: string | undefined },
  base: string = process.cwd(),
): Promise<PhoenixError['at']> {
  const { range } = error ?? {};
  if (range === undefined) return undefined;
  const file = await userFile(range.filename, unit, engineDir).catch(() => undefined);
  if (file === undefined) return undefined;
  const below = relative(base, file);
  const shown = below.startsWith('..') || isAbsolute(below) ? file : below;
  return { file: shown, line: range.start.line, column: range.start.column };
}

async function userFile(
  name: string,
  unit: string,
  engineDir: string | undefined,
): Promise<string | undefined> {
  const copy = resolve(engineDir ?? (await onlyCopy(unit)) ?? unit, name);
  if (!inside(copy, '.terragrunt-cache')) return (await textOf(copy)) === undefined ? undefined : copy;
  // A module that `init` fetched: what the user could mend is where it was fetched from, not this file.
  if (inside(copy, '.terraform')) return undefined;
  const text = await textOf(copy);
  if (text === undefined) return undefined;
  const own = join(unit, name);
  if (!name.startsWith('..') && (await textOf(own)) === text) return own;
  const found = await search(await repositoryOf(unit), pathInCache(copy), text);
  return found.length === 1 ? found[0] : undefined;
}

/**
 * `init` fails before the engine's folder is known. Terragrunt puts this manifest into the folder it starts the engine
 * in; where the unit has one such folder only, it is that.
 */
const manifest = '.terragrunt-module-manifest';
const deepestSubfolder = 6;

async function onlyCopy(unit: string): Promise<string | undefined> {
  const copies: string[] = [];
  const look = async (dir: string, level: number): Promise<void> => {
    const entries = await readdir(dir, { withFileTypes: true }).catch((): Dirent[] => []);
    if (entries.some(({ name }) => name === manifest)) copies.push(dir);
    if (level === deepestSubfolder || copies.length > 1) return;
    for (const entry of entries)
      if (entry.isDirectory() && !isPassedOver(entry.name)) await look(join(dir, entry.name), level + 1);
  };
  await look(join(unit, '.terragrunt-cache'), 0);
  return copies.length === 1 ? copies[0] : undefined;
}

/** The path below .terragrunt-cache/HASH/HASH: the one it has below the source's root too. */
function pathInCache(copy: string): string {
  const parts = copy.split(sep);
  return join(...parts.slice(parts.lastIndexOf('.terragrunt-cache') + 3));
}

/** The nearest folder upwards that has a .git, else the unit's parent. */
async function repositoryOf(unit: string): Promise<string> {
  for (let dir = unit; dirname(dir) !== dir; dir = dirname(dir)) {
    if ((await stat(join(dir, '.git')).catch(() => undefined)) !== undefined) return dir;
  }
  return dirname(unit);
}

async function search(root: string, path: string, text: string): Promise<string[]> {
  const found: string[] = [];
  let entries = 0;
  const look = async (dir: string, level: number): Promise<void> => {
    for (const entry of await readdir(dir, { withFileTypes: true }).catch((): Dirent[] => [])) {
      entries += 1;
      if (entries > mostEntries || found.length > 1) return;
      const file = join(dir, entry.name);
      if (entry.isDirectory() && level < mostLevels && !isPassedOver(entry.name)) await look(file, level + 1);
      if (!entry.isFile() || entry.name !== basename(path) || !`${sep}${file}`.endsWith(`${sep}${path}`))
        continue;
      if ((await textOf(file)) === text) found.push(file);
    }
  };
  await look(root, 0);
  return entries > mostEntries ? [] : found;
}

function isPassedOver(name: string): boolean {
  return name === 'node_modules' || (name.startsWith('.') && name !== '.github');
}

function inside(file: string, folder: string): boolean {
  return file.split(sep).includes(folder);
}

async function textOf(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined || !found.isFile() || found.size > largestFile) return undefined;
  return readFile(file, 'utf8').catch(() => undefined);
}
