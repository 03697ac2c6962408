import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildGraph, criticalPath, descendants, findCycle, type GraphNode } from '../../src/plan/graph.ts';
import { ancestors, jobs } from '../support/graphs.ts';

const castle: GraphNode[] = [
  { id: 'storage', dependencies: ['engine'] },
  { id: 'gitops', dependencies: ['engine'] },
  { id: 'networking', dependencies: ['engine'] },
  { id: 'engine', dependencies: ['platform'] },
  { id: 'platform', dependencies: ['secrets'] },
  { id: 'secrets', dependencies: [] },
];

describe('the graph', () => {
  test('is in the order of dependencies', () => {
    expect(buildGraph(castle).order).toEqual([
      'secrets',
      'platform',
      'engine',
      'storage',
      'gitops',
      'networking',
    ]);
  });

  test('has every node after all that it depends on, and every edge both ways', () => {
    fc.assert(
      fc.property(jobs(), (nodes) => {
        const graph = buildGraph(nodes);
        expect([...graph.order].sort()).toEqual(nodes.map(({ id }) => id).sort());
        for (const { id, dependencies } of nodes) {
          for (const dependency of dependencies) {
            expect(graph.order.indexOf(dependency)).toBeLessThan(graph.order.indexOf(id));
            expect(graph.dependents.get(dependency)).toContain(id);
          }
        }
        const edges = (map: ReadonlyMap<string, readonly string[]>) => [...map.values()].flat().length;
        expect(edges(graph.dependents)).toBe(edges(graph.dependencies));
      }),
    );
  });

  test('counts a dependency that is named twice once', () => {
    const graph = buildGraph([
      { id: 'a', dependencies: [] },
      { id: 'b', dependencies: ['a', 'a'] },
    ]);
    expect(graph.dependencies.get('b')).toEqual(['a']);
    expect(graph.dependents.get('a')).toEqual(['b']);
  });

  test('gives exactly those as descendants whose ancestor a node is', () => {
    fc.assert(
      fc.property(jobs(), fc.nat(), (nodes, pick) => {
        const root = nodes[pick % nodes.length]?.id ?? '';
        const expected = nodes.map(({ id }) => id).filter((id) => ancestors(nodes, id).has(root));
        expect([...descendants(buildGraph(nodes), [root])].sort()).toEqual(expected.sort());
      }),
    );
  });

  test('refuses a dependency that is not there, with the near match', () => {
    const broken = [...castle, { id: 'blog', dependencies: ['gitopps'] }];
    expect(() => buildGraph(broken)).toThrow(
      expect.objectContaining({ code: 'PHX-PLAN-DANGLING', why: expect.stringContaining('`gitops`') }),
    );
  });

  test('refuses a name that stands twice', () => {
    expect(() => buildGraph([...castle, { id: 'engine', dependencies: [] }])).toThrow(
      expect.objectContaining({ code: 'PHX-PLAN-DUPLICATE', what: expect.stringContaining('`engine`') }),
    );
  });
});

describe('a cycle', () => {
  test.each([
    [['a', 'b', 'c'], 'a → b → c → a'],
    [['a'], 'a → a'],
  ])('is printed from its first member back to it: %j', (ids, shown) => {
    const nodes = ids.map((id, index) => ({ id, dependencies: [ids[(index + 1) % ids.length] ?? ''] }));
    expect(() => buildGraph([...nodes, { id: 'z', dependencies: [] }])).toThrow(
      expect.objectContaining({ code: 'PHX-PLAN-CYCLE', what: expect.stringContaining(`: ${shown}.`) }),
    );
  });

  test('is found wherever one is put into a random graph, and what is named is one', () => {
    fc.assert(
      fc.property(jobs(), fc.nat(), fc.nat(), (nodes, first, second) => {
        expect(findCycle(nodes)).toBeUndefined();
        const from = nodes[first % nodes.length]?.id ?? '';
        const to = nodes[second % nodes.length]?.id ?? '';
        const changed = nodes.map(({ id, dependencies }) => ({
          id,
          dependencies: id === from ? [...dependencies, to] : dependencies,
        }));
        const closes = from === to || ancestors(nodes, to).has(from);
        const cycle = findCycle(changed);
        expect(cycle !== undefined).toBe(closes);
        if (cycle === undefined) return;
        expect(new Set(cycle).size).toBe(cycle.length);
        for (const [index, id] of cycle.entries()) {
          const next = cycle[(index + 1) % cycle.length];
          expect(changed.find((node) => node.id === id)?.dependencies).toContain(next);
        }
        expect(() => buildGraph(changed)).toThrow(expect.objectContaining({ code: 'PHX-PLAN-CYCLE' }));
      }),
    );
  });

  test('at the end of a chain of ten thousand does not overflow the stack', () => {
    const chain = Array.from({ length: 10_000 }, (_, i) => ({
      id: `n${i}`,
      dependencies: i ? [`n${i - 1}`] : [],
    }));
    expect(findCycle(chain.toReversed())).toBeUndefined();
    expect(findCycle([...chain.slice(1), { id: 'n0', dependencies: ['n9999'] }])).toHaveLength(10_000);
  });
});

describe('the critical path', () => {
  test('of the document’s castle runs over its slowest branch', () => {
    const seconds: Record<string, number> = {
      secrets: 10,
      platform: 113,
      engine: 75,
      networking: 41,
      gitops: 91,
      storage: 20,
    };
    expect(criticalPath(buildGraph(castle), (id) => seconds[id] ?? 0)).toEqual({
      path: ['secrets', 'platform', 'engine', 'gitops'],
      length: 289,
    });
  });

  test('is a chain of the graph, sums to its length, and no chain is longer', () => {
    fc.assert(
      fc.property(jobs(10), (nodes) => {
        const own = (id: string) => nodes.find((node) => node.id === id)?.duration ?? 0;
        const { path, length } = criticalPath(buildGraph(nodes), own);
        expect(path.reduce((sum, id) => sum + own(id), 0)).toBe(length);
        for (const [index, id] of path.slice(1).entries()) {
          expect(nodes.find((node) => node.id === id)?.dependencies).toContain(path[index]);
        }
        const longest = (id: string): number =>
          own(id) + Math.max(0, ...(nodes.find((node) => node.id === id)?.dependencies ?? []).map(longest));
        expect(length).toBe(Math.max(...nodes.map(({ id }) => longest(id))));
      }),
    );
  });

  test('of nothing is nothing', () => {
    expect(criticalPath(buildGraph([]), () => 1)).toEqual({ path: [], length: 0 });
  });
});
