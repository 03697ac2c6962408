import { describe, expect, it } from 'vitest';
import { compare, type Rebirth, rebirthOf } from '../../bench/fast-track/figures.ts';
import { tableOf } from '../../bench/fast-track/table.ts';
import { sampleDrill } from '../support/drills.ts';
import { at, layerResult, origin } from '../support/reports.ts';

const moment = (seconds: number) => new Date(at(seconds)).toISOString();

const inTurn = [
  layerResult('secrets', [], 25, 30),
  layerResult('engine', ['secrets'], 30, 100),
  layerResult('storage', ['engine'], 100, 160),
  layerResult('gitops', ['engine'], 160, 220),
];
const atOnce = [...inTurn.slice(0, 3), layerResult('gitops', ['engine'], 101, 180)];

const of = (order: Rebirth['order'], round: number) => ({ order, round, load: 0.5 });

/** A drill that was gone at 20 s and had its blog at 520 s, with a restore from `began` to `ended`. */
function drill(layers: typeof inTurn, began: number, ended: number) {
  const milestones = [{ name: 'blog', seconds: 500, targetSeconds: 523 }];
  const report = sampleDrill({ layers, milestones });
  const rto = { blog: 500, stack: 600 };
  return {
    ...report,
    ...(report.drill === undefined ? {} : { drill: { ...report.drill, rto } }),
    database: {
      rungs: [],
      restore: { started: moment(began), ended: moment(ended) },
      ...{ rpoSeconds: 0, witness: null },
    },
  };
}

describe('what a drill says of the two orders', () => {
  it('is counted from the first deletion on', () => {
    expect(rebirthOf(of('fast track', 2), drill(atOnce, 300, 540))).toEqual({
      ...{ ...of('fast track', 2), begun: 5, layers: 160 },
      ...{ restoreBegan: 280, restoreEnded: 520, blog: 500, stack: 600 },
    });
    expect(origin).toBe(Date.parse(moment(0)));
  });

  it('is not taken for V1 where layers ran side by side, or the blog was there before the restore', () => {
    expect(rebirthOf(of('V1', 1), drill(inTurn, 300, 400))).toMatchObject({ order: 'V1', layers: 200 });
    expect(() => rebirthOf(of('V1', 1), drill(atOnce, 300, 400))).toThrow(
      'gitops began before storage had ended',
    );
    expect(() => rebirthOf(of('V1', 1), drill(inTurn, 300, 540))).toThrow('blog before its database');
  });

  it('counts for nothing where the drill is not good, or does not tell when the restore ran', () => {
    const good = drill(atOnce, 300, 540);
    const { restore: _, ...database } = good.database;
    expect(() => rebirthOf(of('V1', 1), { ...good, database })).toThrow('when its restore ran');
    expect(() => rebirthOf(of('V1', 1), { ...good, database: { ...database, restore: null } })).toThrow();
    const failed = sampleDrill({
      leaks: { checked: 1, found: [{ secret: 'S', place: 'p', encoding: 'raw' }] },
    });
    expect(() => rebirthOf(of('V1', 1), { ...failed, database: good.database })).toThrow('1 secrets leaked');
    const { drill: figures } = good;
    if (figures === undefined) throw new Error('no drill');
    const unreached = { ...good, drill: { ...figures, rto: { blog: 500, stack: null } } };
    expect(() => rebirthOf(of('V1', 1), unreached)).toThrow('no RTO of the milestone stack');
  });
});

const rebirth = (order: Rebirth['order'], round: number, blog: number, restoreEnded: number): Rebirth => ({
  ...{ order, round, blog, restoreEnded, load: round / 2 },
  ...{ begun: 4, layers: 30, restoreBegan: restoreEnded - 5, stack: restoreEnded + 10 },
});
const measured = compare('two cores', 20_000, [
  rebirth('fast track', 1, 40, 45),
  rebirth('V1', 1, 90, 60),
  rebirth('V1', 2, 100, 61),
  rebirth('fast track', 2, 42, 42),
  rebirth('fast track', 3, 35, 47),
]);

describe('the comparison of the two orders', () => {
  it('has medians with their spread, and in how many runs the blog came before the end of the restore', () => {
    expect(measured.orders).toMatchObject([
      {
        ...{ name: 'fast track', runs: 3, blogBeforeRestore: 2 },
        ...{ blog: { median: 40, min: 35, max: 42 }, stack: { median: 55, min: 52, max: 57 } },
      },
      { name: 'V1', runs: 2, blogBeforeRestore: 0, blog: { median: 95, min: 90, max: 100 } },
    ]);
    expect(measured.rebirths).toHaveLength(5);
  });

  it('is one table, with how much longer V1 takes', () => {
    const text = tableOf(measured);
    expect(text).toContain('a database of 20000 rows, on two cores');
    expect(text).toContain('before the drills: 0.5–1.5.');
    expect(text).toContain('|  | fast track, 3 runs | V1, 2 runs |');
    expect(text).toContain('| Blog | 40.0 (35.0–42.0) | 95.0 (90.0–100.0) |');
    expect(text).toContain('| Blog online before the restore has ended | 2 of 3 | 0 of 2 |');
    expect(text).toContain('Blog: V1 takes 2.38 times as long, 55.0 s more.');
  });

  it('compares nothing with an order that was not measured', () => {
    const text = tableOf(compare('here', null, [rebirth('fast track', 1, 40, 45)]));
    expect(text).toContain('its database as it comes');
    expect(text).not.toContain('V1');
  });
});
