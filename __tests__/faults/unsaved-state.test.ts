import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type HttpBackend, startHttpBackend } from '../support/backends/http.ts';
import { running, smallCastle, verdictsOf } from '../support/small-castle.ts';
import { type World, warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

/** One layer whose state is kept by `backend`; each time it makes its resource it adds a line to the file `made`. */
function castle(backend: HttpBackend): Promise<World> {
  const main = `${backend.block('a')}${running('echo made >> "$MADE"')}`;
  return smallCastle({ a: { main } }, { yaml: 'env: [MADE]\nlease: { place: machine }\n' });
}

const start = (world: World) => world.start(['rebirth'], { MADE: join(world.dir, 'made') });

async function timesMade({ dir }: World): Promise<number> {
  return (await readFile(join(dir, 'made'), 'utf8')).split('\n').length - 1;
}

/** States that wait on this machine for their backend. */
async function waiting({ dir }: World): Promise<string[]> {
  const folder = join(dir, 'home/.local/state/phoenix/small/rescued/a');
  return (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
}

describe('a state that the backend does not take', () => {
  test('is brought to it as soon as it takes one again, within the run; nothing is made twice', async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend);
    backend.answer(['POST'], 503);
    const run = await start(world);
    await run.sees(/its backend does not take the state yet/);
    backend.answer(['POST'], 200);
    const ended = await run.ended;
    expect(ended.code, ended.output).toBe(7);
    expect(ended.report?.error).toMatchObject({ code: 'PHX-LAYER-STATE-UNSAVED' });
    expect(ended.report?.error?.why).toContain(
      'The state that its engine could not save is in its backend now.',
    );
    expect(await waiting(world)).toEqual([]);
    expect(JSON.parse(backend.versions('a').at(-1) ?? '{}').resources).toHaveLength(1);
    expect(backend.lock('a')).toBeUndefined();

    const next = await (await start(world)).ended;
    expect(next.code, next.output).toBe(0);
    expect(verdictsOf(next.report)).toEqual({ a: 'unchanged' });
    expect(await timesMade(world)).toBe(1);
  });

  test('is kept outside the checkout where the backend stays down, and the next run brings it there first', async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend);
    backend.answer(['POST'], 503);
    const ended = await (await start(world)).ended;
    expect(ended.code, ended.output).toBe(7);
    const [kept = ''] = await waiting(world);
    expect(ended.report?.error?.why).toContain(kept);
    expect((await stat(kept)).mode & 0o777).toBe(0o600);
    // What the next job's checkout does to what git does not know.
    await rm(join(world.dir, 'live/a/.terragrunt-cache'), { recursive: true, force: true });
    await rm(join(world.dir, '.phoenix'), { recursive: true, force: true });

    const still = await (await start(world)).ended;
    expect(still.code, still.output).toBe(7);
    expect(still.report?.error).toMatchObject({
      code: 'PHX-LAYER-STATE-UNSAVED',
      next: expect.stringContaining('Bring the backend up and run again'),
    });
    expect(await waiting(world)).toEqual([kept]);

    backend.answer(['POST'], 200);
    const next = await (await start(world)).ended;
    expect(next.code, next.output).toBe(0);
    expect(verdictsOf(next.report)).toEqual({ a: 'unchanged' });
    expect(await waiting(world)).toEqual([]);
    expect(await timesMade(world)).toBe(1);
  }, 240_000);

  test('and that is older than what the backend has by now stops the layer, and loses neither', async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend);
    backend.answer(['POST'], 503);
    await (await start(world)).ended;
    const [kept = ''] = await waiting(world);
    // Somebody went on with an empty state meanwhile: another lineage.
    backend.answer(['POST'], 200);
    await rm(join(world.dir, 'home/.local/state/phoenix/small/rescued'), { recursive: true });
    const aside = await (await start(world)).ended;
    expect(aside.code, aside.output).toBe(0);
    await world.write({
      [kept.slice(world.dir.length + 1)]:
        '{"version":4,"terraform_version":"1.12.6","serial":1,"lineage":"another","outputs":{},"resources":[],"check_results":null}',
    });

    const ended = await (await start(world)).ended;
    expect(ended.code, ended.output).toBe(7);
    expect(ended.report?.error).toMatchObject({
      code: 'PHX-LAYER-STATE-UNSAVED',
      next: expect.stringContaining('Compare it with `terragrunt state pull`'),
    });
    expect(await waiting(world)).toEqual([kept]);
    expect(JSON.parse(backend.versions('a').at(-1) ?? '{}').resources).toHaveLength(1);
  }, 240_000);

  test('is brought to it also where the engine told another error first, before the layer is tried again', async () => {
    await using backend = await startHttpBackend();
    const refused = 'echo "dial tcp 192.0.2.1:8006: connect: connection refused" >&2';
    const second = running(
      `sleep 0.5; test -e "$MADE.again" || { touch "$MADE.again"; ${refused}; exit 1; }`,
      'net',
    );
    const main = `${backend.block('a')}${running('echo made >> "$MADE"', 'vm')}${second}`;
    await using world = await smallCastle(
      { a: { main } },
      {
        yaml: 'env: [MADE]\nlease: { place: machine }\nlayers:\n  a: { retry: { on: [network], times: 2 } }\n',
      },
    );
    backend.answer(['POST'], 503);
    const run = await start(world);
    await run.sees(/its backend does not take the state yet/);
    backend.answer(['POST'], 200);
    const ended = await run.ended;
    expect(await timesMade(world), ended.output).toBe(1);
    expect(await waiting(world)).toEqual([]);
    const next = await (await start(world)).ended;
    expect(next.code, next.output).toBe(0);
    expect(await timesMade(world)).toBe(1);
    expect(JSON.parse(backend.versions('a').at(-1) ?? '{}').resources).toHaveLength(2);
  });
});
