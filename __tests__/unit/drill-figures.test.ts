import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drillOf } from '../../src/drill/figures.ts';
import { notGood, withTrend } from '../../src/drill/judge.ts';
import { drillRows } from '../../src/drill/words.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { renderSummary } from '../../src/report/summary.ts';
import { renderTerminal } from '../../src/report/terminal.ts';
import { sampleDrill } from '../support/drills.ts';
import { holds } from '../support/property.ts';
import { layerFailure, layerResult, origin, sampleReport } from '../support/reports.ts';

const row = {
  ...{ run: 'r', nonce: 'n', at: new Date(origin + 17_000).toISOString(), lsn: '0/1', wal: 'w', timeline: 1 },
  ...{ system: 's', database: 'd', table: 't', failures: 0, place: 'p', signed: true },
};
const witness = { is: 'archived', reason: null, row } as const;
const rungs = (v3: 'passed' | 'failed' | 'skipped') => ({
  database: {
    rungs: [
      { rung: 'V2' as const, is: 'passed' as const, seen: '', reason: null },
      { rung: 'V3' as const, is: v3, seen: '', reason: 'row B is not there' },
    ],
    rpoSeconds: null,
    witness: null,
  },
});

describe('the figures of a drill', () => {
  it('count every RTO from when the castle was gone', () => {
    expect(sampleDrill().drill).toMatchObject({ verdict: 'good', rto: { blog: 500 }, why: [], score: 100 });
  });

  it('count from the run that destroyed it, where another one goes on', () => {
    const gone = new Date(origin - 3_600_000).toISOString();
    const { fromNothing } = sampleDrill();
    if (fromNothing === undefined) throw new Error('not from nothing');
    expect(sampleDrill({ fromNothing: { ...fromNothing, resumed: 'raising', gone } }).drill).toMatchObject({
      resumed: true,
      rto: { blog: 3600 + 520 },
    });
  });

  it('are of a failed drill where the run failed, where nothing was destroyed and where a secret leaked', () => {
    const failed = sampleDrill({ verdict: 'failed', failures: [{ name: 'storage', error: layerFailure }] });
    expect(failed.drill).toMatchObject({
      verdict: 'failed',
      why: [expect.stringContaining('PHX-LAYER-FAILED')],
    });
    expect(drillOf(sampleReport(), { faults: [] }).verdict).toBe('failed');
    const leak = { secret: 'S', place: 'p', encoding: 'raw' };
    const leaked = sampleDrill({ leaks: { checked: 3, found: [leak] } }).drill;
    expect(leaked).toMatchObject({ verdict: 'failed', leaks: 1 });
    expect(sampleDrill({ leaks: { checked: 0, found: [] } }).drill?.leaks).toBeNull();
  });

  it('say of no witness that the castle asks for none, but where nothing was destroyed', () => {
    const reason = (report: Parameters<typeof drillOf>[0]) => drillOf(report, { faults: [] }).witness.reason;
    expect(reason(sampleDrill())).toBe('The castle asks for no witness.');
    expect(reason(sampleReport())).toBe('Nothing was destroyed, and no witness written.');
  });

  it('never take a witness for found that nobody looked for', () => {
    const { drill } = sampleDrill({ witness });
    expect(drill).toMatchObject({ verdict: 'good', witness: { b: 'unknown' }, rpoSeconds: null });
    expect(drill?.parts).toContainEqual(expect.objectContaining({ part: 'data', points: 0, of: 20 }));
    const skipped = drillOf({ ...sampleDrill({ witness }), ...rungs('skipped') }, { faults: [] });
    expect(skipped.witness.b).toBe('unknown');
  });

  it('fail a drill whose witness is missing, and measure the RPO where it is found', () => {
    const found = drillOf({ ...sampleDrill({ witness }), ...rungs('passed') }, { faults: [] });
    expect(found).toMatchObject({ verdict: 'good', witness: { b: 'found' }, rpoSeconds: 3, score: 100 });
    const missing = drillOf({ ...sampleDrill({ witness }), ...rungs('failed') }, { faults: [] });
    expect(missing).toMatchObject({ verdict: 'failed', witness: { b: 'missing' }, rpoSeconds: null });
    const { database } = rungs('failed');
    const lost = { database: { ...database, rpoSeconds: 90, witness: { nonce: 'n', a: true, b: false } } };
    expect(drillOf({ ...sampleDrill({ witness }), ...lost }, { faults: [] })).toMatchObject({
      ...{ verdict: 'failed', rpoSeconds: 90 },
      witness: { a: 'found', b: 'missing', reason: 'row B is not there' },
    });
    expect(notGood('tazlab', missing.why).why).toContain('row B is not there');
  });

  it('take 2 points for each retry and flap, and say for what', () => {
    const layers = [{ ...layerResult('a', [], 0, 5), retries: 2 }];
    const flapping = {
      ...sampleDrill({ layers }),
      probes: [
        {
          name: 'dns',
          kind: 'dns' as const,
          verdict: 'passed' as const,
          seconds: 1,
          passes: 2,
          flaps: 1,
          reason: '',
          lastSeen: null,
        },
      ],
    };
    const drill = drillOf(flapping, { faults: [], restarts: 1 });
    expect(drill.flakes).toEqual([
      { name: 'a', what: 'retried 2 times' },
      { name: 'dns', what: 'flapped once' },
    ]);
    expect(drill.parts).toContainEqual({
      ...{ part: 'steady', points: 2, of: 10 },
      why: '2 retries, 1 restarts, 1 milestones or probes that flapped.',
    });
  });

  it('have a score that its parts add up to, whatever happened', () => {
    holds(
      fc.property(fc.nat(9), fc.boolean(), fc.nat(3), fc.boolean(), (retries, met, leaks, database) => {
        const found = Array.from({ length: leaks }, () => ({ secret: 'S', place: 'p', encoding: 'raw' }));
        const milestones = [{ name: 'blog', seconds: met ? 500 : 600, targetSeconds: 523 }];
        const report = sampleDrill({
          layers: [{ ...layerResult('a', [], 0, 5), retries }],
          leaks: { checked: 1, found },
          milestones,
          ...(database ? { witness } : {}),
        });
        const { score, parts } = drillOf(report, { faults: [] });
        const sum = (of: 'points' | 'of') => parts.reduce((all, each) => all + each[of], 0);
        expect(score).toBe(Math.floor((sum('points') / sum('of')) * 100));
        expect(score === 100).toBe(parts.every(({ points, of }) => points === of));
      }),
    );
  });

  it('stand in the report, the terminal and the summary, where nothing of the history is a command or markup', () => {
    const report = sampleDrill();
    const { drill } = report;
    if (drill === undefined) throw new Error('no drill');
    const hostile = `${JSON.stringify({ run: 'x', castle: 'tazlab', started: report.started, wallSeconds: 1, layers: { '::error::|<b>': 1 }, drill: { verdict: 'good', score: 1, rto: { blog: 480 } } })}\nnot json`;
    const whole = { ...report, drill: withTrend(report, drill, hostile) };
    expect(reportSchema.parse(JSON.parse(JSON.stringify(whole)))).toEqual(whole);
    expect(whole.drill).toMatchObject({ streak: 2, trend: { drills: 2, good: 2, strange: 1 } });
    const terminal = renderTerminal(whole, { color: false, width: 100 });
    expect(terminal).toMatch(/^Drill +good, score 100 of 100, 2 good in a row$/m);
    expect(terminal).toContain('blog 8m 20s (p50 8m 00s, p95 8m 20s, max 8m 20s)');
    expect(renderSummary(whole)).toContain('| Drill | good, score 100 of 100, 2 good in a row |');
    expect(drillRows(undefined)).toEqual([]);
  });
});
