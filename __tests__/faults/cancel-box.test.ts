import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { canariesOf } from '../support/box-canaries.ts';
import { entry, postEntry } from '../support/entry.ts';
import { expectClean } from '../support/refusals.ts';
import { beforeItEnds, cancel, expectLeft, hows, reportOf } from '../support/runner/cancelled.ts';
import { type Job, startJob } from '../support/runner/job.ts';
import { journalTells } from '../support/runner/moments.ts';
import { copyBoxCastle, makeWorld, toolCache, type World, warmTools } from '../support/world.ts';

const seed = 4004;

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

/** A rehearsal in the world as the runner starts it. */
function rehearse(world: World, fault: string): Promise<Job> {
  const castle = join(world.dir, 'castle/live/box/phoenix.yaml');
  const home = join(world.dir, 'home');
  return startJob(
    {
      kind: 'action',
      entry,
      post: postEntry(entry),
      inputs: { command: 'rehearse', castle, seed: String(seed), fault },
    },
    {
      dir: join(world.dir, 'runner'),
      workspace: world.dir,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: home,
        TMPDIR: join(world.dir, 'tmp'),
        RUNNER_TOOL_CACHE: toolCache,
        PHOENIX_VAULT: world.vault,
      },
    },
  );
}

const phases = [
  { name: 'login', begins: 'identity', fault: 'infisical:slow' },
  { name: 'claim', begins: 'claim', fault: '' },
  { name: 'verify', begins: 'verify', fault: '' },
] as const;

describe.each(phases)('a rehearsal cancelled in its phase $name', ({ begins, fault }) => {
  test('once, twice and by force leaves nothing of the box, and the one after these is reborn', async () => {
    await using world = await makeWorld();
    await copyBoxCastle(world, seed);
    for (const how of hows) {
      const job = await rehearse(world, fault);
      const phase = journalTells(
        world.dir,
        begins,
        (entry) => entry.type === 'phase' && entry.name === begins,
      );
      await beforeItEnds(job, phase);
      await sleep(200);
      await cancel(job, how);
      const record = await job.ended;
      if (how === 'forced') {
        expect(record).toMatchObject({ main: { signal: 'SIGKILL' }, post: undefined });
      } else {
        expectLeft(record, await reportOf({ repository: world.dir }));
        expect(await world.leftovers(), how).toEqual([]);
      }
      expectClean(record.log, canariesOf(seed));
    }

    const next = await (await rehearse(world, '')).ended;
    expect(next.main.code, next.log).toBe(0);
    expect(JSON.parse(await readFile(join(world.dir, 'phoenix-report.json'), 'utf8'))).toMatchObject({
      verdict: 'reborn',
    });
    expect(next.post?.code).toBe(0);
    expect(await world.leftovers()).toEqual([]);
  });
});
