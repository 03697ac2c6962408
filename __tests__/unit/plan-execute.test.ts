import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runGraph } from '../../src/plan/execute.ts';
import { ancestors, jobs } from '../support/graphs.ts';

const six = [
  { id: 'secrets', dependencies: [] },
  { id: 'platform', dependencies: ['secrets'] },
  { id: 'engine', dependencies: ['platform'] },
  { id: 'networking', dependencies: ['engine'] },
  { id: 'gitops', dependencies: ['engine'] },
  { id: 'storage', dependencies: ['engine'] },
];

describe('a run over the graph', () => {
  test('starts no node before its dependencies are done, in whatever order promises settle', async () => {
    await fc.assert(
      fc.asyncProperty(jobs(10, ['failed', 'cancelled']), fc.scheduler(), async (list, scheduler) => {
        const done = new Set<string>();
        const started = new Set<string>();
        const settle = scheduler.scheduleFunction(async (id: string) => id);
        const running = runGraph(list, async (id) => {
          const job = list.find((one) => one.id === id);
          expect(started.has(id)).toBe(false);
          started.add(id);
          for (const dependency of job?.dependencies ?? []) expect(done).toContain(dependency);
          await settle(id);
          if (job?.outcome === 'done') done.add(id);
          return job?.outcome ?? 'done';
        });
        const { standings, thrown } = await scheduler.waitFor(running);
        expect(thrown.size).toBe(0);
        for (const { id, outcome } of list) {
          const free = [...ancestors(list, id)].every((ancestor) => done.has(ancestor));
          expect(standings.get(id)?.status).toBe(free ? outcome : 'blocked');
        }
      }),
      { numRuns: 60 },
    );
  });

  test('keeps what each parallel failure threw', async () => {
    const { standings, thrown } = await runGraph(six, async (id) => {
      if (['networking', 'gitops', 'storage'].includes(id)) throw new Error(`${id} broke`);
      return 'done';
    });
    expect([...thrown].map(([id, error]) => [id, (error as Error).message]).sort()).toEqual([
      ['gitops', 'gitops broke'],
      ['networking', 'networking broke'],
      ['storage', 'storage broke'],
    ]);
    expect(standings.get('storage')).toEqual({ status: 'failed' });
  });

  test('counts a throw of nothing at all as a failure', async () => {
    const { standings, thrown } = await runGraph(six, () => Promise.reject(undefined));
    expect(standings.get('secrets')).toEqual({ status: 'failed' });
    expect(standings.get('storage')).toEqual({ status: 'blocked', by: ['secrets'] });
    expect(thrown.has('secrets')).toBe(true);
  });

  test('starts nothing further after an abort, and waits for what runs', async () => {
    const abort = new AbortController();
    const seen: string[] = [];
    const { standings } = await runGraph(
      six,
      async (id) => {
        seen.push(id);
        if (id === 'platform') {
          abort.abort();
          await Promise.resolve();
          return 'cancelled';
        }
        return 'done';
      },
      { signal: abort.signal },
    );
    expect(seen).toEqual(['secrets', 'platform']);
    expect(standings.get('platform')).toEqual({ status: 'cancelled' });
    expect(standings.get('engine')).toEqual({ status: 'blocked', by: ['platform'] });
  });

  test('that is aborted beforehand runs nothing and ends', async () => {
    const { standings } = await runGraph(six, () => Promise.reject(new Error('ran')), {
      signal: AbortSignal.abort(),
    });
    expect([...standings.values()].every(({ status }) => status === 'skipped')).toBe(true);
  });

  test('over nothing ends at once', async () => {
    expect((await runGraph([], async () => 'done')).standings.size).toBe(0);
  });
});
