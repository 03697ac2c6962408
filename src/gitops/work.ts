import { posix } from 'node:path';
import { type Draft, idOf, keyOf } from './draft.ts';
import type { Files } from './files.ts';
import type { KustomizationFile } from './kustomization.ts';
import type { Place } from './model.ts';
import { type Report, shown } from './report.ts';
import { readYaml, type YamlDocument } from './yaml.ts';

export const fileNames = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const;

/** What a build goes through with. */
export interface Context {
  readonly files: Files;
  readonly report: Report;
  /** Documents of a file, read once; undefined where it cannot be read, which is then on the report. */
  documents(file: string): readonly YamlDocument[] | undefined;
  /** False once the budget of folders is used up: a tree may refer to itself in more ways than can be followed. */
  enter(at: Place): boolean;
}

/** What a folder builds to. `broken`: Kustomize refuses; `whole`: nothing of it comes from elsewhere. */
export interface Built {
  readonly drafts: readonly Draft[];
  readonly broken: boolean;
  readonly whole: boolean;
}

/** A folder's build under way. */
export interface Work {
  readonly context: Context;
  readonly folder: string;
  readonly file: KustomizationFile;
  drafts: Draft[];
  broken: boolean;
  whole: boolean;
  /** The drafts by their keys, as long as nothing renames them. */
  byKey: Map<string, Draft>;
}

export function contextOf(files: Files, report: Report): Context {
  const read = new Map<string, readonly YamlDocument[] | undefined>();
  let left = 5_000;
  return {
    files,
    report,
    documents(file) {
      if (!read.has(file)) read.set(file, documentsOf(file, files, report));
      return read.get(file);
    },
    enter(at) {
      left -= 1;
      if (left >= 0) return true;
      if (left < -1) return false;
      report.add('not-looked-at', 'error', at, {
        what: 'The tree refers to itself in more ways than are followed.',
        why: 'Kustomize would build these folders again and again, for minutes or without an end.',
        fix: 'Refer to each folder once.',
      });
      return false;
    },
  };
}

function documentsOf(file: string, files: Files, report: Report): readonly YamlDocument[] | undefined {
  const read = files.read(file);
  const start = { file, line: 1, column: 1 };
  const yaml =
    'text' in read
      ? readYaml(read.text, file)
      : { problem: { what: `It cannot be read: ${read.refused}`, at: start } };
  const problem = 'problem' in yaml ? yaml.problem : yaml.twice;
  if (problem === undefined) return 'documents' in yaml ? yaml.documents : undefined;
  report.add('unreadable', 'error', problem.at, {
    what: `${problem.what}.`,
    why: 'What cannot be read is not applied, and nothing that stands beside it either.',
    fix: 'Correct the file; of text that is no manifest, keep it out of the `resources`.',
  });
  // Of a kustomization Kustomize takes the last of two keys without a word, and what stands under the first is lost.
  return 'documents' in yaml && fileNames.some((name) => posix.basename(file) === name)
    ? yaml.documents
    : undefined;
}

export function refuse(
  work: Work,
  at: Place,
  what: string,
  fix = 'Correct it; `kubectl kustomize` says more.',
): void {
  work.broken = true;
  const why = 'Kustomize refuses to build the folder, and nothing of the Kustomization is applied.';
  work.context.report.add('not-built', 'error', at, { what: `${what}.`, why, fix });
}

export function addDraft(work: Work, draft: Draft): void {
  const id = idOf(draft.manifest);
  const before = work.byKey.get(keyOf(id));
  if (before === undefined) {
    work.drafts.push(draft);
    work.byKey.set(keyOf(id), draft);
    return;
  }
  const { file, line } = before.place([]);
  const [at, what] = [
    draft.place([]),
    `${shown(id.kind)} \`${shown(id.name)}\` is there twice, first at ${shown(file)}:${line}`,
  ];
  refuse(work, at, what, 'Remove one of them, or one of the ways to the same file.');
}

export function byKey(drafts: readonly Draft[]): Map<string, Draft> {
  return new Map(drafts.map((draft) => [keyOf(idOf(draft.manifest)), draft]));
}
