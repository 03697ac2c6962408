import type { Key, Place, Resource } from './model.ts';
import type { YamlDocument } from './yaml.ts';

export type Manifest = Record<string, unknown>;

/** What a resource is told apart by; `namespace` as written, '' where it is not. */
export interface Id {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** A resource on its way through the kustomizations. */
export interface Draft {
  manifest: Manifest;
  /** All that it has been called: patches may go by any of them. The first is how it was read. */
  readonly known: Id[];
  place: Resource['place'];
}

export const isMap = (value: unknown): value is Manifest =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export function idOf(manifest: Readonly<Manifest>): Id {
  const metadata = isMap(manifest['metadata']) ? manifest['metadata'] : {};
  return {
    apiVersion: text(manifest['apiVersion']),
    kind: text(manifest['kind']),
    namespace: text(metadata['namespace']),
    name: text(metadata['name']),
  };
}

/** Two resources of one key are one object to Kustomize: no namespace and `default` are the same. */
export function keyOf({ apiVersion, kind, namespace, name }: Id): string {
  return [apiVersion, kind, namespace || 'default', name].join(' ');
}

export function draftOf(manifest: Manifest, place: Resource['place']): Draft {
  return { manifest, known: [idOf(manifest)], place };
}

export function metadataOf(manifest: Manifest): Manifest {
  if (!isMap(manifest['metadata'])) manifest['metadata'] = {};
  return manifest['metadata'] as Manifest;
}

export function resourceOf({ manifest, place }: Draft): Resource {
  const { apiVersion, kind, namespace, name } = idOf(manifest);
  return { apiVersion, kind, namespace, name, manifest, at: place([]), place };
}

/** Places of a draft once a patch has been merged into it: what the patch writes stands in the patch. */
export function patchedPlace(draft: Draft, patch: YamlDocument): Draft['place'] {
  const before = draft.place;
  return (path) => {
    const there = inSource(path, draft.manifest, patch.value);
    return path.length > 0 && there !== undefined && patch.has(there) ? patch.place(there) : before(path);
  };
}

/** Places in `document`, below `prefix`; a list's items are found by their name, where they have one. */
export function sourcePlace(
  document: YamlDocument,
  prefix: readonly Key[],
  manifest: () => Manifest,
): Draft['place'] {
  const source = prefix.reduce<unknown>((value, key) => below(value, key), document.value);
  return (path): Place => document.place([...prefix, ...(inSource(path, manifest(), source) ?? path)]);
}

/** The path in `source` that what stands at `path` in `manifest` came from: merged lists change the order of items. */
function inSource(path: readonly Key[], manifest: unknown, source: unknown): Key[] | undefined {
  const there: Key[] = [];
  let [mine, its] = [manifest, source];
  for (const key of path) {
    let next = key;
    if (typeof key === 'number' && Array.isArray(its)) {
      const item = below(mine, key);
      const name = isMap(item) ? item['name'] : undefined;
      const found =
        typeof name === 'string' ? its.findIndex((each) => isMap(each) && each['name'] === name) : key;
      if (found === -1) return undefined;
      next = found;
    }
    there.push(next);
    mine = below(mine, key);
    its = below(its, next);
  }
  return there;
}

function below(value: unknown, key: Key): unknown {
  if (Array.isArray(value)) return value[Number(key)];
  return isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
