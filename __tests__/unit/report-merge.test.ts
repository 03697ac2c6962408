import { describe, expect, it } from 'vitest';
import { buildReport } from '../../src/report/build.ts';
import { mergeReports } from '../../src/report/merge.ts';
import type { Parts, PlanPart } from '../../src/report/parts.ts';
import { type Report, reportSchema } from '../../src/report/schema.ts';
import { renderTerminal } from '../../src/report/terminal.ts';
import { exitCodeOf, wholeReport } from '../../src/report/whole.ts';
import { at, layerFailure, layerResult, sampleInput } from '../support/reports.ts';

const plan: PlanPart = {
  schema: 'phoenix.plan/v1',
  castle: 'tazlab',
  started: new Date(at(0)).toISOString(),
  ended: new Date(at(5)).toISOString(),
  stages: [
    [{ name: 'secrets-platform', layers: 'secrets,platform' }],
    [
      { name: 'networking', layers: 'networking' },
      { name: 'storage', layers: 'storage' },
    ],
  ],
  steps: [
    { name: 'secrets', kind: 'layer', dependencies: [] },
    { name: 'platform', kind: 'layer', dependencies: ['secrets'] },
    { name: 'networking', kind: 'layer', dependencies: ['platform'] },
    { name: 'storage', kind: 'layer', dependencies: ['platform'] },
  ],
};

/** A leg that ran from `from` to `to`, both in seconds of the workflow run; its layers share that time evenly. */
function leg(layers: string, from: number, to: number, changes: Partial<Report> = {}): Report {
  const names = layers.split(',');
  const each = (to - from) / names.length;
  const results = names.map((name, index) =>
    layerResult(
      name,
      names.slice(Math.max(0, index - 1), index),
      from + index * each,
      from + (index + 1) * each,
    ),
  );
  return {
    ...buildReport(
      sampleInput({
        mode: 'matrix',
        command: 'layers',
        leg: layers,
        verdict: 'applied',
        startedAt: new Date(at(from)),
        wallSeconds: to - from,
        layers: results,
        spans: names.map((name, index) => ({
          id: index + 1,
          parent: null,
          name,
          kind: 'layer' as const,
          from: index * each,
          to: (index + 1) * each,
          verdict: 'ok' as const,
        })),
        gates: [],
        milestones: [],
      }),
    ),
    ...changes,
  };
}

function verified(from: number, to: number): Report {
  return buildReport(
    sampleInput({
      mode: 'matrix',
      command: 'verify',
      verdict: 'verified',
      startedAt: new Date(at(from)),
      wallSeconds: to - from,
      layers: [],
      gates: [],
      spans: [
        { id: 1, parent: null, name: 'blog', kind: 'milestone', from: 0, to: to - from, verdict: 'ok' },
        { id: 2, parent: null, name: 'verify', kind: 'phase', from: 0, to: to - from, verdict: 'ok' },
      ],
      milestones: [{ name: 'blog', seconds: 1, targetSeconds: 60 }],
    }),
  );
}

const legs = [leg('secrets,platform', 15, 45), leg('networking', 50, 60), leg('storage', 52, 80)];
const merge = (given: readonly Report[], verify?: Report) =>
  mergeReports(plan, { legs: given, verify }, 'run-1', 0.02);

describe('the reports of a matrix, joined', () => {
  it('are one valid report of a rebirth, with every layer and every second', () => {
    const report = merge(legs, verified(90, 100));
    expect(reportSchema.parse(report)).toEqual(report);
    expect(report).toMatchObject({ verdict: 'reborn', mode: 'matrix', wallSeconds: 100, error: null });
    expect(report.layers.map(({ name }) => name)).toEqual(['secrets', 'platform', 'networking', 'storage']);
    expect(report.unattributedSeconds).toBeLessThan(0.01);
  });

  it('tell what each job waited for a runner, from when it could have begun', () => {
    const waits = merge(legs, verified(90, 100)).spans.filter(({ kind }) => kind === 'queue');
    expect(waits.map(({ name, from, to }) => [name, from, to])).toEqual([
      ['queue: secrets-platform', 5, 15],
      ['queue: networking', 45, 50],
      ['queue: storage', 45, 52],
      ['queue: verify', 80, 90],
    ]);
  });

  it('know the critical path across legs, though each leg knew only its own', () => {
    expect(merge(legs, verified(90, 100)).criticalPath).toEqual(['secrets', 'platform', 'storage']);
  });

  it('count a milestone from the start of the whole, and miss it by that', () => {
    expect(merge(legs, verified(90, 100)).milestones).toEqual([
      { name: 'blog', seconds: 100, targetSeconds: 60, met: false },
    ]);
  });

  it('fail where a leg failed, and say that what stands behind it was skipped', () => {
    const failure = { name: 'platform', code: layerFailure.code, what: 'w', why: 'y', next: 'n', tail: [] };
    const failed = leg('secrets,platform', 15, 45, { verdict: 'failed', failures: [failure] });
    const report = merge([failed]);
    expect(report.verdict).toBe('failed');
    expect(report.error?.code).toBe(layerFailure.code);
    expect(report.failures).toEqual([failure]);
    expect(report.layers.filter(({ verdict }) => verdict === 'skipped').map(({ name }) => name)).toEqual([
      'networking',
      'storage',
    ]);
  });

  it('tell a gate that never began as a gate', () => {
    const gated: PlanPart = {
      ...plan,
      stages: [...plan.stages, [{ name: 'claim', layers: 'claim' }]],
      steps: [...plan.steps, { name: 'claim', kind: 'gate', dependencies: ['platform'] }],
    };
    const failed = leg('secrets,platform', 15, 45, { verdict: 'failed' });
    const report = mergeReports(gated, { legs: [failed], verify: undefined }, 'run-1', 0.02);
    expect(report.gates).toMatchObject([{ name: 'claim', after: 'platform', verdict: 'skipped' }]);
    expect(report.layers.map(({ name }) => name)).not.toContain('claim');
  });

  it('fail where a leg that should have run left no report', () => {
    const report = merge(legs.slice(0, 2), undefined);
    expect(report.verdict).toBe('failed');
    expect(report.failures).toEqual([
      expect.objectContaining({
        code: 'PHX-REPORT-LEG',
        name: 'storage',
        what: expect.stringContaining('storage'),
      }),
    ]);
  });

  it('fail where nobody verified the castle', () => {
    const report = merge(legs, undefined);
    expect(report.verdict).toBe('failed');
    expect(report.failures.map(({ name }) => name)).toEqual(['verify']);
  });

  it('are cancelled where a leg was', () => {
    expect(merge([leg('secrets,platform', 15, 45, { verdict: 'cancelled' })]).verdict).toBe('cancelled');
  });

  it('add up what was looked at for leaks, and fail by what was found in any leg', () => {
    const found = [{ secret: 'TOKEN', place: 'a log', encoding: 'raw' }];
    const leak = { name: 'leak audit', code: 'PHX-LEAK-FOUND', what: 'w', why: 'y', next: 'n', tail: [] };
    const leaky = leg('storage', 52, 80, {
      verdict: 'failed',
      leaks: { checked: 7, found },
      failures: [leak],
    });
    const report = merge([...legs.slice(0, 2), leaky], verified(90, 100));
    expect(report.leaks).toEqual({ checked: 120 + 120 + 7 + 120, found });
    expect(report.verdict).toBe('failed');
  });
});

describe('the report of a whole run', () => {
  const whole = (parts: Partial<Parts>, results: readonly string[] = []) =>
    wholeReport(
      { plan: undefined, legs: [], verify: undefined, whole: undefined, strange: [], ...parts },
      { castle: 'tazlab', run: 'run-1', results, unattributedLimit: 0.02, redact: (text) => text },
    );
  const verify = verified(90, 100);

  it('believes no report of an earlier attempt where a job of this one failed', () => {
    expect(whole({ plan, legs, verify }, ['success', 'skipped'])).toMatchObject({ verdict: 'reborn' });
    const failed = whole({ plan, legs, verify }, ['success', 'failure', 'skipped']);
    expect(failed).toMatchObject({ verdict: 'failed', error: { code: 'PHX-REPORT-JOB' } });
    expect(exitCodeOf(failed)).toBe(10);
    expect(whole({ plan, legs, verify }, ['cancelled'])).toMatchObject({ verdict: 'cancelled' });
  });

  it('says that there is none where no job left one, so that such a night is on record too', () => {
    const none = whole({});
    expect(reportSchema.parse(none)).toEqual(none);
    expect(none).toMatchObject({ verdict: 'failed', error: { code: 'PHX-REPORT-PLAN' } });
    expect(exitCodeOf(none)).toBe(10);
  });

  it('is that of the one job, where there was no matrix', () => {
    const one = leg('secrets', 0, 10, { verdict: 'untouched' });
    expect(whole({ whole: one })).toBe(one);
    expect(exitCodeOf(one)).toBe(0);
  });

  it('is failed by a leak, also where another leg was cancelled', () => {
    const found = [{ secret: 'TOKEN', place: 'a log', encoding: 'raw' }];
    const leaky = leg('secrets,platform', 15, 45, { verdict: 'failed', leaks: { checked: 7, found } });
    const stopped = leg('networking', 50, 60, { verdict: 'cancelled' });
    const report = whole({ plan, legs: [leaky, stopped] });
    expect(report.verdict).toBe('failed');
    expect(exitCodeOf(report)).toBe(5);
  });
});

describe('the jobs of a matrix', () => {
  const known = (name: string, created: number, started: number | undefined, runner = 'forge-1') => ({
    name,
    createdAt: at(created),
    startedAt: started === undefined ? undefined : at(started),
    runner: started === undefined ? undefined : runner,
  });
  const legs = [leg('secrets,platform', 20, 60), leg('networking', 80, 100), leg('storage', 90, 120)];
  const merged = (jobs: readonly ReturnType<typeof known>[]) =>
    mergeReports(plan, { legs, verify: undefined }, 'run', 0.02, jobs);

  it('have what GitHub says of their queue and their runner, by their names in a reusable workflow too', () => {
    const report = merged([
      known('rebirth / secrets-platform', 6, 13),
      known('rebirth / networking', 61, 62, 'forge-2'),
      known('storage', 61, 85),
      known('lint', 0, 1),
    ]);
    expect(report.jobs).toEqual([
      { name: 'secrets-platform', runner: 'forge-1', queueSeconds: 7, setupSeconds: 7, seconds: 40 },
      { name: 'networking', runner: 'forge-2', queueSeconds: 1, setupSeconds: 18, seconds: 20 },
      { name: 'storage', runner: 'forge-1', queueSeconds: 24, setupSeconds: 5, seconds: 30 },
    ]);
    expect(reportSchema.safeParse(report).error).toBeUndefined();
    expect(renderTerminal(report, { color: false, width: 120 })).toMatch(
      /^Runners +3 jobs waited 32\.0s for one, storage 24\.0s the longest; setting up took 30\.0s$/m,
    );
  });

  it('have no figure that is a guess: unknown, two of one name, or clocks that say less than nothing', () => {
    const report = merged([
      known('a / secrets-platform', 6, 13),
      known('b / secrets-platform', 6, 13),
      known('networking', 61, 95),
      known('storage', 61, undefined),
    ]);
    expect(report.jobs?.map(({ queueSeconds, setupSeconds }) => [queueSeconds, setupSeconds])).toEqual([
      [null, null],
      [34, null],
      [null, null],
    ]);
    expect(renderTerminal(merged([]), { color: false, width: 120 })).toMatch(
      /^Runners +not known: GitHub does not tell/m,
    );
  });

  it('put the barrier of a stage into the slack of its layers, and each layer’s slowest into one list', () => {
    const report = mergeReports(
      plan,
      {
        legs: legs.map((each) => ({
          ...each,
          slowest: [
            { layer: each.leg ?? '', address: 'vm.n', action: 'create', seconds: each.wallSeconds / 2 },
          ],
        })),
        verify: undefined,
      },
      'run',
      0.02,
    );
    expect(report.slack?.map(({ name, seconds }) => [name, seconds])).toEqual([
      ['secrets', 0],
      ['platform', 0],
      ['networking', 20],
      ['storage', 0],
    ]);
    expect(report.slowest?.map(({ layer }) => layer)).toEqual(['secrets,platform', 'storage', 'networking']);
  });
});
