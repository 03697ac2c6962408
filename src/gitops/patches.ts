import { type Draft, idOf, isMap, keyOf, patchedPlace } from './draft.ts';
import { applyJsonPatch, jsonPatch, pointer } from './json-patch.ts';
import { isBuiltIn } from './kinds.ts';
import type { KustomizationFile, Patch } from './kustomization.ts';
import { merged } from './merge.ts';
import type { Place } from './model.ts';
import { referred } from './references.ts';
import { shown } from './report.ts';
import { selected } from './select.ts';
import { refuse, type Work } from './work.ts';
import { readYaml, type YamlDocument } from './yaml.ts';

/** A patch, where it is listed, and where its own text begins. */
export interface PlacedPatch {
  readonly patch: Patch;
  readonly at: Place;
  readonly textAt: Place;
}

export function placed(file: KustomizationFile, field: string, index: number, patch: Patch): PlacedPatch {
  return { patch, at: file.place([field, index]), textAt: file.textPlace([field, index, 'patch']) };
}

export function apply(work: Work, { patch, at, textAt }: PlacedPatch): void {
  const documents = documentsOf(work, patch, at, textAt);
  if (documents === undefined) return;
  const targets = patch.target ? selected(work.drafts, patch.target) : undefined;
  if (patch.target && targets === undefined) {
    refuse(
      work,
      at,
      'The target of this patch has a pattern that cannot be followed',
      'Name the target plainly.',
    );
    return;
  }
  const operations = jsonPatch.safeParse(documents[0]?.value);
  if (operations.success) {
    if (targets === undefined) {
      refuse(work, at, 'A JSON patch needs a `target`');
      return;
    }
    for (const draft of targets) {
      const manifest = structuredClone(draft.manifest);
      const wrong = applyJsonPatch(manifest, operations.data);
      if (wrong !== undefined) {
        refuse(work, textAt, `${wrong} in ${named(draft)}`);
        return;
      }
      const before = draft.place;
      draft.manifest = manifest;
      draft.place = (path) => {
        const index = operations.data.findLastIndex(({ path: to }) => isBelow(pointer(to), path.map(String)));
        return index === -1 ? before(path) : (documents[0]?.place([index, 'value']) ?? before(path));
      };
    }
    return;
  }
  const patches = documents.filter(({ value }) => value !== null);
  if (targets !== undefined && patches.length > 1) {
    refuse(work, at, 'Several patches in one entry cannot have a `target`');
    return;
  }
  for (const document of patches) merge(work, document, targets);
}

function merge(work: Work, document: YamlDocument, targets: readonly Draft[] | undefined): void {
  const { value } = document;
  if (!isMap(value)) {
    refuse(work, document.place([]), 'This is no patch that Kustomize takes');
    return;
  }
  const id = idOf(value);
  if (id.kind === '' || id.name === '') {
    refuse(work, document.place([]), 'A patch needs `kind` and `metadata.name`');
    return;
  }
  const key = keyOf(id);
  const found =
    targets ??
    work.drafts.filter(({ known, manifest }) =>
      [...known, idOf(manifest)].some((each) => keyOf(each) === key),
    );
  if (targets === undefined && found.length !== 1) {
    const what = `This patch is for ${shown(id.kind)} \`${shown(id.name)}\`, of which there ${found.length === 0 ? 'is none here' : 'are several'}`;
    refuse(
      work,
      document.place([]),
      what,
      'Name what the resources hold: apiVersion, kind, name and, where it is written there, namespace.',
    );
    return;
  }
  for (const draft of found) {
    // What names the patch's target names nothing new.
    const { apiVersion: _, kind: __, metadata, ...rest } = value;
    const { name: ___, namespace: ____, ...meta } = isMap(metadata) ? metadata : {};
    const result = merged(draft.manifest, { ...rest, metadata: meta }, isBuiltIn(idOf(draft.manifest)));
    if (result === undefined) work.drafts = work.drafts.filter((each) => each !== draft);
    else {
      draft.manifest = structuredClone(result);
      draft.place = patchedPlace(draft, document);
    }
  }
}

function documentsOf(
  work: Work,
  { path, patch }: Patch,
  at: Place,
  textAt: Place,
): readonly YamlDocument[] | undefined {
  if ((path === '') === (patch.trim() === '')) {
    refuse(work, at, 'A patch needs one of `path` and `patch`');
    return undefined;
  }
  if (path !== '') {
    const file = referred(work, path, at, 'file');
    const documents = file === undefined ? undefined : work.context.documents(file);
    work.broken ||= documents === undefined;
    return documents;
  }
  const read = readYaml(patch, textAt.file, textAt);
  const problem = 'problem' in read ? read.problem : read.twice;
  if ('documents' in read && problem === undefined) return read.documents;
  if (problem !== undefined) refuse(work, problem.at, problem.what);
  return undefined;
}

export function named(draft: Draft): string {
  const { kind, name } = idOf(draft.manifest);
  return `${shown(kind)} \`${shown(name)}\``;
}

function isBelow(above: readonly string[], path: readonly string[]): boolean {
  return above.length <= path.length && above.every((key, index) => key === path[index]);
}
