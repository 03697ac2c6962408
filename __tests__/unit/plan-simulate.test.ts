import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jobCost, simulationOf } from '../../src/insight/forecast.ts';
import { type Sample, sampleOf } from '../../src/insight/sample.ts';
import { buildGraph, criticalPath } from '../../src/plan/graph.ts';
import { simulate, waysFor } from '../../src/plan/simulate.ts';
import type { Report } from '../../src/report/schema.ts';
import { renderSimulation, shownSimulation } from '../../src/report/simulated.ts';
import { jobs } from '../support/graphs.ts';
import { holds } from '../support/property.ts';
import { layerResult, sampleReport } from '../support/reports.ts';

const wide = buildGraph([
  { id: 'root', dependencies: [] },
  ...['a', 'b', 'c', 'd'].map((id) => ({ id, dependencies: ['root'] })),
  { id: 'gate:claim', dependencies: ['root'] },
]);
const assumed = { perJobSeconds: 10, jobsMeasured: 0, runners: 1, layersAtOnce: 16, together: false };

const sample = (each: number, changes: Partial<Sample> = {}): Sample => ({
  layers: { root: 10, a: each, b: each, c: each, d: each },
  gates: { claim: 2 },
  mode: 'job',
  spanSeconds: 10 + each,
  totalSeconds: 15 + each,
  ...changes,
});

describe('a run played again', () => {
  test('one at a time takes the sum, with room for all the longest chain, and as a matrix never less than that', () => {
    holds(
      fc.property(jobs(), fc.integer({ min: 2, max: 5 }), fc.nat(20), (nodes, runners, perJobSeconds) => {
        const graph = buildGraph(nodes);
        const seconds = (id: string) => nodes.find((node) => node.id === id)?.duration ?? 0;
        const sum = nodes.reduce((all, { duration }) => all + duration, 0);
        const path = criticalPath(graph, seconds).length;
        const ways = waysFor(graph, { runners, layersAtOnce: 100 });
        const played = simulate(graph, ways, { usual: seconds, played: [seconds], perJobSeconds });
        const inOne = played.filter(({ mode }) => mode === 'job');
        expect(inOne[0]?.atOnce).toBe(1);
        expect(inOne[0]?.seconds).toBe(perJobSeconds + sum);
        expect(inOne.at(-1)?.seconds).toBe(perJobSeconds + path);
        for (const { seconds: took } of played) expect(took).toBeGreaterThanOrEqual(perJobSeconds + path);
        expect(played.some((way) => way.mode === 'matrix' && way.runners === runners)).toBe(true);
      }),
    );
  });

  test('says how long each way takes, between the shortest and the longest of the recorded runs', () => {
    const { ways, runs } = simulationOf(wide, [sample(20), sample(40), sample(30)], assumed);
    expect(runs).toBe(3);
    const inOne = ways.filter(({ mode }) => mode === 'job');
    expect(
      inOne.map(({ atOnce, seconds, leastSeconds, mostSeconds }) => [
        atOnce,
        seconds,
        leastSeconds,
        mostSeconds,
      ]),
    ).toEqual([
      [1, 142, 102, 182],
      [2, 82, 62, 102],
      [4, 52, 42, 62],
      [6, 50, 40, 60],
    ]);
  });
});

describe('what a forecast rests on', () => {
  test('is nothing where nothing was recorded, which it says, and every layer counts as one second', () => {
    const simulation = simulationOf(wide, [], assumed);
    expect(shownSimulation(simulation)).toMatchObject({
      ...{
        source: 'none',
        runs: 0,
        perJobSeconds: 10,
        jobsMeasured: 0,
        besideSeconds: null,
        pastError: null,
      },
    });
    expect(simulation.ways[0]).toMatchObject({ mode: 'job', atOnce: 1, seconds: 16 });
    const text = renderSimulation(simulation);
    expect(text).toMatch(/^No run was timed here: every layer counts as one second/m);
    expect(text).toMatch(/an estimate, for no matrix was measured here\.$/m);
    expect(text).toMatch(/^How far such a forecast is off is not known yet\.$/m);
  });

  test('is held against the runs themselves, each forecast only from those before it', () => {
    const { pastError, besideSeconds } = simulationOf(wide, [sample(30), sample(20), sample(20)], assumed);
    expect(pastError).toEqual({ runs: 2, medianShare: 0.125, worstShare: 0.25 });
    expect(besideSeconds).toBe(5);
    const none = [sample(30, { mode: 'matrix' }), sample(20), sample(5, { layers: { root: 10 } })];
    expect(simulationOf(wide, none.slice(0, 2), assumed).pastError).toBeNull();
  });

  test('is whole runs where there are any: a leg is in that of its run already', () => {
    const legs = [sample(500), sample(600)];
    expect(simulationOf(wide, [...legs, sample(20, { like: 'x' })], assumed)).toMatchObject({ runs: 1 });
    expect(simulationOf(wide, legs, assumed).runs).toBe(2);
  });

  test('is what jobs really cost where a matrix was measured', () => {
    expect(jobCost([sample(1)], 10)).toEqual({ seconds: 10, jobs: 0 });
    const measured = sample(1, { jobSeconds: [30, 50, 31] });
    expect(jobCost([sample(1), measured], 10)).toEqual({ seconds: 31, jobs: 3 });
    const { ways } = simulationOf(wide, [measured], { ...assumed, perJobSeconds: 31, runners: 9 });
    // Two stages, each with the start of its jobs: the root, then all others side by side.
    expect(ways.at(-1)).toMatchObject({ mode: 'matrix', runners: 9, seconds: 31 + 10 + 31 + 2 });
  });

  test('is told by a matrix’ report: a leg’s job from when it could begin, less the time of its layers', () => {
    const report: Report = {
      ...sampleReport({ mode: 'matrix', layers: [layerResult('a', [], 30, 50)], gates: [], spans: [] }),
      spans: [
        { id: 1, parent: null, name: 'plan', kind: 'job', from: 0, to: 10, verdict: 'ok' },
        { id: 2, parent: null, name: 'queue: leg', kind: 'queue', from: 10, to: 25, verdict: 'ok' },
        { id: 3, parent: null, name: 'leg', kind: 'job', from: 25, to: 55, verdict: 'ok' },
        { id: 4, parent: 3, name: 'a', kind: 'layer', from: 30, to: 50, verdict: 'ok' },
      ],
    };
    expect(sampleOf(report)?.jobSeconds).toEqual([25]);
  });
});
