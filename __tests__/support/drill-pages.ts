import { drillOf } from '../../src/drill/figures.ts';
import { withTrend } from '../../src/drill/judge.ts';
import { PhoenixError } from '../../src/errors.ts';
import type { ReportInput } from '../../src/report/build.ts';
import { historyLine } from '../../src/report/history-entry.ts';
import { createLedger } from '../../src/report/ledger.ts';
import { readPast } from '../../src/report/page/past.ts';
import type { PageInput } from '../../src/report/page/render.ts';
import type { Report } from '../../src/report/schema.ts';
import { at, layerResult, origin, sampleReport } from './reports.ts';

/** A drill in a box: raised from 3 s, looked at, destroyed from 60 s with the witness, gone at 68 s, raised from 70 s. */
const firstLife = [layerResult('secrets', [], 3, 4), layerResult('platform', ['secrets'], 4, 16)];
const destroy = [layerResult('platform', [], 68, 69), layerResult('secrets', [], 69, 69.5)];
const secondLife = [
  layerResult('secrets', [], 70, 71),
  layerResult('platform', ['secrets'], 71, 82),
  layerResult('gitops', ['platform'], 82, 90),
];

function spans(stack: 'ok' | 'failed'): ReportInput['spans'] {
  let now = origin;
  const ledger = createLedger(() => now, new Date(origin));
  ledger.record('start-up', 'phase', at(0), at(0.3));
  ledger.record('castle', 'phase', at(0.3), at(0.4));
  ledger.record('plan', 'phase', at(0.4), at(0.6));
  ledger.record('box', 'phase', at(0.6), at(3));
  for (const { name, ran } of [...firstLife, ...destroy, ...secondLife])
    ledger.record(name, 'layer', ran?.from ?? 0, ran?.to ?? 0);
  ledger.record('stack', 'milestone', at(16), at(40));
  ledger.record('verify', 'phase', at(16), at(60));
  ledger.record('witness', 'phase', at(60), at(68));
  ledger.record('blog', 'milestone', at(82), at(100));
  now = at(82);
  const waited = ledger.open('stack', 'milestone');
  now = at(112);
  waited.close(stack);
  ledger.record('verify', 'phase', at(90), at(118));
  ledger.record('leak audit', 'phase', at(119), at(126));
  return ledger.snapshot();
}

const probes: NonNullable<Report['probes']> = [
  {
    name: 'blog: http://127.0.0.1:8080/',
    kind: 'http',
    verdict: 'passed',
    seconds: 11,
    passes: 1,
    flaps: 0,
    reason: null,
    lastSeen: 'answered 200',
  },
  {
    name: 'nodes',
    kind: 'nodes',
    verdict: 'passed',
    seconds: 1,
    passes: 2,
    flaps: 0,
    reason: null,
    lastSeen: '1 node is Ready',
  },
];

const rungs: NonNullable<Report['database']>['rungs'] = [
  { rung: 'V0', is: 'passed', seen: 'a full backup, 41 s old', reason: null },
  { rung: 'V3', is: 'passed', seen: 'A found, B found', reason: null },
];

function drilled(changes: Partial<ReportInput>, stack: 'ok' | 'failed'): Report {
  return sampleReport({
    castle: 'tazlab',
    wallSeconds: 126,
    spans: spans(stack),
    layers: secondLife,
    gates: [],
    milestones: [
      { name: 'blog', seconds: 30, targetSeconds: 240 },
      { name: 'stack', seconds: stack === 'ok' ? 42 : undefined, targetSeconds: 480 },
    ],
    probes,
    database: { rungs, rpoSeconds: 0, witness: { nonce: 'n', a: true, b: true } },
    witness: {
      is: 'archived',
      reason: null,
      row: {
        ...{
          run: 'this',
          nonce: 'n',
          at: new Date(at(66)).toISOString(),
          lsn: '0/1',
          wal: '000000010000000000000007',
        },
        ...{ timeline: 1, system: '7', database: 'mnemosyne', table: 'witness', failures: 0 },
        ...{ place: 'beside the states', signed: true },
      },
    },
    fromNothing: {
      resumed: null,
      reached: 'reborn',
      gone: new Date(at(68)).toISOString(),
      firstBirthSeconds: 57,
      destroySeconds: 10,
      destroyed: [{ name: 'platform', verdict: 'destroyed', seconds: 1 }],
    },
    ...changes,
  });
}

/** The lines of `count` drills before it, some failed, one with a fault put in. */
export function drillLines(count: number): string {
  const report = drilled({}, 'ok');
  return Array.from({ length: count }, (_, index) => {
    const drill = drillOf(report, { faults: index === 2 ? ['s3:down'] : [] });
    const slower = 1 + Math.sin(index) / 10;
    const rto = Object.fromEntries(
      Object.entries(drill.rto).map(([name, seconds]) => [name, (seconds ?? 0) * slower]),
    );
    return historyLine({
      ...report,
      run: `drill-${index}`,
      started: new Date(origin - (count - index) * 86_400_000).toISOString(),
      drill: index === 4 ? { ...drill, verdict: 'failed', rto: { ...rto, stack: null } } : { ...drill, rto },
    });
  }).join('\n');
}

/** A good drill, by the drills before it. */
export function drillPage(before = 8): PageInput {
  const report = drilled({}, 'ok');
  const lines = drillLines(before);
  const drill = withTrend(report, drillOf(report, { faults: [] }), lines);
  return { report: { ...report, drill }, past: { runs: readPast(lines, 'tazlab') }, cautions: [] };
}

const lastSeen = "Its signature is not that of the castle's key: who wrote the record is not known.";

const failure = new PhoenixError({
  code: 'PHX-VERIFY-MILESTONE',
  class: 'verify',
  what: 'Milestone stack: the database will not come by itself.',
  why: `Last seen: ${lastSeen}`,
  next: 'See who wrote it.',
});

const failedParts: Partial<ReportInput> = {
  verdict: 'failed',
  failures: [{ name: 'stack', error: failure }],
  probes: [
    ...probes,
    {
      name: 'stack: the database',
      kind: 'database',
      verdict: 'failed',
      seconds: 24.6,
      passes: 0,
      flaps: 0,
      reason: 'it will not pass by itself',
      lastSeen,
    },
    {
      name: 'volume',
      kind: 'volume',
      verdict: 'skipped',
      seconds: 0,
      passes: 0,
      flaps: 0,
      reason: 'stack failed before',
      lastSeen: null,
    },
  ],
  database: {
    rungs: [
      ...rungs.slice(0, 1),
      { rung: 'V3', is: 'failed', seen: lastSeen, reason: lastSeen },
      { rung: 'V4', is: 'skipped', seen: '', reason: 'there is no genuine witness (V3)' },
    ],
    rpoSeconds: null,
    witness: null,
  },
};

/** One that destroyed the castle and could not bring all of it back. */
export function failedDrillPage(): PageInput {
  const { fromNothing } = drilled({}, 'ok');
  const report = drilled(
    {
      ...failedParts,
      ...(fromNothing === undefined ? {} : { fromNothing: { ...fromNothing, reached: 'raising' } }),
    },
    'failed',
  );
  const drill = drillOf(report, { faults: [] });
  return {
    report: { ...report, drill },
    past: { runs: [], missing: 'the branch x: It answered 503.' },
    cautions: [],
  };
}

/** One that failed while the box was raised to be destroyed: nothing is gone. */
export function earlyDrillPage(): PageInput {
  const { fromNothing: _, ...report } = drilled(failedParts, 'failed');
  return { report: { ...report, drill: drillOf(report, { faults: [] }) }, past: { runs: [] }, cautions: [] };
}
