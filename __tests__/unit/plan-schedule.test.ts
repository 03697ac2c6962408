import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildGraph, criticalPath } from '../../src/plan/graph.ts';
import { createSchedule, type ScheduleOptions, type Standing } from '../../src/plan/schedule.ts';
import { ancestors, type Job, jobs } from '../support/graphs.ts';

interface Simulation {
  readonly started: ReadonlyMap<string, number>;
  readonly ended: ReadonlyMap<string, number>;
  readonly standings: ReadonlyMap<string, Standing>;
  readonly makespan: number;
  readonly mostAtOnce: number;
}

/** Runs the schedule against a virtual clock; stops it at `stopAt`. Events of one instant are settled one by one. */
function simulate(
  list: readonly Job[],
  options: ScheduleOptions = {},
  stopAt = Number.POSITIVE_INFINITY,
): Simulation {
  const byId = new Map(list.map((job) => [job.id, job]));
  const schedule = createSchedule(buildGraph(list), options);
  const started = new Map<string, number>();
  const ended = new Map<string, number>();
  let running: { id: string; end: number }[] = [];
  let now = 0;
  let mostAtOnce = 0;
  for (;;) {
    if (now >= stopAt) schedule.stop();
    for (const id of schedule.take()) {
      started.set(id, now);
      running.push({ id, end: now + (byId.get(id)?.duration ?? 0) });
    }
    expect(schedule.running).toBe(running.length);
    mostAtOnce = Math.max(mostAtOnce, running.length);
    const next = running.toSorted((a, b) => a.end - b.end)[0];
    if (next === undefined) break;
    running = running.filter((one) => one !== next);
    now = next.end;
    ended.set(next.id, now);
    schedule.settle(next.id, byId.get(next.id)?.outcome ?? 'done');
  }
  return { started, ended, standings: schedule.standings(), makespan: now, mostAtOnce };
}

const withFailures = jobs(14, ['failed', 'cancelled']);

describe('the schedule', () => {
  test('starts every node the moment the last of its own dependencies is done, and none before', () => {
    fc.assert(
      fc.property(withFailures, (list) => {
        const { started, ended } = simulate(list);
        for (const { id, dependencies } of list) {
          const free = dependencies.every(
            (dependency) =>
              ended.has(dependency) && list.find((job) => job.id === dependency)?.outcome === 'done',
          );
          expect(started.has(id)).toBe(free);
          if (free) {
            const last = Math.max(
              0,
              ...dependencies.map((dependency) => ended.get(dependency) ?? Number.NaN),
            );
            expect(started.get(id)).toBe(last);
          }
        }
      }),
    );
  });

  test('takes as long as the critical path where all may run at once', () => {
    fc.assert(
      fc.property(jobs(), (list) => {
        const duration = (id: string) => list.find((job) => job.id === id)?.duration ?? 0;
        expect(simulate(list).makespan).toBe(criticalPath(buildGraph(list), duration).length);
      }),
    );
  });

  test('blocks exactly the descendants of what failed, and names every failure that blocks them', () => {
    fc.assert(
      fc.property(withFailures, (list) => {
        const { standings, started } = simulate(list);
        for (const { id, outcome } of list) {
          const roots = [...ancestors(list, id)].filter(
            (ancestor) =>
              started.has(ancestor) && list.find((job) => job.id === ancestor)?.outcome !== 'done',
          );
          const standing = standings.get(id);
          if (roots.length === 0) expect(standing).toEqual({ status: outcome });
          else {
            expect(standing?.status).toBe('blocked');
            expect(standing?.status === 'blocked' && [...standing.by].sort()).toEqual(roots.sort());
          }
        }
      }),
    );
  });

  test('keeps every failure: of three that fail side by side, three are reported', () => {
    const list: Job[] = ['networking', 'gitops', 'storage'].map((id, index) => ({
      id,
      dependencies: ['engine'],
      duration: 3 - index,
      outcome: 'failed',
    }));
    const { standings } = simulate([
      ...list,
      { id: 'engine', dependencies: [], duration: 1, outcome: 'done' },
    ]);
    expect([...standings.values()].filter(({ status }) => status === 'failed')).toHaveLength(3);
  });

  test('gives every node exactly one end, whatever fails and whenever it is stopped', () => {
    fc.assert(
      fc.property(withFailures, fc.nat(30), fc.integer({ min: 1, max: 5 }), (list, stopAt, maxParallel) => {
        const { standings, started, ended } = simulate(list, { maxParallel }, stopAt);
        expect([...standings.keys()].sort()).toEqual(list.map(({ id }) => id).sort());
        expect([...ended.keys()].sort()).toEqual([...started.keys()].sort());
        for (const [id, { status }] of standings) {
          expect(status).not.toBe('waiting');
          expect(status).not.toBe('running');
          expect(started.has(id)).toBe(['done', 'failed', 'cancelled'].includes(status));
          if (started.has(id)) expect(started.get(id)).toBeLessThan(Math.max(stopAt, 1e-9));
        }
      }),
    );
  });

  test('never runs more at once than it may, and is never idle while something could run', () => {
    fc.assert(
      fc.property(jobs(), fc.integer({ min: 1, max: 4 }), (list, maxParallel) => {
        const duration = (id: string) => list.find((job) => job.id === id)?.duration ?? 0;
        const { mostAtOnce, makespan } = simulate(list, { maxParallel, expected: duration });
        expect(mostAtOnce).toBeLessThanOrEqual(maxParallel);
        const work = list.reduce((sum, job) => sum + job.duration, 0);
        const path = criticalPath(buildGraph(list), duration).length;
        expect(makespan).toBeGreaterThanOrEqual(Math.max(path, work / maxParallel));
        // Graham's bound, which holds for every schedule that never idles.
        expect(makespan).toBeLessThanOrEqual(path + (work - path) / maxParallel + 1e-9);
      }),
    );
  });

  test('gives the start of the longest chain the only free place', () => {
    const job = (id: string, dependencies: string[], duration: number): Job => ({
      id,
      dependencies,
      duration,
      outcome: 'done',
    });
    const list = [job('short', [], 5), job('first', [], 1), job('second', ['first'], 9)];
    const expected = (id: string) => list.find((one) => one.id === id)?.duration ?? 0;
    const { started } = simulate(list, { maxParallel: 1, expected });
    expect(started.get('first')).toBe(0);
    expect(started.get('second')).toBe(1);
    expect(started.get('short')).toBe(10);
  });

  test('refuses a limit under which nothing could ever start', () => {
    const graph = buildGraph([{ id: 'a', dependencies: [] }]);
    expect(() => createSchedule(graph, { maxParallel: 0 })).toThrow(RangeError);
    expect(() => createSchedule(graph, { maxParallel: Number.NaN })).toThrow(RangeError);
  });

  test('refuses to settle what does not run, for that is a mistake of its driver', () => {
    const schedule = createSchedule(buildGraph([{ id: 'a', dependencies: [] }]));
    expect(() => schedule.settle('a', 'done')).toThrow('does not run');
    schedule.take();
    schedule.settle('a', 'done');
    expect(() => schedule.settle('a', 'done')).toThrow('does not run');
  });

  test.each([
    ['chained', (i: number) => (i ? [`n${i - 1}`] : [])],
    ['side by side', (i: number) => (i ? ['n0'] : [])],
  ])('plans and runs through ten thousand layers %s in less than two seconds', (_, dependencies) => {
    const list = Array.from({ length: 10_000 }, (_, i) => ({ id: `n${i}`, dependencies: dependencies(i) }));
    const began = performance.now();
    const schedule = createSchedule(buildGraph(list), { maxParallel: 50 });
    let settled = 0;
    for (let taken = schedule.take(); taken.length > 0; taken = schedule.take()) {
      for (const id of taken) schedule.settle(id, 'done');
      settled += taken.length;
    }
    expect(settled).toBe(10_000);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});
