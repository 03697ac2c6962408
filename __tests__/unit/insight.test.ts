import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gainOf, slackOf } from '../../src/insight/slack.ts';
import { type Timed, timedOf } from '../../src/insight/timed-nodes.ts';
import { insightRows } from '../../src/insight/words.ts';
import { buildGraph } from '../../src/plan/graph.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { renderSummary } from '../../src/report/summary.ts';
import { renderTerminal } from '../../src/report/terminal.ts';
import { type Job, jobs } from '../support/graphs.ts';
import { holds } from '../support/property.ts';
import { at, layerResult, sampleReport } from '../support/reports.ts';

const slackIn = (report: ReturnType<typeof sampleReport>) =>
  Object.fromEntries(
    (report.slack ?? []).map(({ name, seconds, milestones }) => [name, [seconds, milestones]]),
  );

/** The run as an engine without any overhead would do it; `longer` adds to one node's time. */
function played(nodes: readonly Job[], longer: { id: string; by: number } = { id: '', by: 0 }): Timed {
  const graph = buildGraph(nodes);
  const ends = new Map<string, number>();
  const timed = graph.order.map((id) => {
    const job = nodes.find((each) => each.id === id);
    const dependencies = graph.dependencies.get(id) ?? [];
    const started = dependencies.reduce((last, other) => Math.max(last, ends.get(other) ?? 0), 0);
    const ended = started + (job?.duration ?? 0) + (longer.id === id ? longer.by : 0);
    ends.set(id, ended);
    return { id, name: id, kind: 'layer' as const, dependencies, started, ended };
  });
  return { nodes: timed, reached: [] };
}

const endIn = ({ nodes }: Timed) => Math.max(...nodes.map(({ ended }) => ended));

describe('slack', () => {
  test('is nothing on the critical path, and beside it what is left before the end moves', () => {
    const report = sampleReport({ milestones: [], spans: [] });
    expect(slackIn(report)).toEqual({
      secrets: [0, {}],
      platform: [0, {}],
      engine: [0, {}],
      claim: [0, {}],
      gitops: [0, {}],
      networking: [68, {}],
      storage: [18, {}],
    });
  });

  test('before a milestone is nothing for what it can have waited for, and none for what ended behind it', () => {
    const report = sampleReport({
      spans: [{ id: 1, parent: null, name: 'blog', kind: 'milestone', from: 200, to: 290, verdict: 'ok' }],
    });
    expect(slackIn(report)).toMatchObject({
      engine: [0, { blog: 0 }],
      // Later than this the milestone would come so late that the end moves with it.
      networking: [28, { blog: 0 }],
      storage: [18, { blog: null }],
      gitops: [0, { blog: null }],
    });
  });

  test('is exact: that much longer moves nothing, and any more moves the end by as much', () => {
    holds(
      fc.property(jobs(), fc.nat(13), fc.integer({ min: 1, max: 9 }), (nodes, index, more) => {
        const timed = played(nodes);
        const id = nodes[index % nodes.length]?.id ?? '';
        const seconds = slackOf(timed).find(({ node }) => node.id === id)?.seconds ?? -1;
        expect(endIn(played(nodes, { id, by: seconds }))).toBe(endIn(timed));
        expect(endIn(played(nodes, { id, by: seconds + more }))).toBe(endIn(timed) + more);
      }),
    );
  });

  test('has its other side: what a node that takes no time would win is what a run without it takes less', () => {
    holds(
      fc.property(jobs(), fc.nat(13), (nodes, index) => {
        const job = nodes[index % nodes.length];
        if (job === undefined) return;
        const without = nodes.map((each) => (each === job ? { ...each, duration: 0 } : each));
        const timed = played(nodes);
        expect(gainOf(timed, job.id)).toBe(endIn(timed) - endIn(played(without)));
      }),
    );
  });

  test('in a matrix is held by the stage: what ends later holds up legs that do not need it', () => {
    const { layers, gates, spans, started } = sampleReport({
      layers: [layerResult('a', [], 0, 10), layerResult('b', [], 0, 30), layerResult('c', ['a'], 35, 60)],
      gates: [],
      spans: [],
      milestones: [],
    });
    const books = { layers, gates, spans, started };
    const seconds = (stages: string[][]) =>
      Object.fromEntries(
        slackOf(timedOf(books, stages)).map(({ node, seconds: slack }) => [node.name, slack]),
      );
    expect(seconds([])).toEqual({ a: 0, b: 30, c: 0 });
    expect(seconds([['a', 'b'], ['c']])).toEqual({ a: 20, b: 0, c: 0 });
  });

  test('of a gate that bears a layer’s name is told apart from it', () => {
    const report = sampleReport({
      layers: [layerResult('claim', [], 0, 10), layerResult('last', ['claim'], 10, 20)],
      gates: [{ name: 'claim', after: 'claim', ran: { from: at(10), to: at(12) }, verdict: 'passed' }],
      spans: [],
      milestones: [],
    });
    expect(report.slack?.map(({ name, kind, seconds }) => [name, kind, seconds])).toEqual([
      ['claim', 'layer', 0],
      ['last', 'layer', 0],
      ['claim', 'gate', 8],
    ]);
  });

  test('of layers that wait in a circle, as only a damaged report has them, is not told', () => {
    const report = sampleReport({
      layers: [layerResult('a', ['b'], 0, 10), layerResult('b', ['a'], 0, 10)],
      gates: [],
    });
    expect(report.slack).toEqual([]);
  });
});

describe('what would make a run faster', () => {
  test('is the wait behind the last layer where that holds the end, then the longest layer of the path', () => {
    expect(sampleReport().advice).toEqual([
      'blog came 3m 22s behind gitops, the last that ended before it: what the cluster does in that time decides, no layer.',
      'gitops holds 36 % of the critical path (1m 56s); no more than 18.0s can be won there.',
      'networking is off the critical path: 1m 08s longer would not move the end.',
    ]);
  });

  test('names the resource that the longest layer spends its time on, and what is off the path of a milestone', () => {
    const slowest = [{ address: 'talos_machine.node', action: 'create', seconds: 80 }];
    const report = sampleReport({
      layers: [
        { ...layerResult('platform', [], 0, 113), slowest },
        layerResult('gitops', ['platform'], 113, 150),
        layerResult('storage', ['platform'], 113, 190),
      ],
      gates: [],
      spans: [{ id: 1, parent: null, name: 'blog', kind: 'milestone', from: 0, to: 152, verdict: 'ok' }],
    });
    expect(report.advice).toEqual([
      'platform holds 59 % of the critical path (1m 53s), 1m 20s of it talos_machine.node.',
      'storage is off the path of blog.',
    ]);
  });

  test('is said in the terminal and in the job summary, with the seconds that running side by side saved', () => {
    const report = sampleReport();
    expect(report.parallel).toEqual({ sequentialSeconds: 466, wallSeconds: 318, savedSeconds: 148 });
    const text = renderTerminal(report, { color: false, width: 100 });
    expect(text).toMatch(/^Slack +before the end moves: networking 1m 08s, storage 18\.0s$/m);
    expect(text).toMatch(/^Side by side +5m 18s, 2m 28s less than one after another \(7m 46s\)$/m);
    expect(text).toMatch(/^To be faster +blog came 3m 22s behind gitops/m);
    expect(renderSummary(report)).toContain('5m 18s, 2m 28s less than one after another');
  });

  test('is nothing where no layer ran', () => {
    const report = sampleReport({ layers: [], gates: [] });
    expect([report.slack, report.parallel, report.advice]).toEqual([undefined, undefined, undefined]);
    expect(insightRows(report)).toEqual([]);
  });
});

describe('the slowest resources', () => {
  const slow = (address: string, seconds: number) => ({ address, action: 'create', seconds });

  test('of all layers stand in the report, the longest first and ten at most', () => {
    const many = Array.from({ length: 10 }, (_, index) => slow(`a.n${index}`, index + 1));
    const report = sampleReport({
      layers: [
        { ...layerResult('a', [], 0, 60), slowest: many },
        { ...layerResult('b', [], 0, 60), slowest: [slow('b.long', 50.00049), slow('b.short', 0.1)] },
      ],
    });
    expect(report.slowest?.slice(0, 2)).toEqual([
      { layer: 'b', address: 'b.long', action: 'create', seconds: 50 },
      { layer: 'a', address: 'a.n9', action: 'create', seconds: 10 },
    ]);
    expect(report.slowest).toHaveLength(10);
    expect(reportSchema.safeParse(report).error).toBeUndefined();
    expect(insightRows(report)).toContainEqual({
      name: 'Slowest',
      text: expect.stringMatching(/^b\.long of b 50\.0s \(create\), .*, 5 more$/),
    });
  });

  test('have been redacted: a key of for_each may be a secret', () => {
    const report = sampleReport({
      layers: [{ ...layerResult('a', [], 0, 60), slowest: [slow('vm.n["hunter2"]', 40)] }],
      redact: (text) => text.replaceAll('hunter2', '***'),
    });
    expect(report.slowest?.[0]?.address).toBe('vm.n["***"]');
    expect(JSON.stringify(report)).not.toContain('hunter2');
  });
});
