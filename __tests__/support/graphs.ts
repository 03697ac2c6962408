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
