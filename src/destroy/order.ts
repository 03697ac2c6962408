import type { Layer } from '../plan/discover.ts';
import { buildGraph, descendants, type GraphNode } from '../plan/graph.ts';
import { reverse } from '../plan/reverse.ts';
import { select } from '../plan/select.ts';
import type { Request } from '../request.ts';

/** What is asked for: these layers (`only`), one and all that stands on it (`from`), or everything. */
export type Part = Pick<Request, 'only' | 'from'>;

export interface DestroyOrder {
  /** What is destroyed: each node waits for all that stands on it. */
  readonly nodes: readonly GraphNode[];
  /** By layer that is kept, the protected layers that it is kept for: itself, or those that stand on it. */
  readonly kept: ReadonlyMap<string, readonly string[]>;
  /** By layer that is destroyed: what stands on it and is left out of this run, so must be gone already. */
  readonly leftOut: ReadonlyMap<string, readonly string[]>;
}

/**
 * What is destroyed and when: the castle's graph the other way round. A protected layer is kept, and with it all that it
 * stands on. Of what a part leaves out nothing may still stand on it. Throws PHX-PLAN-LAYER-UNKNOWN.
 */
export function orderDestroy(
  layers: readonly Layer[],
  { only, from, protect }: Part & { readonly protect: readonly string[] },
): DestroyOrder {
  const graph = buildGraph(layers.map(({ name, dependencies }) => ({ id: name, dependencies })));
  const selected = select(graph, { only, from: from === '' ? [] : [from] });
  const kept = new Map<string, readonly string[]>();
  for (const { id } of selected) {
    const above = descendants(graph, [id]);
    const reasons = protect.filter((name) => name === id || above.has(name));
    if (reasons.length > 0) kept.set(id, reasons);
  }
  // What is kept has only kept layers below it, so no order runs through it.
  const going = selected.filter(({ id }) => !kept.has(id));
  const wanted = new Set(going.map(({ id }) => id));
  const nodes = reverse(
    going.map(({ id, dependencies }) => ({
      id,
      dependencies: dependencies.filter((each) => wanted.has(each)),
    })),
  );
  const leftOut = going.map(({ id }): [string, string[]] => [
    id,
    [...descendants(graph, [id])].filter((name) => !wanted.has(name)),
  ]);
  return { nodes, kept, leftOut: new Map(leftOut.filter(([, names]) => names.length > 0)) };
}

/** The layers whose objects live in the cluster that `layer` makes, as far as the graph tells. */
export function standingOn(layers: readonly Layer[], layer: string): ReadonlySet<string> {
  const graph = buildGraph(layers.map(({ name, dependencies }) => ({ id: name, dependencies })));
  return descendants(graph, [layer]);
}
