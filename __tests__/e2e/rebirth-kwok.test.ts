import { beforeAll, expect, test } from 'vitest';
import { reportSchema } from '../../src/report/schema.ts';
import { pins } from '../../src/toolchain/install.ts';
import { processesOf } from '../support/processes.ts';
import { copyBoxCastle, makeWorld, warmTools } from '../support/world.ts';

beforeAll(async () => {
  await warmTools(['tofu', 'terragrunt', 'etcd', 'kube-apiserver', 'kubectl', 'external-secrets']);
  await warmTools([
    'source-controller',
    'kustomize-controller',
    'kube-controller-manager',
    'kube-scheduler',
    'kwok',
  ]);
}, 1_800_000);

test('with nodes of kwok the castle of the box is reborn by real controllers, and the report says what was played', async () => {
  await using world = await makeWorld();
  const running = await world.start([...(await copyBoxCastle(world, 1871)), '--node', 'kwok', '--json']);
  await running.sees(/token proved/);
  const commands = (await processesOf(world.mark)).map(({ command }) => command);
  for (const program of ['kube-controller-manager', 'kube-scheduler', 'kwok', 'external-secrets'])
    expect(commands.some((command) => command.includes(`/${program} `))).toBe(true);
  const ended = await running.ended;

  expect(ended.code, ended.stderr).toBe(0);
  const report = reportSchema.parse(JSON.parse(ended.stdout));
  expect(report).toMatchObject({ verdict: 'reborn', error: null, failures: [], leaks: { found: [] } });
  expect(report.standIns).toContainEqual({
    name: 'kwok',
    standsFor: expect.stringContaining('`node: kwok`'),
  });
  expect(report.versions).toMatchObject({
    'kube-controller-manager': pins['kube-controller-manager'],
    'kube-scheduler': pins['kube-scheduler'],
    kwok: pins.kwok,
  });
  expect(await world.leftovers()).toEqual([]);
}, 300_000);
