import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type HttpBackend, startHttpBackend } from '../support/backends/http.ts';
import { running, smallCastle } from '../support/small-castle.ts';
import { type World, warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const key = createHash('sha256').update('a key of the tests').digest('base64');
const kept = 'kept-in-the-state-5f2c';

function castle(backend: HttpBackend): Promise<World> {
  const main = `${backend.block('a')}resource "terraform_data" "kept" {\n  input = "${kept}"\n}\n${running('echo made >> "$MADE"')}`;
  return smallCastle(
    { a: { main } },
    {
      yaml: 'env: [MADE]\nlease: { place: machine }\nstate: { encryption: { key: STATE_KEY } }\n',
      secrets: { STATE_KEY: { value: key, use: '{}' } },
    },
  );
}
const start = (world: World) => world.start(['rebirth'], { MADE: join(world.dir, 'made') });
async function waiting({ dir }: World): Promise<string[]> {
  const folder = join(dir, 'home/.local/state/phoenix/small/rescued/a');
  return (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
}

test('an encrypted state that its backend does not take is kept encrypted, and the next run brings it there', async () => {
  await using backend = await startHttpBackend();
  await using world = await castle(backend);
  backend.answer(['POST'], 503);
  const ended = await (await start(world)).ended;
  expect(ended.report?.error?.code).toBe('PHX-LAYER-STATE-UNSAVED');
  const [file = ''] = await waiting(world);
  const text = await readFile(file, 'utf8');
  expect(JSON.parse(text)).toHaveProperty('encrypted_data');
  expect(text).not.toContain(kept);

  backend.answer(['POST'], 200);
  const next = await (await start(world)).ended;
  expect(next.code, next.output).toBe(0);
  expect(await waiting(world)).toEqual([]);
  // What the first run made is known: it was not made again.
  expect(await readFile(join(world.dir, 'made'), 'utf8')).toBe('made\n');
  expect(backend.versions('a').length).toBeGreaterThan(0);
  for (const version of backend.versions('a')) expect(JSON.parse(version)).toHaveProperty('encrypted_data');
  expect(await world.leftovers()).toEqual([]);
}, 240_000);
