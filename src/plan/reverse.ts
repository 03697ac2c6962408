import type { GraphNode } from './graph.ts';

/** The same nodes the other way round: each waits for all that depended on it. In the order of the new dependencies. */
export function reverse(nodes: readonly GraphNode[]): GraphNode[] {
  const dependents = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  for (const { id, dependencies } of nodes) {
    for (const dependency of dependencies) dependents.get(dependency)?.push(id);
  }
  return nodes.map(({ id }) => ({ id, dependencies: dependents.get(id) ?? [] })).toReversed();
}
