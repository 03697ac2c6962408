import { beforeAll, describe, expect, test } from 'vitest';
import { expectRefusal } from '../support/refusals.ts';
import { made, running, smallCastle } from '../support/small-castle.ts';
import { warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

describe('what the ledger of a rebirth tells', () => {
  test('names the resource that took longest by the engine’s events, and who could have taken longer', async () => {
    await using world = await smallCastle({
      long: { main: running('sleep 2') },
      short: { main: made },
      last: { after: ['long', 'short'], main: made },
    });
    const { code, output, report } = await world.run(['rebirth']);
    expect(code, output).toBe(0);
    expect(report?.slowest?.[0]).toMatchObject({
      layer: 'long',
      address: 'terraform_data.run',
      action: 'create',
    });
    expect(report?.slowest?.[0]?.seconds).toBeGreaterThanOrEqual(2);
    const slack = new Map(report?.slack?.map(({ name, seconds }) => [name, seconds]));
    expect(slack.get('last')).toBe(0);
    // Which of the two ended last is for the machine to say; the other had to wait for it.
    expect(Math.min(slack.get('long') ?? -1, slack.get('short') ?? -1)).toBe(0);
    expect(output).toMatch(/^To be faster /m);
  }, 120_000);

  test('is kept for the runs after it, which are held against it once there are five', async () => {
    await using world = await smallCastle({ a: { main: made } });
    for (const runs of [0, 0, 1, 2, 3, 4, 5]) {
      const { code, output, report } = await world.run(['rebirth']);
      expect(code, output).toBe(0);
      // The first applies, the others find nothing to change: they are not alike.
      expect(report?.comparison).toMatchObject({ from: 'machine', runs });
      const [total] = report?.comparison?.parts ?? [];
      expect(total?.is === 'unknown').toBe(runs < 5);
    }
    const { stdout } = await world.run(['plan', '--forecast', '--json']);
    const { simulation } = JSON.parse(stdout);
    expect(simulation).toMatchObject({ source: 'history', runs: 5, jobsMeasured: 0 });
    expect(simulation.pastError).toMatchObject({ runs: 5 });
  }, 240_000);
});

describe('a budget', () => {
  test('that is not kept fails the run with each part that is over, and the castle is reborn', async () => {
    await using world = await smallCastle(
      { a: { main: running('sleep 2') }, b: { main: made } },
      { yaml: 'budget: { total: 1h, layers: { a: 1s, b: 20% } }\n' },
    );
    const ended = await world.run(['rebirth']);
    expect(ended.code, ended.output).toBe(9);
    expect([ended.report?.verdict, ended.report?.error]).toEqual(['reborn', null]);
    expect(ended.report?.budget?.parts.map(({ name, is }) => [name, is])).toEqual([
      ['total', 'kept'],
      ['a', 'over'],
      ['b', 'unknown'],
    ]);
    expect(ended.report?.budget?.error?.code).toBe('PHX-BUDGET-OVER');
    expect(ended.output).toMatch(
      /^PHX-BUDGET-OVER \[budget\]: small is reborn, but over its budget: layer a took/m,
    );
  }, 120_000);

  test('of a layer that there is not is refused before anything is done', async () => {
    await using world = await smallCastle(
      { a: { main: made } },
      { yaml: 'budget: { layers: { platfrom: 1m } }\n' },
    );
    await expectRefusal(world, await world.run(['rebirth']), { code: 'PHX-CASTLE-LAYER-UNKNOWN', exit: 2 });
  }, 120_000);
});
