import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type HttpBackend, startHttpBackend } from '../support/backends/http.ts';
import { here } from '../support/backends/locked-layer.ts';
import { eventually } from '../support/box.ts';
import { endAll, processesOf } from '../support/processes.ts';
import { made, running, smallCastle } from '../support/small-castle.ts';
import { type World, warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const answer = z.object({
  castle: z.string(),
  layers: z.array(
    z.object({ layer: z.string(), status: z.string(), words: z.string(), command: z.string().optional() }),
  ),
  error: z.object({ code: z.string(), what: z.string() }).optional(),
});

/** Two layers whose states lie at the backend; `a` sleeps as long as SECONDS says when it is made. */
function castleAt(backend: HttpBackend): Promise<World> {
  return smallCastle(
    {
      a: { main: `${backend.block('a')}${running('sleep "$SECONDS_OF_A"')}` },
      b: { after: ['a'], main: `${backend.block('b')}${made}` },
    },
    { yaml: 'env: [SECONDS_OF_A]\n' },
  );
}

async function unlock(world: World, ...more: readonly string[]) {
  const { code, stdout, output } = await world.run(['unlock', '--json', ...more], { SECONDS_OF_A: '0' });
  const parsed = answer.parse(JSON.parse(stdout));
  return {
    code,
    output,
    ...parsed,
    statuses: parsed.layers.map(({ layer, status }) => `${layer} ${status}`),
  };
}

describe('phoenix unlock', () => {
  it('releases what a run left that was killed with all its processes, and the next rebirth goes on', async () => {
    await using backend = await startHttpBackend();
    await using world = await castleAt(backend);
    const rebirth = await world.start(['rebirth'], { SECONDS_OF_A: '300' });
    await eventually('the layer holds its lock', 60, async () => backend.lock('a') !== undefined);
    await rebirth.sees(/Creating/);
    await endAll(world.mark);
    expect(await processesOf(world.mark)).toEqual([]);
    await rebirth.ended;
    const id = (JSON.parse(backend.lock('a') ?? '{}') as { ID?: string }).ID;

    const first = await unlock(world);
    expect(first, first.output).toMatchObject({ code: 0, statuses: ['a released', 'b free'] });
    expect(first.layers[0]?.words).toContain(`by ${here.user}@${here.host} since `);
    expect(first.layers[0]?.words).toContain(`ID ${id}`);
    expect(first.output).toMatch(/releasing the lock .*: engine \d+ of run [0-9a-f]{8} .* is gone/);
    expect(backend.lock('a')).toBeUndefined();
    const second = await unlock(world);
    expect(second, second.output).toMatchObject({ code: 0, statuses: ['a free', 'b free'] });
    const ended = await world.run(['rebirth'], { SECONDS_OF_A: '0' });
    expect(ended.code, ended.output).toBe(0);
  });

  it('keeps the lock of a run that is alive, by whichever process is asked', async () => {
    await using backend = await startHttpBackend();
    await using world = await castleAt(backend);
    await world.start(['rebirth'], { SECONDS_OF_A: '300' });
    await eventually('the layer holds its lock', 60, async () => backend.lock('a') !== undefined);
    const lock = backend.lock('a');
    const outcome = await unlock(world, '--only', 'a');
    expect(outcome).toMatchObject({ code: 7, statuses: ['a held'], error: { code: 'PHX-LOCK-HELD' } });
    expect(outcome.layers[0]?.words).toMatch(/engine \d+ of run [0-9a-f]{8} .* still runs/);
    expect(backend.lock('a')).toBe(lock);
    await endAll(world.mark);
    expect(await processesOf(world.mark)).toEqual([]);
  });

  it("ends with 7 and names what stays locked, with the command for each; a person's own lock is never released", async () => {
    await using backend = await startHttpBackend();
    await using world = await castleAt(backend);
    expect((await world.run(['rebirth'], { SECONDS_OF_A: '0' })).code).toBe(0);
    const lock = {
      ...{ Operation: 'OperationTypePlan', Info: '', Version: '1.12.6', Path: '' },
      Created: new Date(Date.now() - 3_600_000).toISOString(),
    };
    backend.plant('a', { ...lock, ID: 'of-a-person', Who: `${here.user}@${here.host}` });
    backend.plant('b', { ...lock, ID: 'of-another', Who: 'runner@elsewhere' });
    const { code, stdout } = await world.run(['unlock'], { SECONDS_OF_A: '0' });
    expect(code, stdout).toBe(7);
    expect(stdout).toContain('PHX-LOCK-HELD: The state of a, b stays locked.');
    for (const [name, id, why] of [
      ['a', 'of-a-person', 'a person may have'],
      ['b', 'of-another', 'another machine'],
    ] as const) {
      const unit = join(world.dir, 'live', name);
      expect(stdout).toMatch(new RegExp(`^${name} +kept +locked by .* \\(1h 00m .*${why}`, 'm'));
      expect(stdout).toContain(`cd ${unit} && terragrunt force-unlock -force ${id}\n`);
      expect(backend.lock(name)).toContain(id);
    }
    expect(await world.leftovers()).toEqual([]);
  });

  it('ends with 7 where a backend gives no answer, and takes that not for free', async () => {
    await using backend = await startHttpBackend();
    await using world = await castleAt(backend);
    expect((await world.run(['rebirth'], { SECONDS_OF_A: '0' })).code).toBe(0);
    backend.answer(['LOCK'], 500);
    const outcome = await unlock(world, '--only', 'b');
    expect(outcome).toMatchObject({ code: 7, statuses: ['b unknown'], error: { code: 'PHX-LOCK-UNKNOWN' } });
  });

  it('is refused for an event of other people, and for a castle of the box', async () => {
    await using backend = await startHttpBackend();
    await using world = await castleAt(backend);
    const refused = await world.run(['unlock'], { GITHUB_EVENT_NAME: 'pull_request_target' });
    expect(refused).toMatchObject({ code: 4, output: expect.stringContaining('PHX-IDENTITY-EVENT') });
    const box = join(import.meta.dirname, '../../castle/live/box/phoenix.yaml');
    expect(await world.run(['unlock', '--castle', box])).toMatchObject({
      code: 2,
      output: expect.stringContaining('PHX-LOCK-BOX'),
    });
    expect(backend.seen).toEqual([]);
  });
});
