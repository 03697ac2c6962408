import fc from 'fast-check';
import type { GraphNode } from '../../src/plan/graph.ts';

/** A node with the time that it takes and the way it ends, for simulated runs. */
export interface Job extends GraphNode {
  readonly duration: number;
  readonly outcome: 'done' | 'failed' | 'cancelled';
}

/**
 * Graphs without a cycle, of up to `maxNodes` nodes in shuffled order: node i may depend on those before it. Most nodes
 * do well; durations may be zero and may be equal, for ties are where schedulers go wrong.
 */
export function jobs(maxNodes = 14, outcomes: readonly Job['outcome'][] = ['done']): fc.Arbitrary<Job[]> {
  return fc
    .integer({ min: 1, max: maxNodes })
    .chain((count) =>
      fc.tuple(
        ...Array.from({ length: count }, (_, index) =>
          fc.record({
            dependencies: fc.subarray(Array.from({ length: index }, (_, before) => `n${before}`)),
            duration: fc.nat(9),
            outcome: fc.oneof(
              { weight: 5, arbitrary: fc.constant('done' as const) },
              fc.constantFrom(...outcomes),
            ),
          }),
        ),
      ),
    )
    .map((list) => list.map((job, index) => ({ id: `n${index}`, ...job })))
    .chain((list) => fc.shuffledSubarray(list, { minLength: list.length }));
}

/** All that `id` depends on, directly or not: worked out anew, so that tests do not lean on the code under test. */
export function ancestors(nodes: readonly GraphNode[], id: string): Set<string> {
  const found = new Set<string>();
  const visit = (name: string) => {
    for (const dependency of nodes.find((node) => node.id === name)?.dependencies ?? []) {
      if (found.has(dependency)) continue;
      found.add(dependency);
      visit(dependency);
    }
  };
  visit(id);
  return found;
}

/** A series-parallel graph with the least number of linear chains that it falls into, counted as it was put together. */
export interface SeriesParallel {
  readonly nodes: readonly Job[];
  readonly chains: number;
}

interface Piece {
  readonly edges: readonly (readonly [string, string])[];
  readonly ids: readonly string[];
  readonly sources: readonly string[];
  readonly sinks: readonly string[];
  readonly chains: number;
}

type Recipe = 'one' | { readonly how: 'series' | 'parallel'; readonly parts: readonly Recipe[] };

/** Parts in series, where each waits for all of the one before, and side by side, to any depth. */
export function seriesParallel(): fc.Arbitrary<SeriesParallel> {
  const { recipe } = fc.letrec<{ recipe: Recipe }>((tie) => ({
    recipe: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { weight: 2, arbitrary: fc.constant('one' as const) },
      {
        weight: 3,
        arbitrary: fc.record({
          how: fc.constantFrom('series' as const, 'parallel' as const),
          parts: fc.array(tie('recipe'), { minLength: 1, maxLength: 4 }),
        }),
      },
    ),
  }));
  return fc.tuple(recipe, fc.array(fc.nat(9), { minLength: 1, maxLength: 12 })).map(([made, durations]) => {
    let count = 0;
    const { edges, ids, chains } = pieceOf(made, () => `n${count++}`);
    const nodes = ids.map((id, index) => ({
      id,
      dependencies: edges.filter(([, to]) => to === id).map(([from]) => from),
      duration: durations[index % durations.length] ?? 0,
      outcome: 'done' as const,
    }));
    return { nodes, chains };
  });
}

function pieceOf(recipe: Recipe, fresh: () => string): Piece {
  if (recipe === 'one') {
    const id = fresh();
    return { edges: [], ids: [id], sources: [id], sinks: [id], chains: 1 };
  }
  const join = recipe.how === 'series' ? inSeries : sideBySide;
  return recipe.parts.map((part) => pieceOf(part, fresh)).reduce(join);
}

/** Where one end meets one beginning, the two are one chain. */
function inSeries(a: Piece, b: Piece): Piece {
  const between = a.sinks.flatMap((from) => b.sources.map((to) => [from, to] as const));
  return {
    edges: [...a.edges, ...b.edges, ...between],
    ids: [...a.ids, ...b.ids],
    sources: a.sources,
    sinks: b.sinks,
    chains: a.chains + b.chains - (between.length === 1 ? 1 : 0),
  };
}

function sideBySide(a: Piece, b: Piece): Piece {
  return {
    edges: [...a.edges, ...b.edges],
    ids: [...a.ids, ...b.ids],
    sources: [...a.sources, ...b.sources],
    sinks: [...a.sinks, ...b.sinks],
    chains: a.chains + b.chains,
  };
}
