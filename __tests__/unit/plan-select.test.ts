import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildGraph } from '../../src/plan/graph.ts';
import { select } from '../../src/plan/select.ts';
import { ancestors, jobs } from '../support/graphs.ts';

const chain = buildGraph([
  { id: 'a', dependencies: [] },
  { id: 'b', dependencies: ['a'] },
  { id: 'c', dependencies: ['b'] },
  { id: 'd', dependencies: ['a'] },
]);

describe('the selection of layers', () => {
  test('is everything where nothing is asked for', () => {
    expect(select(chain, {}).map(({ id }) => id)).toEqual(['a', 'b', 'd', 'c']);
    expect(select(chain, { only: [], from: [] })).toHaveLength(4);
  });

  test('by --only is just those, and keeps an order that ran through one left out', () => {
    expect(select(chain, { only: ['c', 'a'] })).toEqual([
      { id: 'a', dependencies: [] },
      { id: 'c', dependencies: ['a'] },
    ]);
  });

  test('by --from is the layer and all that depends on it', () => {
    expect(select(chain, { from: ['b'] })).toEqual([
      { id: 'b', dependencies: [] },
      { id: 'c', dependencies: ['b'] },
    ]);
  });

  test('by both adds up', () => {
    expect(select(chain, { only: ['d'], from: ['c'] }).map(({ id }) => id)).toEqual(['d', 'c']);
  });

  test('of a layer that is not there names the near one', () => {
    const plan = buildGraph([{ id: 'platform', dependencies: [] }]);
    expect(() => select(plan, { only: ['platfrom'] })).toThrow(
      expect.objectContaining({ code: 'PHX-PLAN-LAYER-UNKNOWN', why: expect.stringContaining('`platform`') }),
    );
  });

  test('orders two selected layers exactly where the whole plan does', () => {
    const picked = jobs(10).chain((nodes) =>
      fc.tuple(
        fc.constant(nodes),
        fc.subarray(
          nodes.map(({ id }) => id),
          { minLength: 1 },
        ),
      ),
    );
    fc.assert(
      fc.property(picked, ([nodes, only]) => {
        const part = select(buildGraph(nodes), { only });
        expect(part.map(({ id }) => id).sort()).toEqual([...only].sort());
        for (const id of only) {
          const expected = [...ancestors(nodes, id)].filter((ancestor) => only.includes(ancestor));
          expect([...ancestors(part, id)].sort()).toEqual(expected.sort());
        }
      }),
    );
  });
});
