import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { castleSchema } from '../../src/castle/schema.ts';
import { budgetError, withJudgement } from '../../src/insight/judge.ts';
import { type Sample, sampleOf, sampleSchema, samplesIn } from '../../src/insight/sample.ts';
import { insightRows } from '../../src/insight/words.ts';
import type { ReportInput } from '../../src/report/build.ts';
import { historyLine } from '../../src/report/history-entry.ts';
import { type Report, reportSchema } from '../../src/report/schema.ts';
import { renderTerminal } from '../../src/report/terminal.ts';
import { holds } from '../support/property.ts';
import { layerResult, sampleReport } from '../support/reports.ts';

const castleWith = (budget: unknown) => {
  const milestones = { blog: { within: '9m', all: [{ http: 'https://blog.example.org' }] } };
  return castleSchema.parse({ version: 1, castle: 'tazlab', live: 'live', milestones, budget });
};
const free = { name: 'tazlab', budget: castleWith({}).budget };
const within = (budget: unknown) => ({ name: 'tazlab', budget: castleWith(budget).budget });

function run(
  name: string,
  platform: number,
  verdict: 'applied' | 'unchanged' = 'applied',
  changes: Partial<ReportInput> = {},
): Report {
  return sampleReport({
    run: name,
    layers: [layerResult('platform', [], 0, platform, verdict)],
    gates: [],
    spans: [],
    wallSeconds: platform + 20,
    milestones: [{ name: 'blog', seconds: platform + 10, targetSeconds: 500 }],
    ...changes,
  });
}

function samples(...seconds: number[]): Sample[] {
  return seconds.map((each, index) => sampleOf(run(`run-${index}`, each)) ?? { layers: {}, gates: {} });
}

const part = (report: Report, kind: string, name: string) =>
  report.comparison?.parts.find((each) => each.kind === kind && each.name === name);

describe('a run against those before it', () => {
  test('says by how much a layer, a milestone and the whole are slower than the median of the last that did the same', () => {
    const report = withJudgement(free, run('now', 140), samples(99, 100, 101, 100, 102), 'machine');
    expect(part(report, 'layer', 'platform')).toEqual({
      kind: 'layer',
      name: 'platform',
      ...{ seconds: 140, runs: 5, medianSeconds: 100, minSeconds: 99, maxSeconds: 102, is: 'slower' },
    });
    expect([part(report, 'milestone', 'blog')?.is, part(report, 'total', 'total')?.is]).toEqual([
      'slower',
      'slower',
    ]);
    expect(insightRows(report)).toContainEqual({
      name: 'Earlier runs',
      text: expect.stringContaining('platform 40 % slower than the median of the last 5 (1m 40s)'),
    });
    expect(reportSchema.safeParse(report).error).toBeUndefined();
  });

  test('is usual within what they differ among themselves, and within what nobody would notice', () => {
    const noisy = withJudgement(free, run('now', 150), samples(80, 100, 120, 90, 140), 'machine');
    expect(part(noisy, 'layer', 'platform')?.is).toBe('usual');
    const still = withJudgement(free, run('now', 104), samples(100, 100, 100, 100, 100), 'machine');
    expect(part(still, 'layer', 'platform')?.is).toBe('usual');
    expect(insightRows(still)).toContainEqual({
      name: 'Earlier runs',
      text: 'as the last 5 that did the same',
    });
  });

  test('is not slower than one that took for ever, nor than four, which are too few to tell what is usual', () => {
    const once = withJudgement(free, run('now', 140), samples(100, 100, 100, 100, 900), 'machine');
    expect(part(once, 'layer', 'platform')?.is).toBe('usual');
    const few = withJudgement(free, run('now', 140), samples(100, 100, 100, 100), 'machine');
    expect(part(few, 'layer', 'platform')).toMatchObject({ is: 'unknown', medianSeconds: null, runs: 4 });
    expect(insightRows(few)).toContainEqual({
      name: 'Earlier runs',
      text: '4 that did the same are known, too few to compare',
    });
  });

  test('of which one had nothing to change is held only against its like', () => {
    const idle = [1, 2, 3, 4, 5].map((index) => sampleOf(run(`idle-${index}`, 5, 'unchanged')) ?? fail());
    const applied = withJudgement(free, run('now', 100), idle, 'machine');
    expect(part(applied, 'layer', 'platform')?.is).toBe('unknown');
    const unchanged = withJudgement(free, run('now', 100, 'unchanged'), idle, 'machine');
    expect(part(unchanged, 'layer', 'platform')?.is).toBe('slower');
  });

  test('leaves itself out, a failed run, another mode, and stand-ins of another kind', () => {
    const own = samples(100, 100, 100, 100, 100).map((sample) => ({ ...sample, run: 'now' }));
    expect(withJudgement(free, run('now', 140), own, 'machine').comparison?.runs).toBe(0);
    const other = samples(100, 100, 100, 100, 100).map((sample) => ({ ...sample, mode: 'matrix' }));
    expect(part(withJudgement(free, run('now', 140), other, 'machine'), 'layer', 'platform')?.runs).toBe(0);
    const real = withJudgement(
      free,
      run('now', 140, 'applied', { standIns: [] }),
      samples(100, 100, 100, 100, 100),
      'machine',
    );
    expect(real.comparison?.runs).toBe(0);
    const failed = run('now', 140, 'applied', { verdict: 'failed' });
    expect(withJudgement(free, failed, samples(100, 100, 100, 100, 100), 'machine')).toBe(failed);
    expect(sampleOf(failed)).not.toHaveProperty('like');
  });

  test('leaves out legs of a matrix, whose whole run has their layers already', () => {
    const legs = samples(100, 100, 100, 100, 100).map(({ like: _, ...sample }) => sample);
    const report = withJudgement(free, run('now', 140), legs, 'machine');
    expect(part(report, 'layer', 'platform')).toMatchObject({ runs: 0, is: 'unknown' });
  });

  test('counts no destroy, and no first birth of a drill, into the whole', () => {
    const fromNothing = {
      ...{
        resumed: null,
        reached: 'reborn' as const,
        destroySeconds: 30,
        firstBirthSeconds: 50,
        destroyed: [],
      },
    };
    const report = run('now', 100, 'applied', { fromNothing, wallSeconds: 200 });
    expect(part(withJudgement(free, report, [], 'machine'), 'total', 'total')?.seconds).toBe(120);
  });

  test('is never called slower for a time that one of the runs before took too, nor faster', () => {
    holds(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 5, maxLength: 8 }),
        fc.nat(7),
        (all, index) => {
          const seconds = all[index % all.length] ?? 1;
          const report = withJudgement(free, run('now', seconds), samples(...all), 'machine');
          expect(report.comparison?.parts.map(({ is }) => is)).toEqual(['usual', 'usual', 'usual']);
        },
      ),
    );
  });

  test('reads the branch’s lines, newest first and each run once, past what is broken or older', () => {
    const lines = [
      '{"run":"old","layers":{"platform":1}}',
      historyLine(run('a', 10)),
      '{',
      historyLine(run('b', 20)),
    ];
    const read = samplesIn([...lines, historyLine(run('a', 10))].join('\n'));
    expect(read.map(({ run: name, totalSeconds }) => [name, totalSeconds])).toEqual([
      ['b', 40],
      ['a', 30],
    ]);
  });

  test('takes what an older version kept of a run for its forecast, and compares nothing with it', () => {
    const old = sampleSchema.parse({ layers: { platform: 100 }, gates: {} });
    const report = withJudgement(free, run('now', 140), [old, old, old, old, old], 'machine');
    expect(report.comparison?.parts.map(({ is, runs }) => [is, runs])).toEqual(
      report.comparison?.parts.map(() => ['unknown', 0]),
    );
  });
});

describe('the budget', () => {
  test('that is kept says so and costs nothing', () => {
    const report = withJudgement(
      within({ total: '3m', layers: { platform: '2m' } }),
      run('now', 100),
      [],
      'machine',
    );
    expect(report.budget?.parts.map(({ name, is, limitSeconds }) => [name, is, limitSeconds])).toEqual([
      ['total', 'kept', 180],
      ['platform', 'kept', 120],
    ]);
    expect([report.budget?.error, budgetError(report)]).toEqual([null, undefined]);
  });

  test('that is not makes the job fail with each part that is over, and leaves the castle reborn', () => {
    const budget = within({ total: '3m', milestones: { blog: '1m' }, layers: { platform: '90s' } });
    const report = withJudgement(budget, run('now', 100), [], 'machine');
    expect([report.verdict, report.error, report.budget?.error?.code]).toEqual([
      'reborn',
      null,
      'PHX-BUDGET-OVER',
    ]);
    expect(budgetError(report)).toMatchObject({
      exitCode: 9,
      what: 'tazlab is reborn, but over its budget: milestone blog took 1m 50s of 1m 00s; layer platform took 1m 40s of 1m 30s.',
    });
    const text = renderTerminal(report, { color: false, width: 100 });
    expect(text).toMatch(/^Budget blog +1m 50s of 1m 00s, OVER$/m);
    expect(text).toMatch(/^PHX-BUDGET-OVER \[budget\]: tazlab is reborn, but/m);
    expect(text.trimEnd().split('\n').at(-1)).toContain('tazlab is reborn in');
    expect(reportSchema.safeParse(report).error).toBeUndefined();
  });

  test('as a share is of the median of the last runs, and is not held where too few are known', () => {
    const budget = within({ layers: { platform: '20%' } });
    const held = (seconds: number, ...before: number[]) =>
      withJudgement(budget, run('now', seconds), samples(...before), 'machine').budget?.parts[0];
    expect(held(120, 100, 90, 110, 95, 105)).toMatchObject({ is: 'kept', limitSeconds: 120 });
    expect(held(121, 100, 90, 110, 95, 105)).toMatchObject({ is: 'over', limitSeconds: 120 });
    expect(held(500, 100, 90, 110, 95)).toMatchObject({
      ...{ is: 'unknown', limitSeconds: null },
      reason: '4 runs that did the same are known, and 5 are needed',
    });
  });

  test('is not kept by a layer that did not run, and not held at all of what is no whole rebirth', () => {
    const other = run('now', 100, 'applied', { layers: [] });
    expect(
      withJudgement(within({ layers: { platform: '2m' } }), other, [], 'machine').budget?.parts[0],
    ).toMatchObject({
      ...{ is: 'unknown', seconds: null, reason: 'it did not run' },
    });
    const leg = run('now', 100, 'applied', { command: 'layers', verdict: 'applied' });
    expect(withJudgement(within({ total: '1s' }), leg, [], 'machine').budget).toBeUndefined();
  });

  test('takes no milestone that the castle has not, and no limit of another form', () => {
    expect(() => castleWith({ milestones: { bolg: '1m' } })).toThrow(/names of `milestones`/);
    expect(() => castleWith({ total: 'soon' })).toThrow(/a duration such as `2m`, or by how much/);
  });
});

function fail(): never {
  throw new Error('a run that did something leaves a sample');
}
