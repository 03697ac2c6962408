import { posix } from 'node:path';
import { joined, parentOf } from './files.ts';
import type { Place } from './model.ts';
import { nearWords, shown } from './report.ts';
import { refuse, type Work } from './work.ts';

const rootFix = 'Correct the path, relative to the folder of the kustomization.';

/**
 * The file or folder that an entry leads to; undefined where it leads to none, which is then on the report. `secret`: what
 * is shown in place of an entry that may be a secret itself, put where its file belongs.
 */
export function referred(
  work: Work,
  entry: string,
  at: Place,
  wanted: 'file' | 'folder' | 'any',
  secret?: string,
): string | undefined {
  const { files, report } = work.context;
  const told = (path: string) => secret ?? shown(path);
  if (/^(?:[a-z+]+:\/\/|git::|git@|gh:|github\.com[:/])|\.git(?:[/?]|$)|[?&]ref=/i.test(entry)) {
    work.whole = false;
    report.add('not-looked-at', 'warning', at, {
      what: `\`${told(entry)}\` is fetched from elsewhere.`,
      why: 'A rebirth depends on a server that is none of the castle, and what it gives was not looked at here.',
      fix: 'Keep a copy in the tree, or make it a source of its own.',
    });
    return undefined;
  }
  const broken = (what: string, fix = rootFix) => {
    work.broken = true;
    const why = 'Kustomize refuses to build the folder, and nothing of the Kustomization is applied.';
    report.add('broken-reference', 'error', at, { what, why, fix });
    return undefined;
  };
  const path = entry === '' ? undefined : joined(work.folder, entry);
  if (entry === '') return broken('It names nothing.');
  if (path === undefined) return broken(`\`${told(entry)}\` leads out of the tree.`);
  const kind = files.kind(path);
  if (kind === 'left-out') {
    return broken(
      `\`${told(path)}\` never reaches the cluster: Flux leaves symlinks, images, archives and files of CI services out.`,
      'Put the file or folder itself there, under a name that Flux takes.',
    );
  }
  if (kind === undefined) {
    const near = nearWords(posix.basename(path), files.list(parentOf(path)));
    return broken(`There is no \`${told(path)}\`.${near}`);
  }
  if (wanted !== 'any' && kind !== wanted) {
    return broken(`\`${told(path)}\` is a ${kind}, and a ${wanted} belongs here.`);
  }
  return path;
}

/** Kustomize refuses a folder that it comes from, and every one above those. */
export function cycle(work: Work, folder: string, at: Place, chain: readonly string[]): boolean {
  const met = chain.find((each) => folder === '' || each === folder || each.startsWith(`${folder}/`));
  if (met === undefined) return false;
  refuse(work, at, `\`${shown(folder)}\` is, or holds, the folder \`${shown(met)}\` that refers to it`);
  return true;
}

export function notFollowed(work: Work, field: string, entry: string, at: Place): void {
  // Written in the list itself, not in a file.
  if (entry.includes('\n')) return;
  referred(work, entry, at, 'any');
  if (field === 'generators' || field === 'transformers') work.whole = false;
}
