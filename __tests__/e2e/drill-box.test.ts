import { beforeAll, describe, expect, test } from 'vitest';
import { verdictsOf } from '../support/small-castle.ts';
import { copyBoxCastle, makeWorld, warmTools } from '../support/world.ts';

beforeAll(
  () =>
    warmTools([
      ...(['tofu', 'terragrunt', 'etcd', 'kube-apiserver', 'kubectl', 'external-secrets'] as const),
      ...(['source-controller', 'kustomize-controller'] as const),
    ]),
  900_000,
);

describe('the drill of the box', () => {
  test('raises the castle, destroys it, raises it again, and counts from the destroy', async () => {
    await using world = await makeWorld();
    const [, ...rest] = await copyBoxCastle(world, 1);
    const wrong = await world.run(['drill', ...rest, '--confirm', 'castle']);
    expect(wrong).toMatchObject({ code: 2, output: expect.stringContaining('PHX-DESTROY-CONFIRM') });

    const { code, output, report } = await world.run(['drill', ...rest]);
    expect(code, output).toBe(0);
    expect(report).toMatchObject({ mode: 'rehearsal', verdict: 'reborn', leaks: { found: [] } });
    expect(new Set(Object.values(verdictsOf(report)))).toEqual(new Set(['applied']));
    const { drill, fromNothing, milestones = [] } = report ?? {};
    expect(fromNothing).toMatchObject({ resumed: null, reached: 'reborn' });
    expect(new Set(fromNothing?.destroyed.map(({ verdict }) => verdict))).toEqual(new Set(['destroyed']));
    expect(drill).toMatchObject({ verdict: 'good', streak: 1, witness: { a: 'none', b: 'none' } });
    expect(drill?.firstBirthSeconds).toBeGreaterThan(0);
    for (const { name, seconds } of milestones)
      expect(drill?.rto[name]).toBeGreaterThan((fromNothing?.destroySeconds ?? 0) * 0.5 + (seconds ?? 0));
    expect(await world.leftovers()).toEqual([]);
  }, 600_000);
});
