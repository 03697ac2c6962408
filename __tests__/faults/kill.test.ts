import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { canariesOf } from '../support/box-canaries.ts';
import { processesOf } from '../support/processes.ts';
import { expectClean } from '../support/refusals.ts';
import { running, smallCastle, verdictsOf } from '../support/small-castle.ts';
import { copyBoxCastle, makeWorld, type World, warmTools } from '../support/world.ts';

const seed = 9009;
const boxTools = ['etcd', 'kube-apiserver', 'kubectl', 'external-secrets'] as const;

beforeAll(
  () => warmTools(['tofu', 'terragrunt', ...boxTools, 'source-controller', 'kustomize-controller']),
  900_000,
);

/** Kills the one process of the world whose command line matches. */
async function killOne({ mark }: World, command: RegExp): Promise<void> {
  const matching = (await processesOf(mark)).filter((found) => command.test(found.command));
  expect(matching.map((found) => found.command)).toHaveLength(1);
  for (const { pid } of matching) process.kill(pid, 'SIGKILL');
}

/** Waits until nothing of the world runs any more. */
async function allGone({ mark }: World, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const left = (await processesOf(mark)).map(({ command }) => command);
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`still there after ${seconds} s: ${left.join('; ')}`);
    await sleep(100);
  }
}

describe('a part of the box that is killed in the middle of the run fails it, and is named', () => {
  const platformBegins = /\[platform\] started/;
  const clusterStands = /\[platform\] applied/;
  const cases = [
    ['github-oidc', /stand-in github-oidc/, platformBegins],
    ['infisical', /stand-in infisical/, clusterStands],
    ['git', /stand-in git$/, clusterStands],
    ['etcd', /\/etcd --name=box/, clusterStands],
    ['kube-apiserver', /\/kube-apiserver --/, clusterStands],
    ['external-secrets', /\/external-secrets(-\w+)? --/, /\[engine\] applied/],
  ] as const;

  test.each(cases)('%s', async (name, command, moment) => {
    await using world = await makeWorld();
    const run = await world.start(await copyBoxCastle(world, seed));
    await run.sees(moment);
    await killOne(world, command);
    const killed = Date.now();
    const ended = await run.ended;
    expect(Date.now() - killed).toBeLessThan(20_000);
    expect(ended.code, ended.output).toBe(8);
    expect(ended.report).toMatchObject({
      verdict: 'failed',
      error: { code: 'PHX-BOX-DIED', what: `${name} of the box died in the middle of the run.` },
    });
    expect(ended.report?.error?.why).toContain('SIGKILL');
    expect(verdictsOf(ended.report)).toMatchObject({ secrets: 'applied', gitops: 'skipped' });
    expectClean(ended.output, canariesOf(seed));
    expect(await world.leftovers()).toEqual([]);
  });
});

describe('a layer', () => {
  /** `broken` is under way when it says so; what it started says its pid, so that it can be looked for. */
  const castle = () =>
    smallCastle({
      broken: { main: running('echo "it is under way"; sleep 300') },
      after: { after: ['broken'], main: running('true') },
      beside: { main: running('true') },
    });

  test('whose engine is killed fails by that name, and what the engine had started is ended', async () => {
    await using world = await castle();
    const run = await world.start(['rebirth']);
    await run.sees(/\[beside\] applied/);
    await run.sees(/\[broken\] {3}it is under way/);
    await killOne(world, /\/tofu apply /);
    const ended = await run.ended;
    expect(ended.code, ended.output).toBe(7);
    expect(ended.report?.error?.what).toMatch(/^Layer broken (failed|was ended)/);
    expect(ended.report?.error?.why).toMatch(/killed/);
    expect(verdictsOf(ended.report)).toEqual({ broken: 'failed', after: 'skipped', beside: 'applied' });
    expect(await world.leftovers()).toEqual([]);
  });

  test('whose Terragrunt is killed fails by that name, and its engine is not left behind', async () => {
    await using world = await castle();
    const run = await world.start(['rebirth']);
    await run.sees(/\[broken\] {3}it is under way/);
    await killOne(world, /\/terragrunt run .*\/live\/broken /);
    const ended = await run.ended;
    expect(ended.code, ended.output).toBe(7);
    expect(ended.report?.error).toMatchObject({
      code: 'PHX-LAYER-KILLED',
      what: 'Layer broken was ended by signal SIGKILL (137).',
    });
    expect(verdictsOf(ended.report)).toEqual({ broken: 'failed', after: 'skipped', beside: 'applied' });
    expect(await world.leftovers()).toEqual([]);
  });
});

describe('Phoenix', () => {
  test('that is interrupted stops its layers, says cancelled, exits 130, writes its report and leaves nothing', async () => {
    await using world = await makeWorld();
    const run = await world.start(await copyBoxCastle(world, seed));
    await run.sees(/\[platform\] terraform_data\.machine: Creating/);
    run.kill('SIGINT');
    const ended = await run.ended;
    expect(ended.code, ended.output).toBe(130);
    expect(ended.report).toMatchObject({ verdict: 'cancelled', error: { code: 'PHX-CANCELLED' } });
    expect(verdictsOf(ended.report)).toMatchObject({ secrets: 'applied', engine: 'skipped' });
    expectClean(ended.output, canariesOf(seed));
    expect(await world.leftovers()).toEqual([]);
  });

  test('that is killed takes all it started with it within seconds; the next run settles what it left and is reborn', async () => {
    await using world = await makeWorld();
    const args = await copyBoxCastle(world, seed);
    const run = await world.start(args);
    await run.sees(/\[engine\] started/);
    expect((await processesOf(world.mark)).length).toBeGreaterThan(6);
    run.kill('SIGKILL');
    expect((await run.ended).signal).toBe('SIGKILL');
    await allGone(world, 10);
    const left = await world.leftovers();
    expect(left.filter((path) => path.startsWith(world.vault))).toHaveLength(1);
    expect(left.filter((path) => /\/\.phoenix\/box\/runs\/[^/]+$/.test(path))).toHaveLength(1);

    const next = await world.run(args);
    expect(next.code, next.output).toBe(0);
    expect(next.output).toMatch(
      /run [0-9a-f]{8} of \S+ died while engine was under way; cleaning up after it/,
    );
    expect(await world.leftovers()).toEqual([]);
  });
});
