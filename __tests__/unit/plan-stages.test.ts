import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { forecastOf } from '../../src/plan/forecast.ts';
import { buildGraph, criticalPath, type GraphNode } from '../../src/plan/graph.ts';
import { chainsOf } from '../../src/plan/legs.ts';
import { reduce } from '../../src/plan/reduce.ts';
import { type Stage, type StageOptions, stagesOf } from '../../src/plan/stages.ts';
import { ancestors, type Job, jobs, seriesParallel } from '../support/graphs.ts';
import { runFree, runMatrix } from '../support/matrix-run.ts';
import { holds } from '../support/property.ts';

const node = (id: string, ...dependencies: string[]): GraphNode => ({ id, dependencies });

/** The castle of the box, each with what Terragrunt says that it depends on. */
const box = [
  node('secrets'),
  node('platform', 'secrets'),
  node('engine', 'platform', 'secrets'),
  node('networking', 'engine', 'platform'),
  node('storage', 'engine'),
  node('gate:claim', 'engine'),
  node('gitops', 'engine', 'gate:claim'),
];

const namesOf = (stages: readonly Stage[]) => stages.map((stage) => stage.map(({ nodes }) => nodes));
const inOrder = (lists: readonly (readonly string[])[]) =>
  lists.map((list) => [...list].sort().join()).sort();
const durationIn = (list: readonly Job[]) => (id: string) => list.find((job) => job.id === id)?.duration ?? 0;

/** The usual limits, and such as graphs of a dozen nodes soon meet. */
const limited = fc.oneof(
  fc.constant({ maxStages: 8, maxLegs: 256 }),
  fc.record({ maxStages: fc.integer({ min: 1, max: 4 }), maxLegs: fc.integer({ min: 1, max: 6 }) }),
);

function staged(list: readonly Job[], options: StageOptions = {}): Stage[] {
  return stagesOf(buildGraph(list), { expected: durationIn(list), ...options });
}

describe('the stages of a plan', () => {
  test('of the box are one chain, then what runs side by side, though dependencies that others imply lie across', () => {
    expect(namesOf(stagesOf(buildGraph(box)))).toEqual([
      [['secrets', 'platform', 'engine']],
      [['gate:claim', 'gitops'], ['networking'], ['storage']],
    ]);
  });

  test('of nothing are none, of one layer one, of one chain one leg', () => {
    expect(stagesOf(buildGraph([]))).toEqual([]);
    expect(namesOf(stagesOf(buildGraph([node('a')])))).toEqual([[['a']]]);
    expect(namesOf(stagesOf(buildGraph([node('c', 'b'), node('b', 'a'), node('a')])))).toEqual([
      [['a', 'b', 'c']],
    ]);
  });

  test('hold every node exactly once, none is empty, and no limit is passed, however tight', () => {
    holds(
      fc.property(jobs(), limited, (list, limits) => {
        const stages = staged(list, limits);
        expect(stages.flatMap((stage) => stage.flatMap(({ nodes }) => nodes)).toSorted()).toEqual(
          list.map(({ id }) => id).toSorted(),
        );
        expect(stages.every((stage) => stage.length > 0)).toBe(true);
        expect(stages.length).toBeLessThanOrEqual(limits.maxStages);
        expect(stages.flat().length).toBeLessThanOrEqual(limits.maxLegs);
      }),
    );
  });

  test('have each dependency in an earlier stage, or before it in the same leg, however tight the limits', () => {
    holds(
      fc.property(jobs(), limited, (list, limits) => {
        const legs = namesOf(staged(list, limits)).flatMap((stage, number) =>
          stage.map((nodes) => ({ nodes, number })),
        );
        const legOf = (id: string) => legs.find(({ nodes }) => nodes.includes(id));
        for (const { id, dependencies } of list) {
          for (const other of dependencies) {
            const [own, theirs] = [legOf(id), legOf(other)];
            if (own === theirs) expect(own?.nodes.indexOf(other)).toBeLessThan(own?.nodes.indexOf(id) ?? -1);
            else expect(theirs?.number).toBeLessThan(own?.number ?? -1);
          }
        }
      }),
    );
  });

  test('are the same for the same plan, and its legs the same in whatever order the layers come', () => {
    holds(
      fc.property(
        jobs().chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
        ),
        ([list, shuffled]) => {
          expect(staged(list)).toEqual(staged(list));
          expect(inOrder(chainsOf(buildGraph(shuffled)))).toEqual(inOrder(chainsOf(buildGraph(list))));
        },
      ),
    );
  });

  test('of a plan that needs more than the ladder has are folded into legs that run a graph of their own', () => {
    const ladder = Array.from({ length: 24 }, (_, index) =>
      node(`n${index}`, ...(index < 2 ? [] : [`n${index - 2 - (index % 2)}`, `n${index - 1 - (index % 2)}`])),
    );
    const stages = stagesOf(buildGraph(ladder));
    expect(stages).toHaveLength(8);
    expect(stages.slice(0, 7).every((stage) => stage.length === 2)).toBe(true);
    expect(stages[7]?.map(({ nodes }) => nodes.length)).toEqual([10]);
    // Two of a kind at a time: five pairs, one after the other.
    expect(stages[7]?.[0]?.seconds).toBe(5);
  });

  test('too deep in two places that have nothing to do with each other are folded into two legs', () => {
    const ladder = (name: string) =>
      Array.from({ length: 8 }, (_, index) =>
        node(
          `${name}${index}`,
          ...(index < 2 ? [] : [`${name}${index - 2 - (index % 2)}`, `${name}${index - 1 - (index % 2)}`]),
        ),
      );
    const stages = stagesOf(buildGraph([...ladder('a'), ...ladder('b')]), { maxStages: 3 });
    expect(namesOf(stages).map((stage) => stage.length)).toEqual([4, 4, 2]);
    expect(inOrder(namesOf(stages)[2] ?? [])).toEqual(['a4,a5,a6,a7', 'b4,b5,b6,b7']);
  });

  test('of more legs than GitHub makes jobs are shared out, evenly, and only in the stages that are too large', () => {
    const wide = [
      node('a'),
      node('b'),
      node('both', 'a', 'b'),
      ...Array.from({ length: 999 }, (_, i) => node(`w${i}`, 'both')),
    ];
    const stages = stagesOf(buildGraph(wide));
    expect(stages.map((stage) => stage.length)).toEqual([2, 1, 253]);
    expect([...new Set(stages[2]?.map(({ nodes }) => nodes.length))].toSorted()).toEqual([3, 4]);
  });

  test.each([
    ['in a chain', (i: number) => (i ? [`n${i - 1}`] : [])],
    ['side by side', (i: number) => (i ? ['n0'] : [])],
    [
      'with five dependencies each',
      (i: number) => (i ? [1, 7, 31, 97, 997].map((k) => `n${(i * k) % i}`) : []),
    ],
    [
      'with five near ones each',
      (i: number) => [1, 2, 3, 5, 8].filter((k) => k <= i).map((k) => `n${i - k}`),
    ],
  ])('of ten thousand layers %s are ready in less than two seconds', (_, dependencies) => {
    const graph = buildGraph(
      Array.from({ length: 10_000 }, (_, i) => ({ id: `n${i}`, dependencies: dependencies(i) })),
    );
    const began = performance.now();
    const stages = stagesOf(graph);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(stages.flat().length).toBeLessThanOrEqual(256);
  });
});

/** Every way to put `ids` into groups. */
function* partitions(ids: readonly string[]): Generator<string[][]> {
  const [first, ...rest] = ids;
  if (first === undefined) return yield [];
  for (const groups of partitions(rest)) {
    yield [[first], ...groups];
    for (const [index, group] of groups.entries()) yield groups.with(index, [first, ...group]);
  }
}

/** Whether jobs of these groups make no node wait for another that it does not depend on, directly or not. */
function addsNoOrder(list: readonly Job[], groups: readonly (readonly string[])[]): boolean {
  const before = new Map(list.map(({ id }) => [id, ancestors(list, id)]));
  const runsBefore = (a: string, b: string) => before.get(b)?.has(a) === true;
  const groupOf = (id: string) => groups.findIndex((group) => group.includes(id));
  const outer = groups.map((group, index) => ({
    id: String(index),
    dependencies: group
      .flatMap((id) => [...(before.get(id) ?? [])].map((other) => String(groupOf(other))))
      .filter((other) => other !== String(index)),
  }));
  return list.every(({ id: a }) =>
    list.every(({ id: b }) => {
      if (a === b) return true;
      const [ga, gb] = [groupOf(a), groupOf(b)];
      // In one job they would have to run one after the other, or it is no chain.
      if (ga === gb) return runsBefore(a, b) || runsBefore(b, a);
      return !ancestors(outer, String(gb)).has(String(ga)) || runsBefore(a, b);
    }),
  );
}

describe('the legs of a plan', () => {
  test('of a series-parallel graph are as few as it was put together from', () => {
    holds(
      fc.property(seriesParallel(), ({ nodes, chains }) => {
        expect(chainsOf(buildGraph(nodes))).toHaveLength(chains);
        const stages = stagesOf(buildGraph(nodes), { maxStages: 1000, maxLegs: 1000 });
        expect(stages.flat()).toHaveLength(chains);
      }),
    );
  });

  test('of any graph are the fewest of all ways that make no layer wait for one that it does not need', () => {
    holds(
      fc.property(jobs(6), (list) => {
        const chains = chainsOf(buildGraph(list));
        expect(addsNoOrder(list, chains)).toBe(true);
        const fewest = [...partitions(list.map(({ id }) => id))]
          .filter((groups) => addsNoOrder(list, groups))
          .reduce((least, { length }) => Math.min(least, length), Number.POSITIVE_INFINITY);
        expect(chains).toHaveLength(fewest);
      }),
    );
  });

  test('are chains, of which each runs after the one before it, where no limit is met', () => {
    holds(
      fc.property(jobs(), (list) => {
        for (const { nodes } of staged(list, { maxStages: 20 }).flat()) {
          for (const [index, id] of nodes.slice(1).entries())
            expect(ancestors(list, id)).toContain(nodes[index]);
        }
      }),
    );
  });
});

describe('a graph without what others imply', () => {
  test('orders all as before, and not one dependency of it could be left out', () => {
    holds(
      // More than the 32 that are looked for at once.
      fc.property(jobs(40), (list) => {
        const reduced = reduce(buildGraph(list));
        const left = [...reduced.dependencies].map(([id, dependencies]) => ({ id, dependencies }));
        for (const { id, dependencies } of left) {
          expect(ancestors(left, id)).toEqual(ancestors(list, id));
          for (const other of dependencies) {
            const rest = dependencies.filter((one) => one !== other);
            expect(rest.some((one) => ancestors(list, one).has(other))).toBe(false);
            expect(reduced.dependents.get(other)).toContain(id);
          }
        }
      }),
    );
  });
});

/** The least that stages of the plan's chains can take, with a runner for each: found by trying all. */
function cheapest(list: readonly Job[], perJob: number): number {
  const legs = chainsOf(buildGraph(list));
  const needs = legs.map((leg) => {
    const wanted = leg.flatMap((id) => list.find((job) => job.id === id)?.dependencies ?? []);
    return legs.flatMap((other, index) =>
      other !== leg && other.some((id) => wanted.includes(id)) ? [index] : [],
    );
  });
  const works = legs.map((leg) => leg.reduce((sum, id) => sum + durationIn(list)(id), 0));
  // The chains come in the order of their first nodes: what a leg needs is placed before it.
  const tryAll = (placed: readonly number[]): number => {
    if (placed.length === legs.length) {
      const stages = Map.groupBy(works.keys(), (index) => placed[index] ?? -1);
      return [...stages.values()].reduce(
        (sum, stage) => sum + perJob + Math.max(...stage.map((index) => works[index] ?? 0)),
        0,
      );
    }
    const from = (needs[placed.length] ?? []).reduce(
      (most, other) => Math.max(most, (placed[other] ?? 0) + 1),
      0,
    );
    const rooms = Array.from({ length: Math.max(0, legs.length - from) }, (_, index) => from + index);
    return rooms.reduce(
      (least, stage) => Math.min(least, tryAll([...placed, stage])),
      Number.POSITIVE_INFINITY,
    );
  };
  return tryAll([]);
}

describe('the place of a leg', () => {
  const job = (id: string, duration: number, ...dependencies: string[]): Job => ({
    id,
    dependencies,
    duration,
    outcome: 'done',
  });

  test('is the earliest stage, and a later one only for a side branch that then costs less', () => {
    const fork = [job('a', 1), job('b', 100, 'a'), job('c', 90, 'a')];
    const stagesWith = (side: Job) => namesOf(staged([...fork, side])).map(inOrder);
    expect(stagesWith(job('side', 100))).toEqual([['a'], ['b', 'c', 'side']]);
    expect(stagesWith(job('side', 1))).toEqual([
      ['a', 'side'],
      ['b', 'c'],
    ]);
  });

  test('takes what depends on it along, into a stage more where that pays', () => {
    const two = [
      ...[job('a', 100), job('b', 1, 'a'), job('b2', 1, 'a')],
      ...[job('c', 1), job('d', 100, 'c'), job('d2', 100, 'c')],
    ];
    expect(namesOf(staged(two))).toEqual([[['c']], [['a'], ['d'], ['d2']], [['b'], ['b2']]]);
    // A start that costs more than it saves does not.
    expect(staged(two, { perJobSeconds: 200 })).toHaveLength(2);
  });

  test('is the best of all, or nearly, in small plans', () => {
    const perJob = 3;
    const shares = fc.sample(jobs(6), { seed: 6, numRuns: 150 }).map((list) => {
      const own = runMatrix(list, namesOf(staged(list, { perJobSeconds: perJob })), { runners: 99, perJob });
      return own.makespan / cheapest(list, perJob);
    });
    expect(shares.filter((share) => share < 1)).toEqual([]);
    expect(shares.filter((share) => share === 1).length).toBeGreaterThanOrEqual(145);
    expect(Math.max(...shares)).toBeLessThan(1.2);
  });

  test('never makes the whole take longer than if all were as early as can be, and is that where it gains nothing', () => {
    holds(
      fc.property(jobs(), fc.integer({ min: 1, max: 4 }), (list, runners) => {
        const perJob = 3;
        const depth = (legs: readonly (readonly string[])[], leg: readonly string[]): number => {
          const needs = leg.flatMap((id) => list.find((one) => one.id === id)?.dependencies ?? []);
          const others = legs.filter((other) => other !== leg && other.some((id) => needs.includes(id)));
          return others.reduce((most, other) => Math.max(most, depth(legs, other) + 1), 0);
        };
        const legs = chainsOf(buildGraph(list));
        const sum = (leg: readonly string[]) => leg.reduce((total, id) => total + durationIn(list)(id), 0);
        const earliest = Map.groupBy(
          legs.toSorted((a, b) => sum(b) - sum(a)),
          (leg) => depth(legs, leg),
        );
        if (earliest.size > 8) return;
        const asap = [...earliest].toSorted(([a], [b]) => a - b).map(([, group]) => group);
        const stages = namesOf(staged(list, { perJobSeconds: perJob, runners }));
        const [own, early] = [stages, asap].map(
          (each) => runMatrix(list, each, { runners, perJob }).makespan,
        );
        expect(own).toBeLessThanOrEqual(early ?? -1);
        if (own === early) expect(stages.map(inOrder)).toEqual(asap.map(inOrder));
      }),
    );
  });
});

describe('the forecast of a plan', () => {
  const forecast = (list: readonly Job[], stages: readonly Stage[], runners: number, perJob: number) =>
    forecastOf(buildGraph(list), stages, {
      expected: durationIn(list),
      perJobSeconds: perJob,
      runners,
      atOnce: Number.POSITIVE_INFINITY,
    });

  test('is what stages of jobs take when they are run second by second, and nothing in them starts too early', () => {
    holds(
      fc.property(
        jobs(10),
        limited,
        fc.integer({ min: 1, max: 5 }),
        fc.nat(4),
        (list, limits, runners, perJob) => {
          const stages = staged(list, { ...limits, perJobSeconds: perJob, runners });
          const said = forecast(list, stages, runners, perJob);
          const run = runMatrix(list, namesOf(stages), { runners, perJob });
          expect(run.tooEarly).toEqual([]);
          expect(said.matrixSeconds).toBe(run.makespan);
          const unqueued = runMatrix(list, namesOf(stages), { runners: 999, perJob }).makespan;
          expect(said.queueSeconds).toBe(run.makespan - unqueued);
          // What the barriers cost is all that waiting for neighbours costs: nothing else is lost.
          expect(said.barrierSeconds).toBe(unqueued - runFree(list, namesOf(stages), perJob));
          expect(said.barrierSeconds).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  test('closes: a matrix takes its critical path, the starts of its jobs, its barriers and its queue', () => {
    holds(
      fc.property(jobs(), fc.integer({ min: 1, max: 5 }), fc.nat(20), (list, runners, perJob) => {
        const said = forecast(list, staged(list), runners, perJob);
        const { length } = criticalPath(buildGraph(list), durationIn(list));
        expect(said.criticalPathSeconds).toBe(length);
        expect(length + said.startSeconds + said.barrierSeconds + said.queueSeconds).toBe(said.matrixSeconds);
        expect(said.startSeconds).toBeGreaterThanOrEqual(perJob);
        // One job has one start and no barrier: where it carries all, nothing is faster.
        expect(said.jobSeconds).toBe(length + perJob);
        expect(said.matrixSeconds).toBeGreaterThanOrEqual(said.jobSeconds);
      }),
    );
  });

  test('of the document’s castle', () => {
    const seconds: Record<string, number> = {
      ...{ secrets: 10, platform: 113, engine: 75 },
      ...{ networking: 41, 'gate:claim': 1, gitops: 91, storage: 20 },
    };
    const expected = (id: string) => seconds[id] ?? 0;
    const graph = buildGraph(box);
    const options = { expected, perJobSeconds: 10, atOnce: 8 };
    const stages = stagesOf(graph, { expected });
    expect(forecastOf(graph, stages, { ...options, runners: 3 })).toEqual({
      criticalPath: ['secrets', 'platform', 'engine', 'gate:claim', 'gitops'],
      criticalPathSeconds: 290,
      jobSeconds: 300,
      matrixSeconds: 310,
      startSeconds: 20,
      barrierSeconds: 0,
      queueSeconds: 0,
    });
    // The two side branches one after the other: 81 s with their starts, and the claim's branch takes 102 s.
    expect(forecastOf(graph, stages, { ...options, runners: 2 }).queueSeconds).toBe(0);
    expect(forecastOf(graph, stages, { ...options, runners: 1 })).toMatchObject({
      matrixSeconds: 391,
      queueSeconds: 81,
    });
  });

  test('lets one job carry no more layers at once than a runner does, and a matrix gains by it', () => {
    const wide = buildGraph(Array.from({ length: 12 }, (_, index) => node(`n${index}`)));
    const options = { expected: () => 60, perJobSeconds: 10, runners: 4, atOnce: 2 };
    const said = forecastOf(wide, stagesOf(wide, options), options);
    expect(said).toMatchObject({ criticalPathSeconds: 60, jobSeconds: 370, matrixSeconds: 210 });
  });

  test('of nothing is nothing', () => {
    const said = forecastOf(buildGraph([]), [], {
      expected: () => 1,
      perJobSeconds: 10,
      runners: 1,
      atOnce: 1,
    });
    expect(
      Object.values(said)
        .flat()
        .filter((value) => value !== 0),
    ).toEqual([]);
  });
});
