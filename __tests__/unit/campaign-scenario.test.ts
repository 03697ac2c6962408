import { describe, expect, it } from 'vitest';
import { campaignOptions } from '../../campaign/options.ts';
import { randomOf } from '../../campaign/random.ts';
import { momentOf, scenarioOf, strikes, wayNames } from '../../campaign/scenario.ts';

const indexes = Array.from({ length: 220 }, (_, index) => index);

describe('a scenario of the campaign', () => {
  it('is the same again for the same seed and number, and another for each other', () => {
    expect(indexes.map((index) => scenarioOf(7, index))).toEqual(
      indexes.map((index) => scenarioOf(7, index)),
    );
    const texts = [7, 8].flatMap((seed) =>
      indexes.map((index) => JSON.stringify({ ...scenarioOf(seed, index), seed: 0, index: 0 })),
    );
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('has three to six layers, each after layers that stand before it, and each with work', () => {
    for (const { layers, secretLayer } of indexes.map((index) => scenarioOf(3, index))) {
      expect(layers.length).toBeGreaterThanOrEqual(3);
      expect(layers.length).toBeLessThanOrEqual(6);
      const names = layers.map(({ name }) => name);
      expect(names).toContain(secretLayer);
      for (const [place, { dependencies, objects }] of layers.entries()) {
        for (const on of dependencies) expect(names.slice(0, place)).toContain(on);
        for (const seconds of Object.values(objects)) expect(seconds).toBeGreaterThanOrEqual(0.1);
        for (const seconds of Object.values(objects)) expect(seconds).toBeLessThanOrEqual(1);
      }
    }
  });

  it('brings every strike once in each eleven runs, so that few runs leave none out', () => {
    for (const seed of [1, 2, 3]) {
      for (let first = 0; first < 110; first += strikes.length) {
        const dealt = strikes.map((_, offset) => scenarioOf(seed, first + offset).strike);
        expect(dealt.toSorted()).toEqual([...strikes].toSorted());
      }
    }
    expect(
      scenarioOf(1, 0).strike === scenarioOf(2, 0).strike &&
        scenarioOf(1, 1).strike === scenarioOf(2, 1).strike &&
        scenarioOf(1, 2).strike === scenarioOf(2, 2).strike,
    ).toBe(false);
  });

  it('kills the state server only where there is one', () => {
    const killed = indexes
      .map((index) => scenarioOf(4, index))
      .filter(({ strike }) => strike === 'kill-server');
    expect(killed).toHaveLength(indexes.length / strikes.length);
    expect(killed.map(({ backend }) => backend)).not.toContain('local');
  });

  it('strikes after the start and before the expected end, at the same moment each time', () => {
    for (const index of indexes.slice(0, 30)) {
      for (const way of wayNames) {
        const scenario = scenarioOf(5, index);
        const whole = momentOf({ ...scenario, share: 1 }, way);
        expect(momentOf(scenario, way)).toBeGreaterThan(0);
        expect(momentOf(scenario, way)).toBeLessThan(whole);
        expect(momentOf(scenarioOf(5, index), way)).toBe(momentOf(scenario, way));
      }
    }
  });
});

describe('the chance of the campaign', () => {
  it('is spread evenly, and shuffles without losing anything', () => {
    const chance = randomOf('a', 1);
    const counts = [0, 0, 0, 0];
    for (let draw = 0; draw < 4000; draw += 1) {
      const value = chance.whole(0, 3);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(chance.shuffled([1, 2, 3, 4, 5]).toSorted()).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('the command line of the campaign', () => {
  it('takes runs, seed and ways; --only-run plays one of them', () => {
    const options = campaignOptions(['--runs', '3', '--seed', '9', '--ways', 'phoenix,tg', '--json']);
    expect(options).toMatchObject({
      runs: [0, 1, 2],
      seed: 9,
      ways: ['phoenix', 'tg'],
      json: true,
      write: false,
    });
    expect(campaignOptions(['--seed', '9', '--only-run', '41']).runs).toEqual([41]);
  });

  it('refuses what it does not know', () => {
    expect(() => campaignOptions(['--runs', '0'])).toThrow('--runs takes a whole number from 1, not "0"');
    expect(() => campaignOptions(['--ways', 'make'])).toThrow('no way "make"; there are phoenix, bash, tg');
    expect(() => campaignOptions(['--loud'])).toThrow('--loud');
  });
});
