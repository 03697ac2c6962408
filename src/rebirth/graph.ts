import type { Castle } from '../castle/load.ts';
import type { Layer } from '../plan/discover.ts';
import type { Graph, GraphNode } from '../plan/graph.ts';

/** The gate's place among the layers; no layer can have this name, since a unit's path holds no colon. */
export const claimGate = 'gate:claim';

/**
 * The layers with the claim between them as a gate of its own: it waits for `claim.after`, and the layers of
 * `claim.before` (by default all that depend on `after`) wait for it. So what needs no token does not wait for one.
 */
export function nodesOf(layers: readonly Layer[], claim: Castle['claim']): GraphNode[] {
  if (claim === undefined || !layers.some(({ name }) => name === claim.after)) {
    return layers.map(({ name, dependencies }) => ({ id: name, dependencies }));
  }
  const waits = ({ name, dependencies }: Layer) =>
    claim.before === undefined ? dependencies.includes(claim.after) : claim.before.includes(name);
  return [
    ...layers.map((layer) => ({
      id: layer.name,
      dependencies: waits(layer) ? [...layer.dependencies, claimGate] : layer.dependencies,
    })),
    { id: claimGate, dependencies: [claim.after] },
  ];
}

/** The layers in the order of a rebirth: those that the claim stands before wait for the layer that it stands behind. */
export function behindClaim(layers: readonly Layer[], claim: Castle['claim']): Layer[] {
  if (claim === undefined) return [...layers];
  return layers.map((layer) =>
    claim.before?.includes(layer.name) && !layer.dependencies.includes(claim.after)
      ? { ...layer, dependencies: [...layer.dependencies, claim.after] }
      : layer,
  );
}

/** The node that reports call `name`: a layer, or else the gate of that name. */
export function nodeId(name: string, graph: Graph): string {
  return graph.dependencies.has(name) || !graph.dependencies.has(`gate:${name}`) ? name : `gate:${name}`;
}

/** A node's name as reports have it. */
export function shownName(id: string): string {
  return id.replace(/^gate:/, '');
}
