import { existsSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { didYouMean } from '../near.ts';
import { isInside } from '../paths.ts';
import { castleError, type Position } from './problems.ts';

/** A folder that the castle file names, and where it does. */
export interface NamedFolder {
  readonly key: string;
  readonly path: string;
  readonly file: string;
  readonly position: Position;
}

/**
 * The absolute path of a folder that the castle file names, relative to the file. It must stay inside the git
 * repository of the file (without one, inside the file's folder), also through symlinks: what lies outside was not
 * reviewed with it. Throws PHX-CASTLE-PATH.
 */
export async function resolveInside({ key, path, file, position }: NamedFolder): Promise<string> {
  const root = repositoryOf(dirname(file));
  const folder = resolve(dirname(file), path);
  if (isInside(root, folder) && isInside(await realpath(root), await realOf(folder))) return folder;
  throw castleError(file, [
    {
      code: 'PHX-CASTLE-PATH',
      what: `\`${key}\` leads out of the repository.`,
      why: `It must stay inside ${root}, also through symlinks.`,
      next: `Give \`${key}\` a folder inside it, relative to the castle file.`,
      ...position,
    },
  ]);
}

/** As `resolveInside`, for a folder that must exist; the result has no symlink in it. Throws PHX-CASTLE-LIVE-MISSING. */
export async function existingInside(named: NamedFolder): Promise<string> {
  const folder = await resolveInside(named);
  const found = await stat(folder).catch(() => undefined);
  // Terragrunt finds no unit below a folder that is itself a symlink.
  if (found?.isDirectory()) return realpath(folder);
  const siblings = await readdir(dirname(folder), { withFileTypes: true }).catch(() => []);
  const folders = siblings.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  throw castleError(named.file, [
    {
      code: 'PHX-CASTLE-LIVE-MISSING',
      what: `The folder of \`${named.key}\` does not exist.`,
      why:
        found === undefined
          ? `There is no ${folder}.${didYouMean(basename(folder), folders)}`
          : `${folder} is a file.`,
      next: `Make the folder, or correct \`${named.key}\`; it is relative to the castle file.`,
      ...named.position,
    },
  ]);
}

function repositoryOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (at === dirname(at)) return folder;
  }
}

/** The real path of what exists of `path`, with the rest appended. */
async function realOf(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined || path === dirname(path)) return real ?? path;
  return join(await realOf(dirname(path)), basename(path));
}
