import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ranTogether } from '../../src/insight/forecast.ts';
import { keepDurations, readSamples, timesOf } from '../../src/journal/durations.ts';
import { expectedFrom, median } from '../../src/plan/expected.ts';
import { buildGraph } from '../../src/plan/graph.ts';
import { chooseMode } from '../../src/plan/mode.ts';
import { shownStages } from '../../src/plan/shown-stages.ts';
import { stagingOf } from '../../src/plan/staging.ts';
import { buildReport } from '../../src/report/build.ts';
import { renderPlanSummary } from '../../src/report/plan-summary.ts';
import { renderPlanned } from '../../src/report/plan-terminal.ts';
import { plannedRun, planOutputs } from '../../src/report/planned.ts';
import { temporaryFolder } from '../support/folder.ts';
import { at, layerResult, sampleInput } from '../support/reports.ts';

const leg = (...nodes: string[]) => ({ nodes, seconds: 1 });
const itself = (id: string) => id;
const readDurations = async (home: string) => timesOf(await readSamples(home));

describe('what a node is expected to take', () => {
  const graph = buildGraph(['a', 'b', 'c', 'd'].map((id) => ({ id, dependencies: [] })));

  test('is what it took before; one that nobody timed counts as the median of the others, and is named', () => {
    const { seconds, source, guessed } = expectedFrom(
      graph,
      new Map(Object.entries({ a: 10, b: 200, c: 30 })),
    );
    expect(graph.order.map(seconds)).toEqual([10, 200, 30, 30]);
    expect([source, guessed]).toEqual(['history', ['d']]);
  });

  test('is one second each where nothing of this plan was timed', () => {
    const { seconds, source, guessed } = expectedFrom(graph, new Map([['other', 50]]));
    expect(graph.order.map(seconds)).toEqual([1, 1, 1, 1]);
    expect([source, guessed]).toEqual(['none', []]);
  });

  test('has for a median the middle, between two the mean', () => {
    expect([[3, 1, 2], [4, 1], [7], []].map(median)).toEqual([2, 2.5, 7, 0]);
  });
});

describe('the mode', () => {
  const faster = { jobSeconds: 370, matrixSeconds: 210 };
  const slower = { jobSeconds: 300, matrixSeconds: 310 };

  test('left to Phoenix is a matrix only with two runners or more, after a timed run, where it is faster', () => {
    expect(chooseMode('auto', 4, faster, true)).toEqual({
      mode: 'matrix',
      why: '3m 30s as a matrix on 4 runners against 6m 10s in one job',
    });
    expect(chooseMode('auto', 1, faster, true)).toMatchObject({
      mode: 'job',
      why: expect.stringContaining('2 runners'),
    });
    expect(chooseMode('auto', 4, faster, false)).toMatchObject({
      mode: 'job',
      why: expect.stringContaining('timed'),
    });
    expect(chooseMode('auto', 4, slower, true)).toMatchObject({
      mode: 'job',
      why: expect.stringContaining('5m 00s in one job'),
    });
    expect(chooseMode('auto', 4, { jobSeconds: 10, matrixSeconds: 10 }, true).mode).toBe('job');
  });

  test.each(['job', 'matrix'] as const)(
    'that is asked for is taken, also where it is slower: %s',
    (asked) => {
      for (const times of [faster, slower])
        expect(chooseMode(asked, 1, times, false)).toEqual({ mode: asked, why: 'as asked for' });
    },
  );
});

describe('the names of legs', () => {
  const shownOf = (...stages: string[][][]) =>
    shownStages(
      stages.map((stage) => stage.map((nodes) => leg(...nodes))),
      itself,
    );

  test('are those of their layers, which stand beside them as `only` takes them', () => {
    expect(shownOf([['secrets', 'platform', 'engine']], [['claim', 'gitops'], ['storage']])).toEqual([
      [{ name: 'secrets-platform-engine', layers: 'secrets,platform,engine' }],
      [
        { name: 'claim-gitops', layers: 'claim,gitops' },
        { name: 'storage', layers: 'storage' },
      ],
    ]);
  });

  test('can be those of files: no slash, not endless, and never two alike', () => {
    const many = Array.from({ length: 40 }, (_, index) => `eu/network-${index}`);
    const names = shownOf([many, ['a/b', 'c'], ['a', 'b-c'], ['a-b', 'c'], ['x'.repeat(300)]])
      .flat()
      .map(({ name }) => name);
    expect(names.slice(0, 4)).toEqual([
      'eu-network-0-to-eu-network-39-40-layers',
      'a-b-c',
      'a-b-c-2',
      'a-b-c-3',
    ]);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9._-]{1,60}$/);
  });
});

describe('how long layers took', () => {
  const report = (run: string, minute: number, seconds: number, verdict: 'applied' | 'failed' = 'applied') =>
    buildReport(
      sampleInput({
        run,
        startedAt: new Date(at(minute * 60)),
        layers: [{ ...layerResult('platform', [], 0, seconds), verdict }],
        gates: [{ name: 'claim', after: 'platform', ran: { from: at(0), to: at(2) }, verdict: 'passed' }],
      }),
    );

  test('is kept by run and read back as the median of the last five that ended well', async () => {
    await using home = await temporaryFolder();
    expect(await readDurations(home.dir)).toEqual(new Map());
    for (const [index, seconds] of [900, 10, 30, 20, 500, 40].entries())
      await keepDurations(home.dir, report(`run-${index}`, index, seconds));
    await keepDurations(home.dir, report('run-bad', 9, 1, 'failed'));
    expect(await readDurations(home.dir)).toEqual(
      new Map([
        ['platform', 30],
        ['gate:claim', 2],
      ]),
    );
  });

  test('of one run is counted once, however often its report passes by, and of legs side by side each counts', async () => {
    await using home = await temporaryFolder();
    await Promise.all([1, 2, 3, 4].map((leg) => keepDurations(home.dir, report(`leg-${leg}`, 1, leg))));
    await keepDurations(home.dir, report('leg-4', 1, 4));
    expect((await readDurations(home.dir)).get('platform')).toBe(2.5);
    expect(await readdir(join(home.dir, 'durations'))).toHaveLength(4);
  });

  test('does not grow for ever, and a file that is half there or no such file is passed over', async () => {
    await using home = await temporaryFolder();
    const folder = join(home.dir, 'durations');
    await mkdir(folder);
    for (let index = 0; index < 110; index += 1) {
      const name = `20200101T${String(index).padStart(6, '0')}-old.json`;
      await writeFile(join(folder, name), '{"layers":{"platform":1},"gates":{}}');
    }
    await writeFile(join(folder, '20990101T000000-broken.json'), '{"layers":{"platf');
    await writeFile(join(folder, '20990101T000001-strange.json'), '{"layers":{"platform":"x"},"gates":{}}');
    await keepDurations(home.dir, report('run', 0, 7));
    expect(await readdir(folder)).toHaveLength(100);
    expect((await readDurations(home.dir)).get('platform')).toBe(1);
  });
});

describe('a plan as it is given on', () => {
  const nodes = [
    { id: 'secrets', dependencies: [] },
    { id: 'engine', dependencies: ['secrets'] },
    { id: 'storage', dependencies: ['engine'] },
    { id: 'networking', dependencies: ['engine', 'secrets'] },
  ];
  const timed = new Map(Object.entries({ secrets: 10, engine: 60, storage: 20.0004, networking: 40 }));
  const staging = (mode: 'auto' | 'job' | 'matrix', of = nodes) =>
    stagingOf(of, { mode, runners: 2, timed, cores: 2 });

  test('takes a job’s layers all at once where their times are of such a run, else as many as a runner carries', () => {
    const many = Array.from({ length: 40 }, (_, index) => ({ id: `layer-${index}`, dependencies: [] }));
    const took = new Map(many.map(({ id }) => [id, 5]));
    const asked = {
      mode: 'job',
      runners: 2,
      timed: took,
      cores: 2,
      perJob: { seconds: 0, jobs: 1 },
    } as const;
    expect(stagingOf(many, asked).forecast.jobSeconds).toBe(15);
    expect(stagingOf(many, { ...asked, together: true }).forecast.jobSeconds).toBe(5);
    const job = [{ layers: {}, gates: {}, mode: 'job' }];
    const leg = [{ layers: {}, gates: {}, mode: 'matrix' }];
    expect([ranTogether([]), ranTogether(job), ranTogether([...job, ...leg])]).toEqual([false, true, false]);
  });

  test('as a matrix fills the ladder as far as it goes, for an empty matrix is an error', () => {
    const outputs = planOutputs(plannedRun(staging('matrix'), itself));
    const stages = [
      [{ name: 'secrets-engine', layers: 'secrets,engine' }],
      [
        { name: 'networking', layers: 'networking' },
        { name: 'storage', layers: 'storage' },
      ],
    ];
    expect(outputs).toEqual({
      mode: 'matrix',
      stages: JSON.stringify(stages),
      'stage-0': JSON.stringify(stages[0]),
      'stage-1': JSON.stringify(stages[1]),
      ...Object.fromEntries([2, 3, 4, 5, 6, 7].map((stage) => [`stage-${stage}`, ''])),
    });
  });

  test('as one job hands no stage on', () => {
    const { mode, stages, ...ladder } = planOutputs(plannedRun(staging('auto'), itself));
    expect([mode, stages]).toEqual(['job', '[]']);
    expect(Object.values(ladder)).toEqual(Array.from({ length: 8 }, () => ''));
  });

  test('as a matrix refuses a layer that is called as the claim is, for a leg could not tell them apart', () => {
    const of = [
      ...nodes,
      { id: 'claim', dependencies: ['storage'] },
      { id: 'gate:claim', dependencies: ['engine'] },
    ];
    const shown = (id: string) => id.replace(/^gate:/, '');
    expect(() => planOutputs(plannedRun(staging('matrix', of), shown))).toThrow(
      expect.objectContaining({ code: 'PHX-PLAN-DUPLICATE', what: expect.stringContaining('`claim`') }),
    );
    expect(planOutputs(plannedRun(staging('job', of), shown))['mode']).toBe('job');
  });

  test('tells people each stage, what both ways are expected to take, and why this one', () => {
    const text = renderPlanned(plannedRun(staging('auto'), itself));
    expect(text).toMatch(/^Stage 0 +secrets, engine\nStage 1 +networking \| storage$/m);
    expect(text).toMatch(/^Critical path +secrets → engine → networking: 1m 50s$/m);
    expect(text).toMatch(/^In one job +2m 00s$/m);
    expect(text).toMatch(
      /^As a matrix +2m 10s in 2 stages with 3 legs on 2 runners: 20\.0s .* 0\.0s .* 0\.0s/m,
    );
    expect(text).toMatch(
      /^Expected times +from the last runs on this machine; estimates: .* 10 s, .* 16 layers/m,
    );
    expect(text).toMatch(/^Mode +job: 2m 00s in one job against 2m 10s as a matrix on 2 runners$/m);
    expect(renderPlanned(plannedRun(staging('auto', []), itself))).toMatch(
      /^Mode +job: there is nothing to do$/,
    );
  });

  test('is drawn for the job summary with its critical path, without the arrows that others imply', () => {
    const summary = (of = nodes) => {
      const made = staging('matrix', of);
      return renderPlanSummary('tazlab', plannedRun(made, itself), made, itself);
    };
    const text = summary();
    expect(text).toContain('| 1 | networking | 40.0s |');
    expect(text.match(/--> /g)).toHaveLength(3);
    expect(text).toContain('class n0,n1,n3 critical');
    const many = Array.from({ length: 5000 }, (_, index) => ({ id: `layer-${index}`, dependencies: [] }));
    expect(summary(many)).not.toContain('mermaid');
    expect(Buffer.byteLength(summary(many))).toBeLessThan(300_000);
    expect(summary([])).not.toContain('mermaid');
  });
});
