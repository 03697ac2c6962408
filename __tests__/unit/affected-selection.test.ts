import { describe, expect, test } from 'vitest';
import type { Affected } from '../../src/affected/affected.ts';
import { buildGraph, type GraphNode } from '../../src/plan/graph.ts';
import { select } from '../../src/plan/select.ts';
import { claimGate } from '../../src/rebirth/graph.ts';
import { narrowed } from '../../src/rebirth/plan.ts';

const layers: readonly GraphNode[] = [
  { id: 'platform', dependencies: [] },
  { id: 'engine', dependencies: ['platform'] },
  { id: 'storage', dependencies: ['engine'] },
];
const claimed = [
  ...layers,
  { id: claimGate, dependencies: ['engine'] },
  { id: 'gitops', dependencies: ['engine', claimGate] },
];

function chosen(nodes: readonly GraphNode[], names: readonly string[], gitops: boolean, only: string[] = []) {
  const graph = buildGraph(nodes);
  const affected: Affected = {
    ...{ range: 'a..b', reason: '', removed: [], gitops },
    layers: names.map((name) => ({ name, because: [] })),
  };
  return narrowed(graph, select(graph, { only }), affected);
}

describe('the part of a plan that commits touch', () => {
  test('is the layers, in their order, and the claim that proves them', () => {
    expect(chosen(claimed, ['gitops', 'storage'], false)).toEqual([
      { id: 'storage', dependencies: [] },
      { id: claimGate, dependencies: [] },
      { id: 'gitops', dependencies: [claimGate] },
    ]);
  });

  test('is the claim alone where only the GitOps tree is touched, and no layer without a claim', () => {
    expect(chosen(claimed, [], true).map(({ id }) => id)).toEqual([claimGate]);
    expect(chosen(layers, [], true)).toEqual([]);
  });

  test('is nothing where nothing is touched, and not, as without a selection, everything', () => {
    expect(chosen(claimed, [], false)).toEqual([]);
  });

  test('stays within what else is asked for', () => {
    expect(chosen(layers, ['engine', 'storage'], false, ['platform', 'storage']).map(({ id }) => id)).toEqual(
      ['storage'],
    );
    expect(chosen(layers, ['engine'], false, ['platform'])).toEqual([]);
  });
});
