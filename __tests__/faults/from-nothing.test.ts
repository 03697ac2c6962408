import { createSocket } from 'node:dgram';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Keepsake, keepsakeForm } from '../../src/keepsake/record.ts';
import { dirStore } from '../../src/lease/dir.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { expectRefusal } from '../support/refusals.ts';
import { playRunner } from '../support/runner/play.ts';
import { smallCastle, verdictsOf } from '../support/small-castle.ts';
import { type World, warmTools } from '../support/world.ts';

/** Each starts Phoenix several times. */
const slowly = 300_000;

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const args = ['rebirth', '--from-nothing', '--confirm', 'small'] as const;

/** Each making and unmaking that is done writes a line; a file `refuse-…` in the marks' folder makes it fail before. */
function layer(name: string): string {
  const step = (what: string) =>
    `echo "${what} ${name}: at work"; sleep "$SECONDS"; [ ! -e "$MARKS/refuse-${what}-${name}" ] && echo "${what} ${name}" >> "$MARKS/log"`;
  return [
    'resource "terraform_data" "it" {',
    `  provisioner "local-exec" {\n    command = ${JSON.stringify(step('make'))}\n  }`,
    `  provisioner "local-exec" {\n    when    = destroy\n    command = ${JSON.stringify(step('unmake'))}\n  }`,
    '}',
    '',
  ].join('\n');
}

interface Chain extends AsyncDisposable {
  readonly world: World;
  readonly env: Readonly<Record<string, string>>;
  run(args: readonly string[]): ReturnType<World['run']>;
  start(args: readonly string[], seconds: string): ReturnType<World['start']>;
  /** How often each was made and unmade so far, e.g. `{ 'make a': 1 }`. */
  done(): Promise<Record<string, number>>;
  refuse(step: string): Promise<void>;
  allow(step: string): Promise<void>;
  /** The mark on this machine; undefined where there is none. */
  mark(): Promise<Keepsake['passage']>;
}

/** a, then b on it, then c on that. */
async function chain(yaml = ''): Promise<Chain> {
  const world = await smallCastle(
    { a: { main: layer('a') }, b: { after: ['a'], main: layer('b') }, c: { after: ['b'], main: layer('c') } },
    { yaml: `env: [MARKS, SECONDS]\nlease: { place: machine }\n${yaml}` },
  );
  const marks = join(world.dir, 'marks');
  await mkdir(marks);
  const env = { MARKS: marks, SECONDS: '0' };
  const keepsake = dirStore(join(world.dir, 'home/.local/state/phoenix/small/keepsake'), keepsakeForm);
  return {
    world,
    env,
    run: (given) => world.run(given, env),
    start: (given, seconds) => world.start(given, { ...env, SECONDS: seconds }),
    async done() {
      const lines = (await readFile(join(marks, 'log'), 'utf8').catch(() => '')).trim().split('\n');
      return Object.fromEntries(
        [...Map.groupBy(lines, (line) => line)].map(([line, all]) => [line, all.length]),
      );
    },
    refuse: (step) => writeFile(join(marks, `refuse-${step}`), ''),
    allow: (step) => rm(join(marks, `refuse-${step}`)),
    mark: async () => (await keepsake.read())?.record.passage,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

const reportOf = async ({ dir }: World) =>
  reportSchema.parse(JSON.parse(await readFile(join(dir, 'phoenix-report.json'), 'utf8')));

const once = { 'make a': 1, 'make b': 1, 'make c': 1 };

describe('a rebirth from nothing', () => {
  test(
    'goes on after a failure in its destroy and one in its rebirth, and does nothing twice',
    async () => {
      await using castle = await chain();
      expect((await castle.run(['rebirth'])).code).toBe(0);
      expect(await castle.done()).toEqual(once);

      const unmeant = await castle.run(['rebirth', '--from-nothing']);
      await expectRefusal(castle.world, unmeant, {
        code: 'PHX-DESTROY-CONFIRM',
        exit: 2,
        says: [/It would destroy, in this order: c, b, a\./],
      });
      for (const wrong of [
        [...args, '--only', 'a'],
        ['rebirth', '--confirm', 'small'],
        ['rebirth', '--without-witness'],
      ])
        await expectRefusal(castle.world, await castle.run(wrong), { code: 'PHX-INPUT-USAGE', exit: 2 });
      expect(await castle.done()).toEqual(once);

      await castle.refuse('unmake-b');
      const destroying = await castle.run(args);
      expect(destroying.code, destroying.output).toBe(7);
      expect(destroying.output).toMatch(/^small is NOT reborn: the run failed/m);
      expect(verdictsOf(destroying.report)).toEqual({ c: 'destroyed', b: 'failed', a: 'skipped' });
      expect(destroying.report?.fromNothing).toMatchObject({ resumed: null, reached: 'destroying' });
      expect(await castle.mark()).toMatchObject({ phase: 'destroying', run: destroying.report?.run });
      expect(await castle.done()).toEqual({ ...once, 'unmake c': 1 });

      await castle.allow('unmake-b');
      await castle.refuse('make-b');
      const raising = await castle.run(args);
      expect(raising.code, raising.output).toBe(7);
      expect(raising.output).toContain(`goes on with what run ${destroying.report?.run} began to destroy`);
      expect(raising.output).toContain('small IS DESTROYED AND NOT REBORN.');
      expect(verdictsOf(raising.report)).toEqual({ a: 'applied', b: 'failed', c: 'skipped' });
      expect(raising.report?.fromNothing).toMatchObject({
        resumed: 'destroying',
        reached: 'raising',
        destroyed: [
          { name: 'c', verdict: 'absent' },
          { name: 'b', verdict: 'destroyed' },
          { name: 'a', verdict: 'destroyed' },
        ],
      });
      expect(await castle.mark()).toMatchObject({ phase: 'raising', run: raising.report?.run });
      const half = { 'make a': 2, 'make b': 1, 'make c': 1, 'unmake a': 1, 'unmake b': 1, 'unmake c': 1 };
      expect(await castle.done()).toEqual(half);

      await castle.allow('make-b');
      const reborn = await castle.run(args);
      expect(reborn.code, reborn.output).toBe(0);
      expect(reborn.output).toContain('NOTHING IS DESTROYED this time, the rebirth goes on.');
      expect(verdictsOf(reborn.report)).toEqual({ a: 'unchanged', b: 'applied', c: 'applied' });
      expect(reborn.report).toMatchObject({
        verdict: 'reborn',
        fromNothing: { resumed: 'raising', reached: 'reborn', destroyed: [] },
      });
      expect(await castle.done()).toEqual({ ...half, 'make b': 2, 'make c': 2 });
      expect(await castle.mark()).toBeUndefined();

      // Whole again, so the next one begins with a destroy.
      const again = await castle.run(args);
      expect(again.code, again.output).toBe(0);
      expect(again.report?.fromNothing).toMatchObject({ resumed: null, reached: 'reborn' });
      expect(await castle.done()).toEqual({
        ...{ 'make a': 3, 'make b': 3, 'make c': 3, 'unmake a': 2, 'unmake b': 2, 'unmake c': 2 },
      });
      expect(await castle.world.leftovers()).toEqual([]);
    },
    slowly,
  );

  test(
    'that is killed while it destroys, and again while it rebuilds, goes on from where it was',
    async () => {
      await using castle = await chain();
      expect((await castle.run(['rebirth'])).code).toBe(0);
      const first = await castle.start(args, '3');
      await first.sees(/unmake b: at work/);
      first.kill('SIGKILL');
      await first.ended;
      expect((await castle.mark())?.phase).toBe('destroying');

      const second = await castle.start(args, '3');
      await second.sees(/make b: at work/);
      second.kill('SIGKILL');
      await second.ended;
      expect((await castle.mark())?.phase).toBe('raising');

      const last = await castle.run(args);
      expect(last.code, last.output).toBe(0);
      expect(last.report).toMatchObject({
        verdict: 'reborn',
        fromNothing: { resumed: 'raising', reached: 'reborn' },
      });
      expect(await castle.done()).toEqual({
        ...{ 'make a': 2, 'make b': 2, 'make c': 2, 'unmake a': 1, 'unmake b': 1, 'unmake c': 1 },
      });
      expect(await castle.mark()).toBeUndefined();
      expect(await castle.world.leftovers()).toEqual([]);
    },
    slowly,
  );

  test(
    'is not gone on with when its mark is old; an ordinary rebirth takes the mark away',
    async () => {
      await using castle = await chain();
      await castle.refuse('make-b');
      expect((await castle.run(args)).code).toBe(7);
      const place = dirStore(
        join(castle.world.dir, 'home/.local/state/phoenix/small/keepsake'),
        keepsakeForm,
      );
      const found = await place.read();
      const { record } = found ?? {};
      if (record?.passage === undefined) throw new Error('there is no mark');
      const old = { ...record.passage, at: Date.now() - 8 * 24 * 3600 * 1000 };
      await place.write({ ...record, passage: old }, found?.version);
      await castle.allow('make-b');
      const before = await castle.done();
      await expectRefusal(castle.world, await castle.run(args), {
        code: 'PHX-PASSAGE-STALE',
        exit: 2,
        says: [/phoenix rebirth/],
      });
      expect(await castle.done()).toEqual(before);

      expect((await castle.run(['rebirth'])).code).toBe(0);
      expect(await castle.mark()).toBeUndefined();
      expect(await castle.done()).toEqual({ ...before, 'make b': 1, 'make c': 1 });
    },
    slowly,
  );

  test(
    'that is cancelled between its destroy and its rebirth is cancelled, and says that the castle is gone',
    async () => {
      // A DNS server that never answers: the look at what is left outside takes its time.
      await using silence = createSocket('udp4');
      await new Promise<void>((resolve) => silence.bind(53, '127.0.0.77', resolve));
      const asked = new Promise<void>((resolve) => silence.once('message', () => resolve()));
      await using castle = await chain(
        'destroy: { leftovers: { dns: [x.example.org], resolver: 127.0.0.77 } }\n',
      );
      expect((await castle.run(['rebirth'])).code).toBe(0);
      const run = await castle.start(args, '0');
      await asked;
      run.kill('SIGINT');
      const ended = await run.ended;
      expect(ended.code, ended.output).toBe(130);
      expect(ended.report).toMatchObject({
        verdict: 'cancelled',
        fromNothing: {
          reached: 'destroying',
          destroyed: ['c', 'b', 'a'].map((name) => ({ name, verdict: 'destroyed' })),
        },
      });
      expect(ended.output).toContain('small IS DESTROYED AND NOT REBORN.');
      expect(await castle.mark()).toMatchObject({ phase: 'destroyed', run: ended.report?.run });
      const gone = { ...once, 'unmake a': 1, 'unmake b': 1, 'unmake c': 1 };
      expect(await castle.done()).toEqual(gone);
      const reborn = await castle.run(args);
      expect(reborn.code, reborn.output).toBe(0);
      expect(reborn.report?.fromNothing).toMatchObject({ resumed: 'destroyed', reached: 'reborn' });
      expect(await castle.done()).toEqual({ ...gone, 'make a': 2, 'make b': 2, 'make c': 2 });
    },
    slowly,
  );

  test(
    'leaves no mark where nothing was destroyed; a part leaves the mark alone, and an apply turns it',
    async () => {
      await using castle = await chain();
      expect((await castle.run(['rebirth'])).code).toBe(0);
      await castle.refuse('unmake-c');
      const untouched = await castle.run(args);
      expect(untouched.code).toBe(7);
      expect(untouched.output).not.toContain('DESTROYED AND NOT REBORN');
      expect(await castle.mark()).toBeUndefined();

      await castle.allow('unmake-c');
      await castle.refuse('unmake-b');
      const half = await castle.run(args);
      expect(half.output).toContain('small IS HALF DESTROYED AND NOT REBORN.');
      const mark = await castle.mark();
      expect(mark?.phase).toBe('destroying');
      await castle.allow('unmake-b');
      const part = await castle.run(['destroy', '--only', 'c', '--confirm', 'small']);
      expect(part.code, part.output).toBe(0);
      expect(await castle.mark()).toEqual(mark);

      // From the first apply on nothing of it may be destroyed as if it were the rest of a dead castle.
      expect((await castle.run(['layers', '--only', 'a'])).code).toBe(0);
      expect(await castle.mark()).toMatchObject({ phase: 'raising', at: mark?.at });
      expect((await castle.run(['destroy', '--only', 'c', '--confirm', 'small'])).code).toBe(0);
      const before = await castle.done();
      const reborn = await castle.run(args);
      expect(reborn.code, reborn.output).toBe(0);
      expect(reborn.output).toContain('NOTHING IS DESTROYED this time');
      expect(await castle.done()).toEqual({ ...before, 'make c': 2 });
    },
    slowly,
  );

  test(
    'in a job that is killed is told by the step after it, with the command that goes on',
    async () => {
      await using castle = await chain();
      expect((await castle.run(['rebirth'])).code).toBe(0);
      const runner = await playRunner(castle.world);
      const inputs = { command: 'rebirth', 'from-nothing': 'true', confirm: 'small' };
      const main = await runner.main(inputs, { ...castle.env, SECONDS: '3' });
      await main.sees(/unmake b: at work/);
      main.kill('SIGKILL');
      const killed = await main.ended;
      expect(killed.output).toContain('on this machine only');
      await (await runner.post()).ended;
      const report = await reportOf(castle.world);
      expect(report).toMatchObject({
        verdict: 'failed',
        fromNothing: { resumed: null, reached: 'destroying' },
        error: {
          code: 'PHX-RUN-DIED',
          why: expect.stringContaining('small IS HALF DESTROYED AND NOT REBORN.'),
        },
      });
      const text = JSON.stringify(report);
      expect(text).not.toContain('--from b');
      expect((await castle.run(args)).code).toBe(0);
    },
    slowly,
  );
});
