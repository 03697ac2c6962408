import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { Castle } from '../castle/load.ts';
import { isInside } from '../paths.ts';
import { ancestors } from '../plan/graph.ts';
import { logLine } from '../report/printable.ts';
import type { AffectedOptions } from './affected.ts';
import { type CastleChange, castleChange } from './castle-changes.ts';
import type { Change } from './changes.ts';
import type { Repository } from './git.ts';
import { createReach, type Reach } from './reach.ts';
import { readingOf } from './reading.ts';
import { isUnread } from './unread.ts';

/** What changes touch directly: layers and the files that do it, or everything, and why. */
export type Touched =
  | { readonly everything: string }
  | { readonly layers: ReadonlyMap<string, readonly string[]>; readonly gitops: boolean };

export async function touch(
  changes: readonly Change[],
  { base, removed }: { readonly base: string; readonly removed: readonly string[] },
  repository: Repository,
  options: AffectedOptions,
): Promise<Touched> {
  const { castle } = options;
  const reaches = await reachesOf(changes, repository, options);
  if (reaches === undefined) return { everything: 'Terragrunt does not tell what its units read' };
  const within = (path: string) => relative(repository.root, path);
  const castleFile = within(join(await realpath(castle.dir), basename(castle.file)));
  const lockFile = join(dirname(castleFile), 'phoenix.lock');
  const gitops =
    castle.gitops && within(await realpath(castle.gitops.dir).catch(() => castle.gitops?.dir ?? ''));
  const layers = new Map<string, string[]>();
  const add = (layer: string, path: string) => layers.set(layer, [...(layers.get(layer) ?? []), path]);
  let tree = false;
  for (const change of changes) {
    const { path } = change;
    if (path === lockFile) return { everything: `${path} is changed` };
    if (path === castleFile) {
      const meant = await castleMeans(castle, castleFile, base, repository);
      if ('everything' in meant) return meant;
      for (const layer of meant.layers) add(layer, path);
      continue;
    }
    const readers = readersOf(change, reaches);
    for (const layer of readers) add(layer, path);
    const ofTree = gitops !== undefined && related(change, gitops);
    tree ||= ofTree;
    if (readers.length > 0 || ofTree || change.untracked || isUnread(path)) continue;
    if (removed.some((unit) => isInside(unit, path))) continue;
    if (isOfAnotherTree(change, repository.root, within(castle.liveDir))) continue;
    return { everything: `no layer is known to read \`${logLine(path)}\`, and none not to` };
  }
  return { layers, gitops: tree };
}

async function reachesOf(
  changes: readonly Change[],
  { root }: Repository,
  { castle, layers, graph, terragrunt }: AffectedOptions,
): Promise<ReadonlyMap<string, Reach> | undefined> {
  const reading = await readingOf(castle.liveDir, terragrunt);
  if (reading === undefined) return undefined;
  const folderOf = new Map(layers.map(({ name, dir }) => [name, relative(root, dir)]));
  const reachOf = createReach(root, new Set(changes.filter(({ gone }) => gone).map(({ path }) => path)));
  return new Map(
    [...folderOf].map(([name, folder]) => {
      const read = (reading.get(name) ?? []).map((path) => relative(root, join(castle.liveDir, path)));
      const behind = [...ancestors(graph, [name])].flatMap((other) => folderOf.get(other) ?? []);
      return [
        name,
        reachOf({ folder, reading: read.filter((path) => !path.startsWith('..')), behind }),
      ] as const;
    }),
  );
}

/** The layers that read a changed file; with them, where it lies in no folder of any layer, those that may read any. */
function readersOf(change: Change, reaches: ReadonlyMap<string, Reach>): string[] {
  const all = [...reaches];
  const known = all.filter(
    ([, { files, folders }]) =>
      files.has(change.path) || [...folders].some((folder) => related(change, folder)),
  );
  const housed = known.some(([, { folders }]) => [...folders].some((folder) => related(change, folder)));
  if (known.length === 0 || housed) return known.map(([name]) => name);
  return all.filter((each) => known.includes(each) || each[1].computed).map(([name]) => name);
}

/** In the folder; or the folder is in it, where it is a link or a submodule. */
function related({ path, pointer }: Change, folder: string): boolean {
  return isInside(folder, path) || (pointer && isInside(path, folder));
}

/** A unit of another castle. */
function isOfAnotherTree({ path }: Change, root: string, live: string): boolean {
  if (isInside(live, path)) return false;
  for (let at = dirname(path); at !== '.'; at = dirname(at)) {
    // What lies above the live folder is no other castle's: its units may include it.
    if (!isInside(at, live) && existsSync(join(root, at, 'terragrunt.hcl'))) return true;
  }
  return false;
}

async function castleMeans(
  castle: Castle,
  file: string,
  base: string,
  { ask }: Repository,
): Promise<CastleChange> {
  const before = await ask('cat-file', 'blob', `${base}:${file}`);
  if (before === undefined) return { everything: `${file} is new` };
  return castleChange(before, await readFile(castle.file, 'utf8'), file);
}
