import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { readProcesses } from '../../src/journal/processes.ts';
import { edgeCastle } from '../support/edge-outputs.ts';
import { type World, warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const values = {
  text: '"ä <&> \\"quoted\\" \\n line"',
  deep: '{ list = [1, true, null], set = toset(["b", "a"]), none = null }',
  large: '9007199254740991',
};

/** The commands of the engines that the last run started for a layer. */
async function enginesOf({ dir }: World, layer: string): Promise<string[]> {
  const runs = join(dir, 'home/.local/state/phoenix/small/runs');
  const all = await Promise.all((await readdir(runs)).map((run) => readProcesses(join(runs, run))));
  return all
    .flat()
    .filter((line) => line.layer === layer && line.role === 'engine')
    .map(({ command }) => command);
}

test.each([
  ['a backend that Terragrunt writes', true],
  ['a backend of the module’s own', false],
])(
  'outputs reach a dependent unchanged without an engine being asked, with %s',
  async (_, remote) => {
    await using world = await edgeCastle(values, { remote });
    const { code, output } = await world.run(['rebirth']);
    expect(code, output).toBe(0);
    expect(await enginesOf(world, 'sink')).not.toContain('output');
    if (remote) expect(await enginesOf(world, 'sink')).toEqual(['init', 'apply']);
    const answered = await world.seen();
    // The same once more by Terragrunt alone, whose engine is asked.
    await world.byTerragrunt();
    expect(await world.seen()).toEqual(answered);
    expect(answered).toEqual({
      text: 'ä <&> "quoted" \n line',
      deep: { list: [1, true, null], set: ['a', 'b'], none: null },
      large: 9007199254740991,
    });
  },
  120_000,
);

test('an engine is asked where a number is more than JavaScript can hold', async () => {
  await using world = await edgeCastle({ share: '0.1' }, { remote: true });
  const { code, output } = await world.run(['rebirth']);
  expect(code, output).toBe(0);
  expect(await enginesOf(world, 'sink')).toContain('output');
  expect(await world.seen()).toEqual({ share: 0.1 });
}, 120_000);
