import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { auditFiles } from '../../src/vault/audit.ts';
import { canariesOf } from '../support/box-canaries.ts';
import { entry, postEntry } from '../support/entry.ts';
import { expectClean } from '../support/refusals.ts';
import { reportOf } from '../support/runner/cancelled.ts';
import { type Job, startJob } from '../support/runner/job.ts';
import { journalTells } from '../support/runner/moments.ts';
import { copyBoxCastle, makeWorld, toolCache, type World, warmTools } from '../support/world.ts';

const seed = 5005;
const canaries = canariesOf(seed);

beforeAll(
  () =>
    warmTools([
      'tofu',
      'terragrunt',
      'etcd',
      'kube-apiserver',
      'kubectl',
      'external-secrets',
      'source-controller',
      'kustomize-controller',
    ]),
  900_000,
);

/** A rehearsal as a job with step debug on and the engine's log at its most talkative. */
function talkative(world: World): Promise<Job> {
  const castle = join(world.dir, 'castle/live/box/phoenix.yaml');
  return startJob(
    {
      kind: 'action',
      entry,
      post: postEntry(entry),
      inputs: { command: 'rehearse', castle, seed: String(seed) },
    },
    {
      dir: join(world.dir, 'runner'),
      workspace: world.dir,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: join(world.dir, 'home'),
        TMPDIR: join(world.dir, 'tmp'),
        RUNNER_TOOL_CACHE: toolCache,
        PHOENIX_VAULT: world.vault,
        RUNNER_DEBUG: '1',
        TF_LOG: 'TRACE',
      },
    },
  );
}

/** Neither the log, as Phoenix wrote it and before the runner masks it, nor a file of the world holds a canary. */
async function expectNothingOut(world: World, rawLog: string): Promise<void> {
  expectClean(rawLog.replace(/^.*::add-mask::.*$/gm, ''), canaries);
  const { checked, found } = await auditFiles(canaries, [world.dir]);
  expect(found).toEqual([]);
  expect(checked).toBeGreaterThan(100);
  expect(await world.leftovers()).toEqual([]);
}

test('a rehearsal has at least twelve canaries, of every awkward form', () => {
  const values = [...canaries.values()];
  expect(new Set(values).size).toBeGreaterThanOrEqual(12);
  for (const form of [/['"].*\n/s, /[\u0400-\u04ff]/, /^-----BEGIN /, /^\{"/, /^.{6}$/]) {
    expect(values.some((value) => form.test(value))).toBe(true);
  }
});

describe('with step debug and TF_LOG=TRACE nothing gets out', () => {
  test('of a rehearsal that goes well', async () => {
    await using world = await makeWorld();
    await copyBoxCastle(world, seed);
    const record = await (await talkative(world)).ended;
    expect(record.main.code, record.log).toBe(0);
    expect(await reportOf({ repository: world.dir })).toMatchObject({
      verdict: 'reborn',
      leaks: { found: [] },
    });
    await expectNothingOut(world, record.rawLog + record.summary + JSON.stringify([...record.outputs]));
  });

  test.each(['cancelled', 'killed'] as const)('of one that is %s among its layers', async (how) => {
    await using world = await makeWorld();
    await copyBoxCastle(world, seed);
    const job = await talkative(world);
    await journalTells(world.dir, 'engine', (known) => known.type === 'attempt' && known.layer === 'engine');
    if (how === 'cancelled') job.cancel();
    else job.force();
    const record = await job.ended;
    // What a killed one leaves is in RAM, and the next run takes it away.
    const next = how === 'killed' ? await (await talkative(world)).ended : undefined;
    if (next !== undefined) expect(next.main.code, next.log).toBe(0);
    await expectNothingOut(world, record.rawLog + (next?.rawLog ?? ''));
  });
});

test('the audit is turned red by a secret, and names each place that has it', async () => {
  const planted = [
    ['environ', 'UNUSED_SECRET', 'raw', /^\/proc\/\d+\/environ \(node\)$/],
    ['argv', 'UNUSED_SECRET', 'raw', /^\/proc\/\d+\/cmdline \(node\)$/],
    ['log', 'UNUSED_SECRET', 'raw', /^what the run printed$/],
    ['state', 'kubeconfig client-key-data', 'raw', /\/state\/platform\/terraform\.tfstate$/],
    ['disk', 'UNUSED_SECRET', 'base64+1', /\/phoenix-leak-\w+\/notes\.txt$/],
  ] as const;
  await using world = await makeWorld();
  const args = await copyBoxCastle(world, seed);
  const ended = await world.run([...args, '--fault', planted.map(([kind]) => `leak:${kind}`).join(',')]);
  expect(ended.code, ended.output).toBe(5);
  expect(ended.report).toMatchObject({ verdict: 'failed', error: { code: 'PHX-LEAK-FOUND' } });
  for (const [, secret, encoding, place] of planted) {
    expect(ended.report?.leaks.found).toContainEqual({
      secret,
      encoding,
      place: expect.stringMatching(place),
    });
  }
  expect(await world.leftovers()).toEqual([]);
});
