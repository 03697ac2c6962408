import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../src/report/schema.ts';
import { canHoldNode, nodeCastle, nodeCgroups, warmNodeTools } from '../support/node-castle.ts';

beforeAll(() => (canHoldNode ? warmNodeTools() : undefined), 3_600_000);

const rung = (report: Report | undefined, name: string) =>
  report?.database?.rungs.find((each) => each.rung === name);
const milestone = (report: Report | undefined, name: string) =>
  report?.milestones.find((each) => each.name === name);

describe.skipIf(!canHoldNode)('a drill of the castle with a real node', () => {
  test('loses no row that was archived, has the blog before the stack, and can be done again', async () => {
    await using castle = await nodeCastle({ stackWithin: '4m' });
    const { world } = castle;
    const before = await nodeCgroups();
    const { code, output, report } = await castle.run('drill', ['--page', 'phoenix.html']);
    expect(code, output).toBe(0);
    expect(report).toMatchObject({
      verdict: 'reborn',
      leaks: { found: [] },
      fromNothing: { reached: 'reborn' },
      witness: { row: { failures: 0 } },
      database: { restore: { started: expect.any(String), ended: expect.any(String) } },
      drill: { verdict: 'good', witness: { a: 'found', b: 'found' }, rpoSeconds: 0, restarts: 0, streak: 1 },
    });
    expect(report?.database?.rungs.map(({ rung: name, is }) => `${name} ${is}`)).toEqual(
      ['V0', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'].map((name) => `${name} passed`),
    );
    expect(report?.probes?.filter(({ verdict }) => verdict !== 'passed')).toEqual([]);
    const { blog = 0, stack = 0 } = report?.drill?.rto ?? {};
    expect(blog).toBeGreaterThan(0);
    expect(stack).toBeGreaterThan(blog ?? 0);
    expect(await readFile(join(world.dir, 'phoenix.html'), 'utf8')).toContain('<title>');
    expect(await world.leftovers()).toEqual([]);
    expect(await nodeCgroups()).toEqual(before);

    // A new box: what was kept of the one before is none of its.
    const again = await castle.run('drill', ['--fault', 's3:corrupted']);
    expect(again.code).not.toBe(0);
    expect(again.report).toMatchObject({
      verdict: 'failed',
      error: { code: 'PHX-VERIFY-MILESTONE' },
      drill: { verdict: 'failed', witness: { a: 'unknown', b: 'unknown' }, faults: ['s3:corrupted'] },
    });
    expect(rung(again.report, 'V1')).toMatchObject({
      is: 'failed',
      reason: expect.stringContaining('corrupted'),
    });
    expect(milestone(again.report, 'blog')).toMatchObject({ met: true });
    expect(await world.leftovers()).toEqual([]);
    expect(await nodeCgroups()).toEqual(before);
  }, 1_500_000);
});

interface Planted {
  readonly fault: string;
  /** Half of how long the stack is waited for. */
  readonly stackWithin: string;
  readonly code: string;
  readonly cause: RegExp;
  readonly blog: 'met' | 'missed';
}

const planted: readonly Planted[] = [
  {
    fault: 's3:unreachable',
    stackWithin: '75s',
    code: 'PHX-VERIFY-MILESTONE',
    cause: /S3 unreachable/,
    blog: 'met',
  },
  {
    fault: 'node:disk-full',
    stackWithin: '4m',
    code: 'PHX-VERIFY-MILESTONE',
    cause: /disk full: the volume cannot hold the database/,
    blog: 'met',
  },
  {
    fault: 'node:image-missing',
    stackWithin: '4m',
    code: 'PHX-VERIFY-MILESTONE',
    cause: /phoenix\.box\/mnemosyne:1/,
    blog: 'met',
  },
  {
    fault: 'node:clock-off',
    stackWithin: '4m',
    code: 'PHX-LAYER-TLS',
    cause: /not yet valid: current time \S+ is before/,
    blog: 'missed',
  },
  {
    fault: 'node:kubelet-killed',
    stackWithin: '4m',
    code: 'PHX-BOX-DIED',
    cause: /kubelet of the box died .*signal SIGKILL; it died 6 times/s,
    blog: 'missed',
  },
];

describe.skipIf(!canHoldNode)('a castle with a real node that has a fault', () => {
  test.each(planted)(
    '$fault is not reborn, and says why',
    async ({ fault, stackWithin, code, cause, blog }) => {
      await using castle = await nodeCastle({ stackWithin });
      const before = await nodeCgroups();
      const { code: exit, report, output } = await castle.run('rehearse', ['--fault', fault]);
      expect(exit, output).not.toBe(0);
      expect(report).toMatchObject({ verdict: 'failed', leaks: { found: [] } });
      const said = report?.failures.map(({ code: its, what, why }) => `${its} ${what} ${why}`).join('\n');
      expect(said).toMatch(cause);
      expect(report?.error?.code).toBe(code);
      expect(milestone(report, 'blog')?.met ?? false).toBe(blog === 'met');
      expect(await castle.world.leftovers()).toEqual([]);
      expect(await nodeCgroups()).toEqual(before);
    },
    900_000,
  );

  test('comes back where the kubelet dies once, the webhook is late and the secrets are', async () => {
    await using castle = await nodeCastle({ stackWithin: '4m' });
    const faults = 'node:kubelet-killed*1,node:webhook-late,infisical:cluster-late';
    const { code, output, report } = await castle.run('rehearse', ['--fault', faults]);
    expect(code, output).toBe(0);
    expect(report).toMatchObject({ verdict: 'reborn', leaks: { found: [] } });
    expect(output).toMatch(/kubelet of the node died and was started again \(signal SIGKILL\)/);
    // Nothing was waited for in vain, and what was late is named while it is waited for.
    expect(output).toMatch(/\[networking\].*metallb-webhook-service|\[networking\].*controller/);
    expect(output).toMatch(/\[stack\] Kustomization configs: .*; ExternalSecret tazlab-db\/\S+: Ready=False/);
    expect(await castle.world.leftovers()).toEqual([]);
  }, 900_000);
});
