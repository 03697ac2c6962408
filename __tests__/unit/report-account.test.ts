import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { account, criticalPath, type PathNode, unionSeconds } from '../../src/report/account.ts';
import type { Span, SpanKind } from '../../src/report/ledger.ts';
import { holds } from '../support/property.ts';

function span(
  id: number,
  name: string,
  from: number,
  to: number,
  parent: number | null = null,
  kind: SpanKind = 'step',
): Span {
  return { id, parent, name, kind, from, to, verdict: 'ok' };
}

const spans = fc
  .array(
    fc.record({
      from: fc.double({ min: -5, max: 120, noNaN: true }),
      length: fc.double({ min: 0, max: 60, noNaN: true }),
      parent: fc.nat(),
      root: fc.boolean(),
    }),
    { maxLength: 25 },
  )
  .map((drawn) =>
    drawn.map(({ from, length, parent, root }, index) =>
      span(index, `s${index}`, from, from + length, root || index === 0 ? null : parent % index),
    ),
  );
const wall = fc.double({ min: 0, max: 100, noNaN: true });

describe('attribution', () => {
  it('always closes: attributed and unattributed seconds sum to the wall clock', () => {
    holds(
      fc.property(spans, wall, (drawn, wallSeconds) => {
        const books = account(drawn, wallSeconds);
        expect(books.attributedSeconds + books.unattributedSeconds).toBeCloseTo(wallSeconds, 9);
        expect(books.attributedSeconds).toBeGreaterThanOrEqual(-1e-9);
      }),
    );
  });

  it('lists gaps that are positive, in order, apart from each other and from every leaf, and sum to the rest', () => {
    holds(
      fc.property(spans, wall, (drawn, wallSeconds) => {
        const { gaps, unattributedSeconds } = account(drawn, wallSeconds);
        const parents = new Set(drawn.map(({ parent }) => parent));
        const leaves = drawn.filter(({ id }) => !parents.has(id));
        for (const [index, gap] of gaps.entries()) {
          expect(gap.to).toBeGreaterThan(gap.from);
          expect(gap.from).toBeGreaterThanOrEqual(gaps[index - 1]?.to ?? 0);
          expect(gap.to).toBeLessThanOrEqual(wallSeconds);
          for (const leaf of leaves) {
            expect(Math.min(leaf.to, gap.to) - Math.max(leaf.from, gap.from)).toBeLessThanOrEqual(0);
          }
        }
        expect(unionSeconds(gaps)).toBeCloseTo(unattributedSeconds, 9);
      }),
    );
  });

  it('counts seconds that several layers share once', () => {
    const books = account([span(1, 'a', 0, 6), span(2, 'b', 4, 10)], 10);
    expect(books).toMatchObject({ attributedSeconds: 10, unattributedSeconds: 0, gaps: [] });
  });

  it('does not let a parent cover the time between its parts, and names the parent and its neighbours', () => {
    const books = account(
      [span(1, 'engine', 0, 10), span(2, 'init', 0, 3, 1), span(3, 'apply', 7, 10, 1)],
      12,
    );
    expect(books.unattributedSeconds).toBe(6);
    expect(books.gaps).toEqual([
      { from: 3, to: 7, inside: 'engine', after: 'engine/init', before: 'engine/apply' },
      { from: 10, to: 12, inside: 'the run', after: 'engine/apply', before: null },
    ]);
  });

  it('cuts a gap where one parent ends, so that each piece names the right one', () => {
    const books = account(
      [span(1, 'a', 0, 4), span(2, 'x', 0, 1, 1), span(3, 'b', 4, 8), span(4, 'y', 7, 8, 3)],
      8,
    );
    expect(books.gaps.map(({ from, to, inside }) => [from, to, inside])).toEqual([
      [1, 4, 'a'],
      [4, 7, 'b'],
    ]);
  });

  it('takes a milestone as a moment: one timed from the start of the run explains nothing', () => {
    const verify = span(1, 'verify', 5, 10);
    const books = account([verify, span(2, 'blog', 0, 10, 1, 'milestone')], 10);
    expect(books.gaps).toMatchObject([{ from: 0, to: 5, inside: 'the run' }]);
  });

  it('says that a run without spans is one gap', () => {
    expect(account([], 3).gaps).toEqual([{ from: 0, to: 3, inside: 'the run', after: null, before: null }]);
  });
});

const nodes = fc
  .array(
    fc.record({
      dependencies: fc.array(fc.nat(), { maxLength: 3 }),
      delay: fc.double({ min: 0, max: 3, noNaN: true }),
      length: fc.double({ min: 0, max: 20, noNaN: true }),
    }),
    { maxLength: 25 },
  )
  .map((drawn) => {
    const built: PathNode[] = [];
    for (const { dependencies, delay, length } of drawn) {
      const on =
        built.length === 0 ? [] : dependencies.map((at) => built[at % built.length]).filter((each) => !!each);
      const started = Math.max(0, ...on.map(({ ended }) => ended)) + delay;
      const names = on.map(({ name }) => name);
      built.push({ name: `n${built.length}`, dependencies: names, started, ended: started + length });
    }
    return built;
  });

describe('the critical path', () => {
  it('is never longer than the wall clock, nor shorter than the longest layer of the path', () => {
    holds(
      fc.property(nodes, (drawn) => {
        const path = criticalPath(drawn);
        const end = Math.max(0, ...drawn.map(({ ended }) => ended));
        expect(path.seconds).toBeLessThanOrEqual(end + 1e-9);
        for (const { name, started, ended } of drawn) {
          if (path.names.includes(name)) expect(path.seconds).toBeGreaterThanOrEqual(ended - started - 1e-9);
        }
      }),
    );
  });

  it('ends with what finished last, begins with what waited for nothing, and follows dependencies between', () => {
    holds(
      fc.property(nodes, (drawn) => {
        const path = criticalPath(drawn).names.map((name) => drawn.find((node) => node.name === name));
        expect(path.length === 0).toBe(drawn.length === 0);
        if (drawn.length === 0) return;
        expect(path.at(-1)?.ended).toBe(Math.max(...drawn.map(({ ended }) => ended)));
        expect(path[0]?.dependencies).toEqual([]);
        for (const [index, node] of path.entries()) {
          const next = path[index + 1];
          if (next !== undefined) expect(next.dependencies).toContain(node?.name);
        }
      }),
    );
  });

  it('walks back through the dependency that finished last', () => {
    const path = criticalPath([
      { name: 'secrets', dependencies: [], started: 0, ended: 10 },
      { name: 'network', dependencies: [], started: 0, ended: 30 },
      { name: 'engine', dependencies: ['secrets', 'network'], started: 31, ended: 40 },
    ]);
    expect(path).toEqual({ names: ['network', 'engine'], seconds: 39 });
  });

  it('passes over dependencies that never ran, and ends on a cycle instead of turning in it', () => {
    const path = criticalPath([
      { name: 'a', dependencies: ['b', 'gone'], started: 0, ended: 2 },
      { name: 'b', dependencies: ['a'], started: 2, ended: 4 },
    ]);
    expect(path.names).toEqual(['a', 'b']);
  });
});
