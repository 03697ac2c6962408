import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { dirStore } from '../../src/lease/dir.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { type HttpBackend, startHttpBackend } from '../support/backends/http.ts';
import { untilReady } from '../support/backends/until-ready.ts';
import { entry } from '../support/entry.ts';
import { processesOf } from '../support/processes.ts';
import { playRunner, vaultsOf } from '../support/runner/play.ts';
import { made, running, smallCastle, verdictsOf } from '../support/small-castle.ts';
import { type World, warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

function castle(backend: HttpBackend, seconds: number): Promise<World> {
  const work = running(`echo "at work"; sleep ${seconds}; echo worked >> "$WORKED"`);
  return smallCastle(
    {
      a: { main: made },
      b: { after: ['a'], main: `${backend.block('b')}${work}` },
      c: { after: ['b'], main: made },
    },
    { yaml: 'env: [WORKED]\nlease: { place: machine }\n' },
  );
}

const enginesEnded = (world: World) =>
  untilReady(
    'the end of the engines',
    async () => !(await processesOf(world.mark)).some(({ command }) => /\/(tofu|terragrunt)\b/.test(command)),
  );

const reportOf = async ({ dir }: World) =>
  reportSchema.parse(JSON.parse(await readFile(join(dir, 'phoenix-report.json'), 'utf8')));

describe('the post step', () => {
  test('waits for the engine that main left, tells what it finished, and leaves nothing', async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend, 2);
    backend.delay(['POST'], 3_000);
    const runner = await playRunner(world);
    const main = await runner.main({ command: 'rebirth' }, { WORKED: join(world.dir, 'worked') });
    await main.sees(/\[b\] {3}at work/);
    const asked = Date.now();
    main.kill('SIGINT');
    const ended = await main.ended;
    expect(Date.now() - asked).toBeLessThan(2_000);
    expect({ code: ended.code, verdict: ended.report?.verdict }).toEqual({ code: 130, verdict: 'cancelled' });
    expect(verdictsOf(ended.report)).toEqual({ a: 'applied', b: 'cancelled', c: 'skipped' });
    expect(await vaultsOf(world)).toHaveLength(1);

    const post = await (await runner.post()).ended;
    expect(post.code, post.output).toBe(0);
    const report = await reportOf(world);
    expect(report).toMatchObject({
      verdict: 'cancelled',
      aftermath: { by: 'post', handedOn: [], troubles: [] },
    });
    expect(report.layers.find(({ name }) => name === 'b')?.note).toMatch(/--from b to go on/);
    expect(report.leaks.checked).toBeGreaterThan(0);
    expect(backend.lock('b')).toBeUndefined();
    expect(await world.leftovers()).toEqual([]);
  });

  test('reports for a main that was killed before it could', async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend, 1);
    const runner = await playRunner(world);
    const main = await runner.main(
      { command: 'rebirth', page: 'page.html' },
      { WORKED: join(world.dir, 'worked') },
    );
    await main.sees(/\[b\] {3}at work/);
    main.kill('SIGKILL');
    expect((await main.ended).report).toBeUndefined();
    const post = await (await runner.post()).ended;
    expect(post.code, post.output).toBe(0);
    expect(await reportOf(world)).toMatchObject({
      verdict: 'failed',
      error: { code: 'PHX-RUN-DIED', what: 'Phoenix was killed while b was under way.' },
    });
    expect(await runner.summary()).toContain('PHX-RUN-DIED');
    expect(await readFile(join(world.dir, 'page.html'), 'utf8')).toContain('PHX-RUN-DIED');
    expect(await world.leftovers()).toEqual([]);
  });

  test('finds the vault of a killed main though another castle began on the machine meanwhile; without a job it would not', async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend, 1);
    await using other = await smallCastle({ z: { main: made } });
    const env = { WORKED: join(world.dir, 'worked') };
    const runner = await playRunner(world);
    const main = await runner.main({ command: 'rebirth' }, env);
    await main.sees(/\[b\] {3}at work/);
    main.kill('SIGKILL');
    await main.ended;
    // Its engine ends by itself: from here on nothing but the job speaks for the vault.
    await enginesEnded(world);
    const meanwhile = await other.run(['rebirth'], { PHOENIX_VAULT: world.vault });
    expect(meanwhile.code, meanwhile.output).toBe(0);
    expect(await vaultsOf(world)).toHaveLength(1);
    const post = await (await runner.post()).ended;
    expect(post.code, post.output).toBe(0);
    expect((await reportOf(world)).layers.find(({ name }) => name === 'b')).toMatchObject({
      verdict: 'applied',
    });
    expect(await world.leftovers()).toEqual([]);

    const alone = await world.start(['rebirth', '--only', 'b'], env);
    await alone.sees(/\[b\] started/);
    alone.kill('SIGKILL');
    await alone.ended;
    await enginesEnded(world);
    await other.run(['rebirth'], { PHOENIX_VAULT: world.vault });
    expect(await vaultsOf(world)).toEqual([]);
  });

  test('whose time is over leaves the engine to finish; the castle stays taken, and the next run waits for it', async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend, 1);
    backend.delay(['POST'], 20_000);
    const runner = await playRunner(world);
    const env = { WORKED: join(world.dir, 'worked') };
    const main = await runner.main({ command: 'rebirth' }, env);
    await main.sees(/\[b\] {3}at work/);
    main.kill('SIGINT');
    await main.ended;
    const post = await (await runner.post({ PHOENIX_CANCEL_BUDGET: '33' })).ended;
    expect(post.code, post.output).toBe(0);
    expect((await reportOf(world)).aftermath).toMatchObject({ handedOn: ['b'] });
    expect(await vaultsOf(world)).toEqual([]);
    expect((await processesOf(world.mark)).some(({ command }) => /\/tofu apply /.test(command))).toBe(true);

    backend.delay(['POST'], 0);
    const next = await (await world.start(['rebirth'], env)).ended;
    expect(next.code, next.output).toBe(0);
    expect(next.output).toMatch(/b: its engine \(process \d+\) outlived its run and is finishing/);
    expect(backend.lock('b')).toBeUndefined();
    expect(await world.leftovers()).toEqual([]);
  });

  test('is not left an engine by a main that stops because it lost the castle: main waits for it itself', async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend, 1);
    await world.write({
      'phoenix.yaml': (await readFile(join(world.dir, 'phoenix.yaml'), 'utf8')).replace(
        'place: machine',
        'place: machine, ttl: 10s',
      ),
    });
    backend.delay(['POST'], 12_000);
    const runner = await playRunner(world);
    const main = await runner.main({ command: 'rebirth' }, { WORKED: join(world.dir, 'worked') });
    await main.sees(/\[b\] {3}at work/);
    // As another machine would that thinks this one dead.
    const store = dirStore(join(world.dir, 'home/.local/state/phoenix/small/lease'));
    const found = await store.read();
    if (found === undefined) throw new Error('there is no lease');
    const thief = { ...found.record, fence: found.record.fence + 1, token: 'of-another', run: 'another' };
    expect(await store.write(thief, found.version)).toBeDefined();
    const ended = await main.ended;
    expect(ended.code, ended.output).toBe(7);
    expect(ended.report?.error?.code).toBe('PHX-LEASE-LOST');
    expect(backend.lock('b')).toBeUndefined();
    expect((await (await runner.post()).ended).code).toBe(0);
    expect(await world.leftovers()).toEqual([]);
  });
});

const hasNamespaces = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;

describe('what another run left', () => {
  test.skipIf(!hasNamespaces)(
    'and cannot be wiped is a warning of the post step with what and where, and no failure',
    async () => {
      await using world = await smallCastle({ a: { main: made } });
      const old = join(world.vault, 'phoenix-vault-old');
      await mkdir(old);
      await writeFile(
        join(old, 'owner.json'),
        JSON.stringify({ pid: 2 ** 22 + 1, startTime: '1', bootId: '' }),
      );
      const script = `mount --bind "$V" "$V"; mount -o remount,ro,bind "$V"; exec "${process.execPath}" "${entry}"`;
      const { status, stdout, stderr } = spawnSync('unshare', ['--mount', '/bin/sh', '-ec', script], {
        encoding: 'utf8',
        cwd: world.dir,
        timeout: 60_000,
        env: {
          ...{ PATH: process.env['PATH'], HOME: join(world.dir, 'home'), V: world.vault },
          ...{ PHOENIX_VAULT: world.vault, GITHUB_ACTIONS: 'true', STATE_phase: 'post' },
        },
      });
      expect({ status, stderr, errors: stdout.match(/^::error.*$/gm) }).toEqual({
        ...{ status: 0, stderr: '', errors: null },
      });
      expect(stdout).toMatch(
        new RegExp(
          `^::warning::post: what another run left stays\\. The vault ${old} could not be wiped\\. .*EROFS`,
          'm',
        ),
      );
      expect(await vaultsOf(world)).toEqual(['phoenix-vault-old']);
    },
  );
});
