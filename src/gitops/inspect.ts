import { isMap } from './draft.ts';
import { groupOf } from './kinds.ts';
import type { FluxNode, GitopsFinding, Key, Resource, Tree } from './model.ts';

export type Manifest = Readonly<Record<string, unknown>>;

/** The value at `path`; undefined where the way ends before. */
export function valueAt(value: unknown, path: readonly Key[]): unknown {
  let here = value;
  for (const key of path) {
    if (Array.isArray(here)) here = here[Number(key)];
    else if (isMap(here) && Object.hasOwn(here, key)) here = here[key];
    else return undefined;
  }
  return here;
}

export function textAt(value: unknown, path: readonly Key[]): string | undefined {
  const found = valueAt(value, path);
  return typeof found === 'string' ? found : undefined;
}

export function listAt(value: unknown, path: readonly Key[]): readonly unknown[] {
  const found = valueAt(value, path);
  return Array.isArray(found) ? found : [];
}

export function textsAt(value: unknown, path: readonly Key[]): readonly string[] {
  return listAt(value, path).filter((each) => typeof each === 'string');
}

export function mapAt(value: unknown, path: readonly Key[]): Manifest {
  const found = valueAt(value, path);
  return isMap(found) ? found : {};
}

export function is(resource: Resource, group: string, kind: string): boolean {
  return resource.kind === kind && groupOf(resource) === group;
}

/** How a finding names an object: `Deployment tazlab-db/mnemosyne-mcp`. */
export function named({ kind, namespace, name }: Resource): string {
  return namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

/** Every object of the tree once: a base that two Kustomizations apply unchanged is one object. */
export function resourcesOf(tree: Tree): readonly Resource[] {
  return look(tree).map(({ resource }) => resource);
}

interface Seen {
  readonly node: FluxNode;
  readonly resource: Resource;
}

/** Many rules look at all of a tree, and some once more for each of its pods. */
const looked = new WeakMap<Tree, readonly Seen[]>();

function look(tree: Tree): readonly Seen[] {
  const before = looked.get(tree);
  if (before !== undefined) return before;
  const seen = new Map<string, Seen>();
  for (const node of tree.nodes) {
    for (const resource of node.resources) {
      const { apiVersion, kind, namespace, name, at } = resource;
      const key = JSON.stringify([apiVersion, kind, namespace, name, at.file, at.line]);
      if (!seen.has(key)) seen.set(key, { node, resource });
    }
  }
  const all = [...seen.values()];
  looked.set(tree, all);
  return all;
}

/** The findings of a rule that looks at one object after the other. */
export function inspect(
  tree: Tree,
  judge: (resource: Resource, node: FluxNode) => readonly GitopsFinding[],
): readonly GitopsFinding[] {
  return look(tree).flatMap(({ resource, node }) => judge(resource, node));
}

/** Every text below `value`, with the path that leads to it. */
export function* textsBelow(value: unknown, path: readonly Key[] = []): Generator<[readonly Key[], string]> {
  if (typeof value === 'string') yield [path, value];
  else if (Array.isArray(value))
    for (const [index, each] of value.entries()) yield* textsBelow(each, [...path, index]);
  else if (isMap(value))
    for (const [key, each] of Object.entries(value)) yield* textsBelow(each, [...path, key]);
}

/** Every map below `value`, and `value` itself, with its path. */
export function* mapsBelow(value: unknown, path: readonly Key[] = []): Generator<[readonly Key[], Manifest]> {
  if (Array.isArray(value))
    for (const [index, each] of value.entries()) yield* mapsBelow(each, [...path, index]);
  else if (isMap(value)) {
    yield [path, value];
    for (const [key, each] of Object.entries(value)) yield* mapsBelow(each, [...path, key]);
  }
}

const crdsAlone = /(?:^|[/_.-])crds?(?:$|[/_.-])/i;

/**
 * Whether the tree shows all that is applied but CRDs: else what is missing here may come from elsewhere. Where CRDs alone
 * come from their operator's own repository, as their path says, nothing else does.
 */
export function isWhole(tree: Tree): boolean {
  return tree.nodes.every(({ whole, path }) => whole || crdsAlone.test(path));
}
