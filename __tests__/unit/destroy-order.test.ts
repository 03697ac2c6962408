import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { orderDestroy } from '../../src/destroy/order.ts';
import { buildGraph, type GraphNode } from '../../src/plan/graph.ts';
import { reverse } from '../../src/plan/reverse.ts';
import { createSchedule } from '../../src/plan/schedule.ts';
import { ancestors, jobs } from '../support/graphs.ts';

const layersOf = (nodes: readonly GraphNode[]) =>
  buildGraph(nodes).order.map((name) => ({
    name,
    dir: `/live/${name}`,
    dependencies: nodes.find(({ id }) => id === name)?.dependencies ?? [],
  }));

const orderOf = (
  nodes: readonly GraphNode[],
  {
    only = [],
    from = '',
    protect = [],
  }: { only?: readonly string[]; from?: string; protect?: readonly string[] } = {},
) => orderDestroy(layersOf(nodes), { only: [...only], from, protect: [...protect] });

const castle: GraphNode[] = [
  { id: 'secrets', dependencies: [] },
  { id: 'platform', dependencies: ['secrets'] },
  { id: 'engine', dependencies: ['platform'] },
  { id: 'gitops', dependencies: ['engine'] },
  { id: 'storage', dependencies: ['engine'] },
  { id: 'dns', dependencies: [] },
];

describe('a graph the other way round', () => {
  test('is itself again when it is turned twice', () => {
    fc.assert(
      fc.property(jobs(), (nodes) => {
        const order = buildGraph(nodes).order.map((id) => ({
          id,
          dependencies: nodes.find((node) => node.id === id)?.dependencies ?? [],
        }));
        const twice = new Map(
          reverse(reverse(order)).map(({ id, dependencies }) => [id, new Set(dependencies)]),
        );
        for (const { id, dependencies } of nodes) expect(twice.get(id)).toEqual(new Set(dependencies));
        expect(twice.size).toBe(nodes.length);
      }),
    );
  });
});

describe('the order of a destroy', () => {
  test('begins no layer before all that stands on it is gone, whatever fails', () => {
    fc.assert(
      fc.property(jobs(14, ['failed', 'cancelled']), fc.infiniteStream(fc.nat()), (nodes, choices) => {
        const schedule = createSchedule(buildGraph(orderOf(nodes).nodes));
        const gone = new Set<string>();
        const running: string[] = [];
        for (;;) {
          for (const id of schedule.take()) {
            const above = nodes.filter((other) => ancestors(nodes, other.id).has(id));
            expect(above.filter((other) => !gone.has(other.id))).toEqual([]);
            running.push(id);
          }
          const next = running.splice((choices.next().value ?? 0) % Math.max(1, running.length), 1)[0];
          if (next === undefined) break;
          const outcome = nodes.find(({ id }) => id === next)?.outcome ?? 'done';
          if (outcome === 'done') gone.add(next);
          schedule.settle(next, outcome);
        }
        // Every layer that has nothing standing on it which failed is gone, or failed itself.
        for (const { id, outcome } of nodes) {
          const above = nodes.filter((other) => ancestors(nodes, other.id).has(id));
          if (outcome === 'done' && above.every((other) => other.outcome === 'done'))
            expect(gone.has(id)).toBe(true);
        }
      }),
    );
  });

  test('takes the outermost first, and what does not hang together side by side', () => {
    const { nodes, kept, leftOut } = orderOf(castle);
    const waits = Object.fromEntries(nodes.map(({ id, dependencies }) => [id, [...dependencies].sort()]));
    expect(waits).toEqual({
      secrets: ['platform'],
      platform: ['engine'],
      engine: ['gitops', 'storage'],
      gitops: [],
      storage: [],
      dns: [],
    });
    expect(kept.size + leftOut.size).toBe(0);
  });

  test('keeps what is protected and all that it stands on, and nothing else', () => {
    fc.assert(
      fc.property(
        jobs().chain((nodes) => fc.tuple(fc.constant(nodes), fc.subarray(nodes.map(({ id }) => id)))),
        ([nodes, protect]) => {
          const { nodes: going, kept } = orderOf(nodes, { protect });
          const below = new Set(protect.flatMap((id) => [id, ...ancestors(nodes, id)]));
          expect(new Set(kept.keys())).toEqual(below);
          expect(new Set(going.map(({ id }) => id))).toEqual(
            new Set(nodes.map(({ id }) => id).filter((id) => !below.has(id))),
          );
        },
      ),
    );
    expect(orderOf(castle, { protect: ['engine'] }).kept.get('secrets')).toEqual(['engine']);
  });

  test('of a part names what is left out and stands on it', () => {
    const { nodes, leftOut } = orderOf(castle, { only: ['platform', 'gitops'] });
    expect(nodes).toEqual([
      { id: 'gitops', dependencies: [] },
      { id: 'platform', dependencies: ['gitops'] },
    ]);
    expect([...leftOut]).toEqual([['platform', ['engine', 'storage']]]);
  });

  test('from a layer is that layer and all that stands on it', () => {
    const { nodes, leftOut } = orderOf(castle, { from: 'engine' });
    expect(nodes.map(({ id }) => id).sort()).toEqual(['engine', 'gitops', 'storage']);
    expect(leftOut.size).toBe(0);
  });

  test('refuses a layer that there is not, and the gate that is none', () => {
    for (const name of ['engin', 'claim'])
      expect(() => orderOf(castle, { only: [name] })).toThrow(
        expect.objectContaining({ code: 'PHX-PLAN-LAYER-UNKNOWN' }),
      );
  });
});
