import type { Graph } from './graph.ts';

export interface Expected {
  readonly seconds: (id: string) => number;
  /** `history`: from earlier runs. `none`: there are none, and every node counts as one second. */
  readonly source: 'history' | 'none';
  /** Nodes that no earlier run timed, where others were: each counts as the median of those. */
  readonly guessed: readonly string[];
}

/** How long each node of the graph is expected to take, by what earlier runs took. */
export function expectedFrom(graph: Graph, timed: ReadonlyMap<string, number>): Expected {
  const known = graph.order.flatMap((id) => timed.get(id) ?? []);
  if (known.length === 0) return { seconds: () => 1, source: 'none', guessed: [] };
  const middle = median(known);
  return {
    seconds: (id) => timed.get(id) ?? middle,
    source: 'history',
    guessed: graph.order.filter((id) => !timed.has(id)),
  };
}

/** The middle one; of two in the middle, the mean. 0 where there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(half)] ?? 0) + (sorted[Math.ceil(half)] ?? 0)) / 2;
}
