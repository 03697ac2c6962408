import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { made, smallCastle } from '../support/small-castle.ts';

const planned = z.object({
  castle: z.string(),
  steps: z.array(
    z.object({ name: z.string(), kind: z.enum(['layer', 'gate']), dependencies: z.array(z.string()) }),
  ),
});

describe('phoenix plan', () => {
  it("shows the box's layers with the claim as a gate, though no rehearsal has set what its units read", async () => {
    await using world = await smallCastle({});
    const castle = join(import.meta.dirname, '../../castle/live/box/phoenix.yaml');
    const { code, stdout, output } = await world.run(['plan', '--castle', castle, '--json']);
    expect(code, output).toBe(0);
    const { steps } = planned.parse(JSON.parse(stdout));
    expect(steps.find(({ name }) => name === 'claim')).toMatchObject({
      kind: 'gate',
      dependencies: ['engine'],
    });
    expect(steps.find(({ name }) => name === 'gitops')?.dependencies).toEqual(['engine', 'claim']);
    expect(steps.find(({ name }) => name === 'networking')?.dependencies).toEqual(['engine']);
  });

  it('keeps to the layers that are asked for, and applies none', async () => {
    await using world = await smallCastle({
      a: { main: made },
      b: { after: ['a'], main: made },
      c: { main: made },
    });
    const { code, stdout } = await world.run(['plan', '--from', 'a', '--json']);
    expect(code).toBe(0);
    expect(planned.parse(JSON.parse(stdout)).steps.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(await world.leftovers()).toEqual([]);
  });

  it('names a layer that is near to one that does not exist', async () => {
    await using world = await smallCastle({ platform: { main: made } });
    const { code, stderr } = await world.run(['plan', '--only', 'plattform']);
    expect(code).toBe(2);
    expect(stderr).toContain('PHX-PLAN-LAYER-UNKNOWN');
    expect(stderr).toContain('Did you mean `platform`?');
  });
});
