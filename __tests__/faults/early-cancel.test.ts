import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { entry, postEntry } from '../support/entry.ts';
import { startJob } from '../support/runner/job.ts';
import { running, smallCastle } from '../support/small-castle.ts';
import { toolCache, warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

test.each([0, 20, 40, 80, 120, 160, 200, 300])(
  'a job that is cancelled %i ms after its start is not rebuilt by its post step',
  async (ms) => {
    await using world = await smallCastle(
      { a: { main: running('touch "$MADE"') } },
      { yaml: 'env: [MADE]\n' },
    );
    const made = join(world.dir, 'made');
    const job = await startJob(
      { kind: 'action', entry, post: postEntry(entry), inputs: { command: 'rebirth' } },
      {
        dir: join(world.dir, 'home'),
        workspace: world.dir,
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: join(world.dir, 'home'),
          TMPDIR: join(world.dir, 'tmp'),
          RUNNER_TOOL_CACHE: toolCache,
          PHOENIX_VAULT: world.vault,
          MADE: made,
        },
        factor: 0.2,
      },
    );
    await job.reached('main');
    await sleep(ms);
    job.cancel();
    const record = await job.ended;
    expect(record.result).toBe('cancelled');
    expect(record.post?.code, record.log).toBe(0);
    expect(record.log).not.toContain('is reborn');
    expect(existsSync(made)).toBe(false);
    expect(await world.leftovers()).toEqual([]);
  },
);
