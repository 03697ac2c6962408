import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type HttpBackend, startHttpBackend } from '../support/backends/http.ts';
import { endAll } from '../support/processes.ts';
import { expectRefusal } from '../support/refusals.ts';
import { made, running, smallCastle, verdictsOf } from '../support/small-castle.ts';
import { type World, warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const machineOnly = 'lease: { place: machine }\n';

/** `a` is done at once; `b`, whose state is kept by `backend`, works for `seconds` and then writes the file `worked`. */
function castle(backend: HttpBackend, seconds: number): Promise<World> {
  const work = running(`echo "at work"; sleep ${seconds}; echo worked >> "$WORKED"`);
  return smallCastle(
    {
      a: { main: made },
      b: { after: ['a'], main: `${backend.block('b')}${work}` },
      c: { after: ['b'], main: made },
    },
    { yaml: `env: [WORKED]\n${machineOnly}` },
  );
}

const start = (world: World, ...args: string[]) =>
  world.start(['rebirth', ...args], { WORKED: join(world.dir, 'worked') });

const worked = ({ dir }: World) => readFile(join(dir, 'worked'), 'utf8').catch(() => '');

describe('after a run that was killed', () => {
  test('the next one waits for the engine that outlived it, lets it finish, and goes on from there', async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend, 6);
    const first = await start(world);
    await first.sees(/\[b\] {3}at work/);
    first.kill('SIGKILL');
    await first.ended;
    expect(backend.lock('b')).toBeDefined();

    const next = await (await start(world)).ended;
    expect(next.code, next.output).toBe(0);
    expect(next.output).toMatch(/run [0-9a-f]{8} of \S+ died while b was under way; cleaning up after it/);
    expect(next.output).toMatch(/b: its engine \(process \d+\) outlived its run and is finishing/);
    expect(next.output).toContain('[b] applied');
    expect(verdictsOf(next.report)).toEqual({ a: 'unchanged', b: 'unchanged', c: 'applied' });
    expect(await worked(world)).toBe('worked\n');
    expect(backend.lock('b')).toBeUndefined();
    expect(await world.leftovers()).toEqual([]);
  });

  test('with all that it had started, the next one proves the lock to be of the dead, releases it and is reborn', async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend, 3);
    const first = await start(world);
    await first.sees(/\[b\] {3}at work/);
    await endAll(world.mark);
    await first.ended;
    const lock = JSON.parse(backend.lock('b') ?? '{}');
    expect(lock.ID).toBeDefined();

    const next = await (await start(world)).ended;
    expect(next.code, next.output).toBe(0);
    expect(next.output).toMatch(new RegExp(`b: .*${lock.ID}.*released|released.*${lock.ID}`));
    expect(verdictsOf(next.report)).toEqual({ a: 'unchanged', b: 'applied', c: 'applied' });
    expect(backend.lock('b')).toBeUndefined();
    expect(await world.leftovers()).toEqual([]);
  });

  test("a lock of somebody else's is left alone, and the command that releases it is told", async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend, 1);
    backend.plant('b', {
      ID: '6f1c9a52-0d0e-4b7e-9c1b-7c5d6c1f4a10',
      Operation: 'OperationTypeApply',
      Info: '',
      Who: 'someone@another-machine',
      Version: '1.12.6',
      Created: new Date(Date.now() - 3_600_000).toISOString(),
      Path: '',
    });
    const ended = await (await start(world)).ended;
    await expectRefusal(world, ended, {
      code: 'PHX-LAYER-LOCKED',
      exit: 7,
      says: [/someone@another-machine/, /force-unlock -force 6f1c9a52-0d0e-4b7e-9c1b-7c5d6c1f4a10/],
    });
    expect(verdictsOf(ended.report)).toEqual({ a: 'applied', b: 'failed', c: 'skipped' });
    expect(backend.lock('b')).toContain('6f1c9a52');
  });
});

describe('two rebirths of one castle at once', () => {
  test('the second is refused, names the first, and does not disturb it', async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend, 4);
    const first = await start(world);
    await first.sees(/\[b\] {3}at work/);
    const second = await (await start(world, '--report', 'second.json')).ended;
    expect(second.code, second.output).toBe(7);
    expect(second.output).toContain('PHX-LEASE-HELD');
    expect(second.output).toContain(`process ${first.pid} `);
    expect(second.output).not.toContain('cleaning up after it');
    const ended = await first.ended;
    expect(ended.code, ended.output).toBe(0);
    expect(await worked(world)).toBe('worked\n');
  });

  test('the second waits where the castle file says so, and then has the castle', async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend, 3);
    const text = await readFile(join(world.dir, 'phoenix.yaml'), 'utf8');
    await world.write({
      'phoenix.yaml': text.replace(machineOnly, 'lease: { place: machine, wait: 1m }\n'),
    });
    const first = await start(world);
    await first.sees(/\[b\] {3}at work/);
    const second = await start(world, '--report', 'second.json');
    await second.sees(/lease: waiting for run/);
    const [one, two] = [await first.ended, await second.ended];
    expect(one.code, one.output).toBe(0);
    expect(two.code, two.output).toBe(0);
    expect(two.output).toContain('[b] unchanged');
    expect(await worked(world)).toBe('worked\n');
  });
});

describe('what a run keeps on the machine', () => {
  test('must have a place, which is told before anything is begun', async () => {
    await using world = await smallCastle({ a: { main: made } });
    await world.write({ 'a-file': '' });
    const ended = await world.run(['rebirth'], { PHOENIX_STATE: join(world.dir, 'a-file') });
    expect(ended.code, ended.output).toBe(2);
    expect(ended.output).toMatch(/PHX-STATE-HOME[\s\S]*set PHOENIX_STATE to another/);
    expect(ended.output).not.toContain('[a] started');
    expect(await world.leftovers()).toEqual([]);
  });

  test('of a run of another machine that shares the home is left to that machine', async () => {
    await using world = await smallCastle({ a: { main: made } }, { yaml: machineOnly });
    expect((await world.run(['rebirth'])).code).toBe(0);
    const runs = join(world.dir, 'home/.local/state/phoenix/small/runs');
    const [own = ''] = await readdir(runs);
    const [begin = ''] = (await readFile(join(runs, own, 'journal.jsonl'), 'utf8')).split('\n');
    const elsewhere = JSON.parse(begin);
    elsewhere.machine = { ...elsewhere.machine, host: 'another-machine', bootId: 'another-boot' };
    elsewhere.owner = { ...elsewhere.owner, bootId: 'another-boot' };
    const file = `${runs}/of-another-machine/journal.jsonl`.slice(world.dir.length + 1);
    await world.write({ [file]: `${JSON.stringify(elsewhere)}\n` });
    const ended = await world.run(['rebirth']);
    expect(ended.code, ended.output).toBe(0);
    expect(ended.output).not.toContain('cleaning up after it');
    expect(await readFile(join(world.dir, file), 'utf8')).toBe(`${JSON.stringify(elsewhere)}\n`);
  });
});
