import { buildGraph, type Graph } from './graph.ts';
import { reduce } from './reduce.ts';

/** Nodes that one job runs, as ids. */
export type Members = readonly string[];

/**
 * The nodes in as few legs as can be without making any node wait for one that it does not depend on: each linear chain
 * is one leg. A node joins the one before it where that is all it waits for, and nothing else waits for that one.
 */
export function chainsOf(graph: Graph): Members[] {
  const reduced = reduce(graph);
  const legOf = new Map<string, string[]>();
  const legs: string[][] = [];
  for (const id of reduced.order) {
    const [before, ...others] = reduced.dependencies.get(id) ?? [];
    const alone = before !== undefined && others.length === 0 && reduced.dependents.get(before)?.length === 1;
    const chain = alone ? legOf.get(before) : undefined;
    const leg = chain ?? [];
    if (chain === undefined) legs.push(leg);
    leg.push(id);
    legOf.set(id, leg);
  }
  return legs;
}

/** The legs as a graph of their own; its ids are their numbers. */
export function legGraph(graph: Graph, legs: readonly Members[]): Graph {
  const legOf = new Map<string, string>();
  for (const [index, leg] of legs.entries()) for (const id of leg) legOf.set(id, String(index));
  return buildGraph(
    legs.map((leg, index) => {
      const id = String(index);
      const waits = leg.flatMap((node) => graph.dependencies.get(node) ?? []);
      const others = waits.map((node) => legOf.get(node) ?? '').filter((other) => other !== id);
      return { id, dependencies: [...new Set(others)] };
    }),
  );
}

/** For each id the number of the earliest stage that it may be in, from 0. */
export function depthsOf(graph: Graph): Map<string, number> {
  const depths = new Map<string, number>();
  for (const id of graph.order) {
    let depth = 0;
    for (const other of graph.dependencies.get(id) ?? [])
      depth = Math.max(depth, (depths.get(other) ?? 0) + 1);
    depths.set(id, depth);
  }
  return depths;
}

/**
 * Legs that need no more than `maxStages`: what would come later is put together, each part that hangs together as one
 * leg, which then runs a graph of its own. Legs that this made neighbours in a chain become one.
 */
export function foldDeep(graph: Graph, legs: readonly Members[], maxStages: number): readonly Members[] {
  const outer = legGraph(graph, legs);
  const depths = depthsOf(outer);
  const isDeep = (id: string) => (depths.get(id) ?? 0) >= maxStages - 1;
  if (![...depths.values()].some((depth) => depth >= maxStages)) return legs;
  const nodesOf = (ids: readonly string[]) => ids.flatMap((id) => legs[Number(id)] ?? []);
  const shallow = outer.order.filter((id) => !isDeep(id)).map((id) => nodesOf([id]));
  const folded = [...shallow, ...partsOf(outer, isDeep).map(nodesOf)];
  return chainsOf(legGraph(graph, folded)).map((chain) => chain.flatMap((id) => folded[Number(id)] ?? []));
}

/** The chosen nodes, those that hang together by dependencies among them in one list. */
function partsOf({ order, dependencies, dependents }: Graph, chosen: (id: string) => boolean): string[][] {
  const parts: string[][] = [];
  const seen = new Set<string>();
  for (const start of order) {
    if (!chosen(start) || seen.has(start)) continue;
    const part = [start];
    seen.add(start);
    // The list grows while it is walked.
    for (const id of part) {
      for (const next of [...(dependencies.get(id) ?? []), ...(dependents.get(id) ?? [])]) {
        if (!chosen(next) || seen.has(next)) continue;
        seen.add(next);
        part.push(next);
      }
    }
    parts.push(part);
  }
  return parts;
}
