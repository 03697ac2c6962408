import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { badgeOf, badgeSvg, shieldsJson } from '../../src/drill/badge.ts';
import { overdue } from '../../src/drill/dead-man.ts';
import { linesOf, mostLines, readEntries } from '../../src/drill/entries.ts';
import { failureText } from '../../src/drill/issue-text.ts';
import { metricsOf } from '../../src/drill/metrics.ts';
import { percentile, trendOf } from '../../src/drill/trend.ts';
import { ownCastle } from '../../src/drill/which.ts';
import { boxCastle, nodeCastle } from '../../src/request.ts';
import { sampleDrill } from '../support/drills.ts';
import { holds } from '../support/property.ts';
import { layerFailure } from '../support/reports.ts';

const day = 24 * 3600;
const start = Date.UTC(2026, 10, 1, 3);
const now = start + 40 * day * 1000;

function line(days: number, drill: object | undefined, more: object = {}): string {
  const started = new Date(start + days * day * 1000).toISOString();
  return JSON.stringify({
    run: `r${days}`,
    castle: 'twin',
    started,
    wallSeconds: 600,
    layers: { a: days },
    drill,
    ...more,
  });
}
const good = (days: number, blog = 500) =>
  line(days, { verdict: 'good', score: 90, rto: { blog }, flakes: days % 2 });
const failed = (days: number, more: object = {}) =>
  line(days, { verdict: 'failed', score: 10, rto: { blog: null }, flakes: 0 }, { error: 'PHX-X', ...more });
const trend = (...lines: string[]) => trendOf(readEntries(lines.join('\n'), 'twin', now));

describe('the trend of the drills', () => {
  it('counts the streak to the newest, and what failed since the last good one', () => {
    expect(trend(failed(1), good(2), good(3))).toMatchObject({
      streak: 2,
      failedInARow: 0,
      failingSince: null,
    });
    const failing = trend(good(1), failed(2), failed(3));
    expect(failing).toMatchObject({ streak: 0, failedInARow: 2, lastGood: { run: 'r1' } });
    expect(failing.failingSince).toBe(new Date(start + 2 * day * 1000 + 600_000).toISOString());
    expect(trend()).toMatchObject({
      streak: 0,
      drills: 0,
      lastGood: null,
      flakeRate: null,
      mttrSeconds: null,
    });
  });

  it('gives percentiles that were measured, the share with flakes, and how long a mending took', () => {
    const found = trend(good(1, 100), good(2, 300), failed(3), failed(4), good(5, 200));
    expect(found.milestones['blog']).toEqual({ p50: 200, p95: 300, max: 300 });
    expect(found.layers['a']).toEqual({ p50: 2, p95: 5, max: 5 });
    expect(found).toMatchObject({ mttrSeconds: 2 * day, flakeRate: 2 / 5, drills: 5, good: 3 });
  });

  it('leaves out rebirths, cancelled drills and those with a fault put in', () => {
    const cancelled = line(3, { verdict: 'cancelled', score: 0 });
    const fault = line(4, { verdict: 'failed', score: 0, faults: ['git:500'] });
    expect(trend(good(1), line(2, undefined), cancelled, fault)).toMatchObject({
      streak: 1,
      drills: 1,
      strange: 0,
    });
  });

  it('passes over what is corrupt, of another castle, of the future, or there twice', () => {
    const future = line(90, { verdict: 'good', score: 100 });
    const bad = [
      '{',
      'null',
      '[]',
      '"x"',
      line(2, { verdict: 'great' }),
      good(3).slice(0, 40),
      'x'.repeat(70_000),
    ];
    const other = line(4, { verdict: 'good', score: 1 }, { castle: 'box' });
    expect(trend(...bad, other, future, good(5), good(5))).toMatchObject({
      streak: 1,
      drills: 1,
      strange: 9,
    });
  });

  it('takes any bytes for a history, and never more lines than are kept', () => {
    holds(
      fc.property(fc.array(fc.oneof(fc.string(), fc.json(), fc.constant(good(1)))), (lines) => {
        const { drills, strange } = readEntries(lines.join('\n'), 'twin', now);
        expect(drills.length + strange).toBeLessThanOrEqual(linesOf(lines.join('\n')).length);
      }),
    );
    expect(linesOf(`${good(1)}\n`.repeat(mostLines + 5))).toHaveLength(mostLines);
  });

  it('has percentiles between the least and the most, in order', () => {
    holds(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
        const [p50, p95] = [percentile(values, 0.5), percentile(values, 0.95)];
        expect(values).toContain(p50);
        expect(p50).toBeLessThanOrEqual(p95);
        expect(p95).toBeLessThanOrEqual(Math.max(...values));
      }),
    );
  });
});

describe('the badge', () => {
  const at = (days: number, ...lines: string[]) =>
    badgeOf(trend(...lines), { everySeconds: 26 * 3600, now: start + days * day * 1000, shown: 'blog' });

  it('bears the date and the time of the milestone, and no age', () => {
    const badge = at(1.5, good(1, 521));
    expect(badge).toMatchObject({ message: '2026-11-02 · 8:41', color: 'brightgreen' });
    expect(badge.title).toBe('Last good drill 2026-11-02 03:10 UTC, overdue from 2026-11-03 05:10 UTC');
    expect(JSON.parse(shieldsJson(badge))).toMatchObject({
      schemaVersion: 1,
      label: 'last good drill',
      color: 'brightgreen',
    });
  });

  it('is orange after a failure or when overdue, red long after and where there was none', () => {
    expect(at(1.5, good(1), failed(1.2)).color).toBe('orange');
    expect(at(2.5, good(1)).color).toBe('orange');
    expect(at(9, good(1)).color).toBe('red');
    expect(at(9)).toMatchObject({ message: 'never', color: 'red' });
  });

  it('is a picture in which no text is markup, and which fetches nothing', () => {
    const svg = badgeSvg({ label: '<script>', message: '"&', color: 'red', title: '</title>' });
    expect(svg).not.toMatch(/<script|href|url\(|<\/title><\/title>/);
    expect(svg).toContain('&#60;script&#62;');
  });
});

describe("the dead man's switch", () => {
  const castle = { name: 'twin', drill: { everySeconds: 26 * 3600, issue: false } };
  it('strikes where the last good drill is too old, also where bad ones are young', () => {
    const lines = [good(1), failed(2), failed(3)];
    expect(overdue(castle, trend(...lines), start + 1.5 * day * 1000)).toBeUndefined();
    expect(overdue(castle, trend(...lines), start + 3.1 * day * 1000)).toMatchObject({
      code: 'PHX-DRILL-OVERDUE',
      why: expect.stringContaining('failed since then: 2'),
    });
    expect(overdue(castle, trend(), now)?.why).toContain('None was good so far');
  });
});

describe('what is written of a drill', () => {
  it('is a text for Prometheus, where what is not known has no line', () => {
    const report = sampleDrill();
    const { drill } = report;
    if (drill === undefined) throw new Error('no drill');
    const text = metricsOf({ ...report, castle: 'a"b\\c\nd' }, drill, 93_600);
    expect(text).toContain('phoenix_drill_rto_seconds{castle="a\\"b\\\\c\\nd",milestone="blog"} 500\n');
    expect(text).not.toMatch(/rpo_seconds|last_good|streak|null|NaN|undefined/);
    for (const row of text.trimEnd().split('\n'))
      expect(row).toMatch(/^(?:# (?:HELP|TYPE) \w+ .+|\w+\{.+\} [\d.e+-]+)$/);
  });

  it('is a diagnosis that fits into an issue, however long its causes are, and mentions nobody', () => {
    const failures = Array.from({ length: 50 }, (_, at) => ({ name: `l${at} @team`, error: layerFailure }));
    const report = sampleDrill({ verdict: 'failed', failures });
    const long = { ...report, failures: report.failures.map((each) => ({ ...each, why: 'x'.repeat(9000) })) };
    const { drill } = long;
    if (drill === undefined) throw new Error('no drill');
    const earlier = readEntries([failed(1), good(2), failed(3)].join('\n'), 'twin', now).drills;
    const text = failureText(long, drill, { url: 'https://github.com/o/r/actions/runs/1', earlier });
    expect(text.length).toBeLessThan(65_000);
    expect(text).not.toContain('@team');
    expect(text).toContain('[its run](https://github.com/o/r/actions/runs/1)');
    const short = failureText(report, { ...drill }, { url: '', earlier: [] });
    expect(short).toContain('PHX-LAYER-FAILED');
  });
});

describe('a drill that names no castle', () => {
  it('is of the box, with a real node only for root on Linux', () => {
    expect(ownCastle({ platform: 'linux', uid: 0 })).toEqual({ castle: nodeCastle, node: 'real' });
    expect(ownCastle({ platform: 'linux', uid: 1000 })).toEqual({ castle: boxCastle, node: 'none' });
    expect(ownCastle({ platform: 'darwin', uid: 0 })).toEqual({ castle: boxCastle, node: 'none' });
  });
});
