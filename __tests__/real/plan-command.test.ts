import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { artifactServer } from '../support/artifact-server.ts';
import { playRunner } from '../support/runner/play.ts';
import { made, running, smallCastle } from '../support/small-castle.ts';

const stages = z.array(z.array(z.strictObject({ name: z.string(), layers: z.string() })));
const seconds = z.number().nonnegative();

const planned = z.object({
  castle: z.string(),
  steps: z.array(
    z.object({ name: z.string(), kind: z.enum(['layer', 'gate']), dependencies: z.array(z.string()) }),
  ),
  mode: z.enum(['job', 'matrix']),
  stages,
  forecast: z.object({
    source: z.enum(['history', 'none']),
    guessed: z.array(z.string()),
    criticalPath: z.array(z.string()),
    criticalPathSeconds: seconds,
    jobSeconds: seconds,
    matrixSeconds: seconds,
    startSeconds: seconds,
    barrierSeconds: seconds,
    queueSeconds: seconds,
  }),
});

const boxFile = join(import.meta.dirname, '../../castle/live/box/phoenix.yaml');

describe('phoenix plan', () => {
  it("shows the box's layers with the claim as a gate, though no rehearsal has set what its units read", async () => {
    await using world = await smallCastle({});
    const { code, stdout, output } = await world.run(['plan', '--castle', boxFile, '--json']);
    expect(code, output).toBe(0);
    const { steps, mode, stages, forecast } = planned.parse(JSON.parse(stdout));
    expect(steps.find(({ name }) => name === 'claim')).toMatchObject({
      kind: 'gate',
      dependencies: ['engine'],
    });
    expect(steps.find(({ name }) => name === 'gitops')?.dependencies).toEqual(['engine', 'claim']);
    expect(steps.find(({ name }) => name === 'networking')?.dependencies).toEqual(['engine']);
    expect(mode).toBe('job');
    expect(stages[0]).toEqual([{ name: 'secrets-platform-engine', layers: 'secrets,platform,engine' }]);
    expect(stages.slice(1).map((legs) => legs.map(({ layers }) => layers).toSorted())).toEqual([
      ['claim,gitops', 'networking', 'storage'],
    ]);
    expect(forecast).toMatchObject({ source: 'none', criticalPathSeconds: 5, jobSeconds: 15 });
  });

  it('stages only what is asked for: a layer begins at once where what it depends on is left out', async () => {
    await using world = await smallCastle({});
    const args = ['plan', '--castle', boxFile, '--only', 'gitops,networking,secrets', '--json'];
    const { code, stdout, output } = await world.run(args);
    expect(code, output).toBe(0);
    // A part of the layers is a rebirth all the same: its token is claimed. What engine waited for is still waited for.
    const { stages } = planned.parse(JSON.parse(stdout));
    expect(stages.map((legs) => legs.map(({ layers }) => layers).toSorted())).toEqual([
      ['secrets'],
      ['claim,gitops', 'networking'],
    ]);
  });

  it('keeps to the layers that are asked for, and applies none', async () => {
    await using world = await smallCastle({
      a: { main: made },
      b: { after: ['a'], main: made },
      c: { main: made },
    });
    const { code, stdout } = await world.run(['plan', '--from', 'a', '--json']);
    expect(code).toBe(0);
    const { steps, stages } = planned.parse(JSON.parse(stdout));
    expect(steps.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(stages).toEqual([[{ name: 'a-b', layers: 'a,b' }]]);
    expect(await world.leftovers()).toEqual([]);
  });

  it('names a layer that is near to one that does not exist', async () => {
    await using world = await smallCastle({ platform: { main: made } });
    const { code, stderr } = await world.run(['plan', '--only', 'plattform']);
    expect(code).toBe(2);
    expect(stderr).toContain('PHX-PLAN-LAYER-UNKNOWN');
    expect(stderr).toContain('Did you mean `platform`?');
  });

  it('forecasts by what the layers took the last time', async () => {
    await using world = await smallCastle({
      quick: { main: made },
      slow: { main: running('sleep 2') },
      last: { after: ['quick', 'slow'], main: made },
    });
    const ran = await world.run(['rebirth']);
    expect(ran.code, ran.output).toBe(0);
    const took = new Map(ran.report?.layers.map((layer) => [layer.name, layer.seconds]));
    const plan = ['plan', '--runners', '2', '--json'];
    const { forecast, mode } = planned.parse(JSON.parse((await world.run(plan)).stdout));
    expect(forecast).toMatchObject({ source: 'history', guessed: [], criticalPath: ['slow', 'last'] });
    const path = (took.get('slow') ?? 0) + (took.get('last') ?? 0);
    expect(path).toBeGreaterThan(2);
    expect(forecast.criticalPathSeconds).toBeCloseTo(path, 2);
    expect(forecast.jobSeconds).toBeCloseTo(path + 10, 2);
    expect(forecast.matrixSeconds).toBeCloseTo(path + 20, 2);
    expect(forecast.startSeconds + forecast.barrierSeconds + forecast.queueSeconds).toBeCloseTo(20, 2);
    expect(mode).toBe('job');
    expect(await world.leftovers()).toEqual([]);
  });

  it('gives the Action its stages as outputs and draws them in the job summary', async () => {
    await using world = await smallCastle({
      base: { main: made },
      left: { after: ['base'], main: made },
      right: { after: ['base'], main: made },
    });
    await using server = await artifactServer();
    const runner = await playRunner(world);
    const asked = { command: 'plan', mode: 'matrix', runners: '2' };
    const ended = await (await runner.main(asked, server.env)).ended;
    expect(ended.code, ended.output).toBe(0);
    expect(server.names()).toEqual(['phoenix.small.plan.1']);
    const outputs = await runner.written('OUTPUT');
    const legs = stages.parse(JSON.parse(outputs.get('stages') ?? ''));
    expect(legs.map((stage) => stage.map(({ layers }) => layers).toSorted())).toEqual([
      ['base'],
      ['left', 'right'],
    ]);
    expect([0, 1].map((stage) => JSON.parse(outputs.get(`stage-${stage}`) ?? ''))).toEqual(legs);
    expect([2, 7].map((stage) => outputs.get(`stage-${stage}`))).toEqual(['', '']);
    expect(outputs.get('mode')).toBe('matrix');
    const summary = await runner.summary();
    expect(summary).toContain('```mermaid\nflowchart LR');
    expect(summary).toMatch(/\| 1 \| left \|/);
  });

  it('fails before anything is changed, where the plan of a matrix cannot be handed over', async () => {
    await using world = await smallCastle({ one: { main: made }, two: { main: made } });
    const runner = await playRunner(world);
    const ended = await (await runner.main({ command: 'plan', mode: 'matrix', runners: '2' })).ended;
    expect(ended.code).toBe(10);
    expect(ended.output).toMatch(/::error title=PHX-ARTIFACT-KEEP/);
  });
});
