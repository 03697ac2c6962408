import { idOf } from './draft.ts';
import { listAt, textAt } from './inspect.ts';
import { isFluxKustomization } from './kinds.ts';
import type { FluxNode, Resource, Tree } from './model.ts';

export const keyOfNode = ({ namespace, name }: Pick<FluxNode, 'namespace' | 'name'>): string =>
  `${namespace}/${name}`;

/** How the nodes of a tree hang together. */
export interface Graph {
  get(key: string): FluxNode | undefined;
  /** The node that applies the Kustomization `key`. */
  parent(key: string): FluxNode | undefined;
  /**
   * The nodes that are Ready before `key` is applied, each with the way that leads there: `key` first, then what waits for
   * what. A cycle is walked once.
   */
  waitedFor(key: string): ReadonlyMap<string, readonly string[]>;
  /** The nodes whose namespaces and CRDs are there before `key` is applied: those it waits for, and those that apply it. */
  before(key: string): ReadonlySet<string>;
}

const graphs = new WeakMap<Tree, Graph>();

export function graphOf(tree: Tree): Graph {
  const known = graphs.get(tree);
  if (known !== undefined) return known;
  const byKey = new Map(tree.nodes.map((node) => [keyOfNode(node), node]));
  const parents = new Map<string, FluxNode>();
  for (const node of tree.nodes) {
    for (const { manifest } of node.resources.filter(isFluxKustomization)) {
      const key = keyOfNode(idOf({ ...manifest }));
      if (key !== keyOfNode(node) && !parents.has(key)) parents.set(key, node);
    }
  }
  const ways = new Map<string, ReadonlyMap<string, readonly string[]>>();
  const graph: Graph = {
    get: (key) => byKey.get(key),
    parent: (key) => parents.get(key),
    waitedFor(key) {
      const found = ways.get(key) ?? waysFrom(key, byKey);
      ways.set(key, found);
      return found;
    },
    before(key) {
      const before = new Set<string>();
      const open = [key];
      for (let at = open.pop(); at !== undefined; at = open.pop()) {
        const parent = parents.get(at);
        const next = [
          ...(byKey.get(at)?.dependsOn ?? []),
          ...(parent === undefined ? [] : [keyOfNode(parent)]),
        ];
        for (const each of next.filter((name) => byKey.has(name) && !before.has(name))) {
          before.add(each);
          open.push(each);
        }
      }
      before.delete(key);
      return before;
    },
  };
  graphs.set(tree, graph);
  return graph;
}

function waysFrom(
  start: string,
  byKey: ReadonlyMap<string, FluxNode>,
): ReadonlyMap<string, readonly string[]> {
  const ways = new Map<string, readonly string[]>([[start, [start]]]);
  // Breadth first: the shortest way is the one to show.
  const open = [start];
  for (const key of open) {
    for (const next of byKey.get(key)?.dependsOn ?? []) {
      if (ways.has(next) || !byKey.has(next)) continue;
      ways.set(next, [...(ways.get(key) ?? []), next]);
      open.push(next);
    }
  }
  ways.delete(start);
  return ways;
}

/** Whether the node is Ready only once the release is. */
export function checksHealthOf({ resource }: FluxNode, release: Resource): boolean {
  return listAt(resource.manifest, ['spec', 'healthChecks']).some(
    (check) => textAt(check, ['kind']) === release.kind && textAt(check, ['name']) === release.name,
  );
}

/** `flux-system/apps` → `apps`: nearly all of them stand in one namespace. */
export function shownNode(key: string): string {
  return key.replace(/^flux-system\//, '');
}
