import { addGenerated } from './configmaps.ts';
import { type Draft, draftOf, idOf, isMap, type Manifest, metadataOf, sourcePlace } from './draft.ts';
import { kustomizationIn } from './find-kustomization.ts';
import type { Key, Place } from './model.ts';
import { cycle, notFollowed, referred } from './references.ts';
import { shown } from './report.ts';
import { type Overrides, transform } from './transform.ts';
import { addDraft, type Built, byKey, type Context, refuse, type Work } from './work.ts';
import type { YamlDocument } from './yaml.ts';

/**
 * Builds the folder of a kustomization. `at`: where it is referred to; `chain`: the folders on the way here; `root`: what a
 * Kustomization of Flux adds to the folder that it names.
 */
export function build(
  context: Context,
  folder: string,
  at: Place,
  chain: readonly string[],
  root?: Overrides,
): Built {
  const nothing = { drafts: [], broken: true, whole: true };
  if (!context.enter(at)) return nothing;
  const file = kustomizationIn(context, folder, at, root);
  if (file === undefined) return nothing;
  const work: Work = { context, folder, file, drafts: [], broken: false, whole: true, byKey: new Map() };
  if (file.kind === 'Component' && root === undefined) {
    refuse(work, at, `\`${shown(folder)}\` is of kind Component`, 'Name it under `components`.');
    return work;
  }
  accumulate(work, chain, root);
  // Only now: what is for this machine alone may still be patched, and patch others.
  if (chain.length === 0) work.drafts = work.drafts.filter((draft) => !isLocal(draft));
  return work;
}

function accumulate(work: Work, chain: readonly string[], root?: Overrides): void {
  const { file, context } = work;
  const here = [...chain, work.folder];
  for (const field of ['resources', 'bases'] as const) {
    for (const [index, entry] of file[field].entries())
      addResource(work, entry, file.place([field, index]), here);
  }
  for (const field of ['crds', 'configurations', 'generators', 'transformers', 'validators'] as const) {
    for (const [index, entry] of file[field].entries())
      notFollowed(work, field, entry, file.place([field, index]));
  }
  for (const field of ['helmCharts', 'helmChartInflationGenerator'] as const) {
    if (file[field].length > 0)
      refuse(work, file.place([field]), `\`${field}\` needs Helm, which Flux does not give Kustomize`);
  }
  addGenerated(work);
  const components = [
    ...file.components.map((entry, index) => ({ entry, at: file.place(['components', index]) })),
    ...(root?.components ?? []),
  ];
  for (const { entry, at } of components) {
    const folder = referred(work, entry, at, 'folder');
    if (folder === undefined || cycle(work, folder, at, here) || !context.enter(at)) continue;
    const component = kustomizationIn(context, folder, at);
    if (component === undefined) {
      work.broken = true;
      continue;
    }
    if (component.kind !== 'Component') {
      refuse(work, at, `\`${shown(entry)}\` is not of kind Component`);
      continue;
    }
    // A component works on what is there already, and not only on its own.
    const inner: Work = { ...work, folder, file: component };
    accumulate(inner, here);
    const { drafts, broken, whole } = inner;
    Object.assign(work, { drafts, broken, whole, byKey: byKey(drafts) });
  }
  transform(work, root);
}

function addResource(work: Work, entry: string, at: Place, chain: readonly string[]): void {
  const { context } = work;
  const path = referred(work, entry, at, 'any');
  if (path === undefined) return;
  if (context.files.kind(path) === 'file') {
    const documents = context.documents(path);
    if (documents === undefined) work.broken = true;
    else for (const document of documents) addDocument(work, document, document.value, []);
    return;
  }
  if (cycle(work, path, at, chain)) return;
  const inner = build(context, path, at, chain);
  work.broken ||= inner.broken;
  work.whole &&= inner.whole;
  for (const draft of inner.drafts) addDraft(work, draft);
}

function addDocument(work: Work, document: YamlDocument, value: unknown, prefix: readonly Key[]): void {
  if (value === null || (isMap(value) && Object.keys(value).length === 0)) return;
  const at = document.place(prefix);
  if (!isMap(value)) {
    refuse(work, at, 'This is no resource: a resource is a map');
    return;
  }
  const { kind, name } = idOf(value);
  if (kind === '') {
    refuse(work, at, 'A resource without `kind`');
    return;
  }
  if (kind.endsWith('List') && 'items' in value) {
    const items = Array.isArray(value['items']) ? value['items'] : [];
    for (const [index, item] of items.entries())
      addDocument(work, document, item, [...prefix, 'items', index]);
    return;
  }
  if (name === '' && !kind.endsWith('List')) {
    refuse(work, at, `A ${shown(kind)} without \`metadata.name\``);
    return;
  }
  if (idOf(value).apiVersion === '') {
    refuse(work, at, `A ${shown(kind)} without \`apiVersion\``);
    return;
  }
  const manifest = structuredClone(value) as Manifest;
  const draft: Draft = draftOf(
    manifest,
    sourcePlace(document, prefix, () => draft.manifest),
  );
  addDraft(work, draft);
}

function isLocal({ manifest }: Draft): boolean {
  const { annotations } = metadataOf(manifest);
  const local = isMap(annotations) ? annotations['config.kubernetes.io/local-config'] : undefined;
  return local !== undefined && String(local) !== 'false';
}
