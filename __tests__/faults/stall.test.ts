import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { expectRefusal } from '../support/refusals.ts';
import { made, running, smallCastle, verdictsOf } from '../support/small-castle.ts';
import { warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const rebirth = ['rebirth'];

test('a layer that stands still is interrupted after its time, and what it waited for is told', async () => {
  await using world = await smallCastle(
    { a: { main: running('exec sleep 300') }, b: { main: made } },
    { yaml: 'layers:\n  a: { stall: 3s }\n' },
  );
  const ended = await world.run(rebirth);
  await expectRefusal(world, ended, {
    code: 'PHX-LAYER-STALLED',
    exit: 7,
    says: [
      /a: no sign of life for \d+ s: no output, no processor time, no bytes moved/,
      /sleep \(\d+\): sleeping, waits in .*nanosleep/,
    ],
  });
  expect(verdictsOf(ended.report)).toEqual({ a: 'failed', b: 'applied' });
  expect(ended.report?.layers.find(({ name }) => name === 'a')?.seconds).toBeLessThan(20);
});

test('a stall is tried again where the castle file names that class', async () => {
  const once = 'echo x >> "$TRIES"; test "$(wc -l < "$TRIES")" -gt 1 || exec sleep 300';
  await using world = await smallCastle(
    { a: { main: running(once) } },
    { yaml: 'env: [TRIES]\nlayers:\n  a: { stall: 3s, retry: { on: [stall], times: 1 } }\n' },
  );
  const tries = join(world.dir, 'tries');
  const ended = await world.run(rebirth, { TRIES: tries });
  expect(ended.code, ended.output).toBe(0);
  expect(ended.report?.layers).toMatchObject([{ name: 'a', verdict: 'applied', retries: 1 }]);
  expect(await readFile(tries, 'utf8')).toBe('x\nx\n');
});

test('a layer that is silent but works is left to work', async () => {
  const work = 'end=$(($(date +%s) + 8)); while [ "$(date +%s)" -lt "$end" ]; do :; done';
  await using world = await smallCastle(
    { a: { main: running(work) } },
    { yaml: 'layers:\n  a: { stall: 3s }\n' },
  );
  const ended = await world.run(rebirth);
  expect(ended.code, ended.output).toBe(0);
  expect(verdictsOf(ended.report)).toEqual({ a: 'applied' });
});

test('a grandchild that keeps the engine’s output open does not hang the run: it is told by name, and ended', async () => {
  await using world = await smallCastle(
    { a: { main: running('setsid sleep 300 & echo left') } },
    { yaml: 'layers:\n  a: { stall: 3s }\n' },
  );
  const ended = await world.run(rebirth);
  await expectRefusal(world, ended, {
    code: 'PHX-LAYER-STALLED',
    exit: 7,
    says: [/sleep \(\d+\): sleeping/, /a: ended what it had left running: sleep \(\d+\)/],
  });
});

test('a daemon that a layer left behind is ended by name, and the layer is applied', async () => {
  await using world = await smallCastle({
    a: { main: running('setsid sleep 300 > /dev/null 2>&1 & echo left') },
  });
  const started = Date.now();
  const ended = await world.run(rebirth);
  expect(ended.code, ended.output).toBe(0);
  expect(Date.now() - started).toBeLessThan(60_000);
  expect(ended.output).toMatch(/a: ended what it had left running: sleep \(\d+\)/);
  expect(await world.leftovers()).toEqual([]);
});

test('a layer that floods its log is cut short on the screen, and is applied', async () => {
  const flood =
    'i=0; while [ $i -lt 40000 ]; do echo "line $i of a flood that nobody will read"; i=$((i+1)); done';
  await using world = await smallCastle({ a: { main: running(flood) } });
  const ended = await world.run(rebirth);
  expect(ended.code, ended.output).toBe(0);
  expect(ended.output).toMatch(/\[a\] … [\d,]+ lines left out/);
  expect(ended.output.split('\n').length).toBeLessThan(20_000);
  expect(verdictsOf(ended.report)).toEqual({ a: 'applied' });
});
