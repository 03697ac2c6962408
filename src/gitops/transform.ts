import { type Draft, idOf, isMap, keyOf, type Manifest, metadataOf } from './draft.ts';
import { isClusterScoped } from './kinds.ts';
import type { Image, KustomizationFile } from './kustomization.ts';
import type { Place } from './model.ts';
import { followNames } from './names.ts';
import { apply, named, type PlacedPatch, placed } from './patches.ts';
import { refuse, type Work } from './work.ts';

/** What a Kustomization of Flux writes over the kustomization of the folder that it names. */
export interface Overrides {
  /** In place of the file that the folder has not. */
  readonly generated?: KustomizationFile;
  readonly namespace: string;
  readonly namePrefix: string;
  readonly nameSuffix: string;
  readonly patches: readonly PlacedPatch[];
  readonly components: readonly { readonly entry: string; readonly at: Place }[];
  readonly images: readonly Image[];
}

/** Everything that a kustomization changes, in Kustomize's order. */
export function transform(work: Work, root?: Overrides): void {
  const { file } = work;
  for (const [index, entry] of file.patchesStrategicMerge.entries()) {
    const way = ['patchesStrategicMerge', index];
    const inline = entry.includes('\n') || entry.includes(': ');
    const patch = { path: inline ? '' : entry, patch: inline ? entry : '' };
    apply(work, {
      patch: { ...patch, target: undefined, options: undefined },
      at: file.place(way),
      textAt: file.textPlace(way),
    });
  }
  for (const [index, patch] of file.patches.entries()) apply(work, placed(file, 'patches', index, patch));
  for (const patch of root?.patches ?? []) apply(work, patch);
  rename(work, root);
  addMetadata(work);
  for (const [index, patch] of file.patchesJson6902.entries())
    apply(work, placed(file, 'patchesJson6902', index, patch));
  const images = [...file.images, ...file.imageTags, ...(root?.images ?? [])];
  if (images.length > 0) for (const { manifest } of work.drafts) setImages(manifest, images);
}

function rename(work: Work, root?: Overrides): void {
  const namespace = root?.namespace || work.file.namespace;
  const prefix = root?.namePrefix || work.file.namePrefix;
  const suffix = root?.nameSuffix || work.file.nameSuffix;
  if (namespace === '' && prefix === '' && suffix === '') return;
  const seen = new Map<string, Draft>();
  for (const draft of work.drafts) {
    const id = idOf(draft.manifest);
    draft.known.push(id);
    const metadata = metadataOf(draft.manifest);
    if (namespace !== '') {
      if (id.kind === 'Namespace' && id.apiVersion === 'v1') metadata['name'] = namespace;
      else if (!isClusterScoped(id)) metadata['namespace'] = namespace;
    }
    if (!['Namespace', 'CustomResourceDefinition', 'APIService'].includes(id.kind)) {
      metadata['name'] = `${prefix}${id.name}${suffix}`;
    }
    const key = keyOf(idOf(draft.manifest));
    if (seen.has(key))
      refuse(work, draft.place([]), `With its new name or namespace ${named(draft)} is there twice`);
    seen.set(key, draft);
  }
  followNames(work.drafts);
}

function addMetadata({ file, drafts }: Work): void {
  const labels = { ...file.commonLabels, ...Object.assign({}, ...file.labels.map(({ pairs }) => pairs)) };
  for (const [field, values] of [
    ['labels', labels],
    ['annotations', file.commonAnnotations],
  ] as const) {
    if (Object.keys(values).length === 0) continue;
    for (const { manifest } of drafts) {
      const metadata = metadataOf(manifest);
      metadata[field] = { ...(isMap(metadata[field]) ? metadata[field] : {}), ...values };
    }
  }
}

function setImages(value: unknown, images: readonly Image[]): void {
  if (Array.isArray(value)) for (const each of value) setImages(each, images);
  if (!isMap(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    if (/^(?:init|ephemeral)?containers$/i.test(key) && Array.isArray(inner)) {
      for (const container of inner.filter(isMap)) setImage(container, images);
    }
    setImages(inner, images);
  }
}

function setImage(container: Manifest, images: readonly Image[]): void {
  for (const { name, newName, newTag, digest } of images) {
    const { image } = container;
    if (typeof image !== 'string') return;
    const rest = image.startsWith(name) ? image.slice(name.length) : undefined;
    if (rest === undefined || !/^(?:$|[:@])/.test(rest)) continue;
    const version = digest !== '' ? `@${digest}` : newTag !== '' ? `:${newTag}` : rest;
    container['image'] = `${newName || name}${version}`;
  }
}
