import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { startHttpBackend } from '../support/backends/http.ts';
import { killQuietly, processesOf } from '../support/processes.ts';
import { made, running, smallCastle, verdictsOf } from '../support/small-castle.ts';
import { type World, warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const group = { PHOENIX_GROUP: 'seven.1' };

/** Ends whatever runs for the layer, as a kernel short of memory would. */
async function killLayer({ mark }: World, layer: string): Promise<void> {
  for (const { pid } of await processesOf(mark)) {
    const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environ.split('\0').some((each) => each.startsWith('PHOENIX_LAYER=') && each.endsWith(`/${layer}`)))
      killQuietly(pid);
  }
}

describe('two legs of one workflow run on one machine', () => {
  test('have the castle together and strangers have it not; one that is killed is cleaned up by the next, and the other goes on', async () => {
    await using backend = await startHttpBackend();
    const until = (file: string) =>
      running(`echo "at work"; while [ ! -e "$MEETING/${file}" ]; do sleep 0.05; done`);
    await using world = await smallCastle(
      {
        'first-a': { main: until('never') },
        'first-b': { main: `${backend.block('first-b')}${until('go')}` },
        second: { main: made },
      },
      { yaml: 'env: [MEETING]\nlease: { ttl: 10s }\n' },
    );
    const env = { ...group, MEETING: world.dir };
    const [a, b] = await Promise.all(
      ['first-a', 'first-b'].map((layer) => world.start(['layers', '--only', layer], env)),
    );
    if (a === undefined || b === undefined) throw new Error('a leg was not started');
    await Promise.all([a.sees(/\[first-a\] *at work/), b.sees(/\[first-b\] *at work/)]);

    const stranger = await world.run(['rebirth'], { MEETING: world.dir });
    expect(stranger.output).toMatch(/PHX-LEASE-HELD[^\n]*and 1 more leg of its workflow run/);
    const other = await world.run(['layers', '--only', 'second'], { ...env, PHOENIX_GROUP: 'eight.1' });
    expect(other.output).toContain('PHX-LEASE-HELD');

    a.kill('SIGKILL');
    await a.ended;
    await killLayer(world, 'first-a');
    const next = await world.run(['layers', '--only', 'second'], env);
    expect(next.code, next.output).toBe(0);
    expect(next.output).toMatch(
      /run [0-9a-f]{8} of \S+ died while first-a was under way; cleaning up after it/,
    );
    expect(next.output).not.toContain('first-b was under way');
    expect(backend.lock('first-b')).toBeDefined();

    // Long enough for the leg that lives to have renewed over all of this.
    await sleep(4000);
    await world.write({ go: '' });
    const ended = await b.ended;
    expect(ended.code, ended.output).toBe(0);
    expect(verdictsOf(ended.report)).toEqual({ 'first-b': 'applied' });

    await world.write({ never: '' });
    const after = await world.run(['rebirth'], { MEETING: world.dir });
    expect(after.code, after.output).toBe(0);
    expect(verdictsOf(after.report)).toMatchObject({ 'first-b': 'unchanged', second: 'unchanged' });
    expect(existsSync(join(world.dir, 'never'))).toBe(true);
    expect(await world.leftovers()).toEqual([]);
  });
});
