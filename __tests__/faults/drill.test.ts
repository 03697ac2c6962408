import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { gitHubGit } from '../support/github-git.ts';
import { gitHubIssues } from '../support/github-issues.ts';
import { expectRefusal } from '../support/refusals.ts';
import { smallCastle } from '../support/small-castle.ts';
import { type World, warmTools } from '../support/world.ts';

const slowly = 300_000;
const token = 'ghs_0123456789abcdefghij';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

/** Fails to be made while a file `refuse` is there. */
const layer = [
  'resource "terraform_data" "it" {',
  '  provisioner "local-exec" {',
  '    command = "[ ! -e $MARKS/refuse ]"',
  '  }',
  '}',
  '',
].join('\n');

async function drilled(): Promise<{ world: World; env: Record<string, string> } & AsyncDisposable> {
  const drill =
    'drill: { every: 26h, history: { dir: ../drills }, issue: true, metrics: ../metrics/drill.prom }';
  const world = await smallCastle(
    { a: { main: layer }, b: { after: ['a'], main: layer } },
    { yaml: `env: [MARKS]\nlease: { place: machine }\n${drill.replaceAll('../', './')}\n` },
  );
  return {
    world,
    env: { MARKS: world.dir },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

// Without a castle file a drill is of the box.
const args = ['drill', '--castle', 'phoenix.yaml', '--confirm', 'small'] as const;

describe('a drill', () => {
  test(
    'needs the name, keeps its figures, fails with a diagnosis, goes on, and its issue follows it',
    async () => {
      await using castle = await drilled();
      await using github = await gitHubIssues('me/castle', token);
      const { world } = castle;
      const at = { GITHUB_REPOSITORY: 'me/castle', GITHUB_API_URL: github.url, GITHUB_TOKEN: token };
      const env = { ...castle.env, ...at };
      expect((await world.run(['rebirth'], env)).code).toBe(0);
      await expectRefusal(world, await world.run(args.slice(0, 3), env), {
        code: 'PHX-DESTROY-CONFIRM',
        exit: 2,
      });

      const first = await world.run(args, env);
      expect(first.code, first.output).toBe(0);
      expect(first.report).toMatchObject({
        verdict: 'reborn',
        fromNothing: { reached: 'reborn', gone: expect.any(String) },
        drill: {
          verdict: 'good',
          streak: 1,
          resumed: false,
          firstBirthSeconds: null,
          witness: { b: 'none' },
        },
      });
      expect(github.issues).toEqual([]);
      const metrics = () => readFile(join(world.dir, 'metrics/drill.prom'), 'utf8');
      expect(await metrics()).toMatch(/^phoenix_drill_last_good_timestamp_seconds\{castle="small"\} \d{10}/m);

      await writeFile(join(world.dir, 'refuse'), '');
      const second = await world.run(args, env);
      expect(second.code, second.output).toBe(7);
      expect(second.output).toContain('small IS DESTROYED AND NOT REBORN.');
      expect(second.report?.drill).toMatchObject({
        verdict: 'failed',
        streak: 0,
        trend: { failedInARow: 1 },
      });
      expect(await metrics()).toContain('phoenix_drill_good{castle="small"} 0\n');
      expect(github.issues).toMatchObject([
        { state: 'open', body: expect.stringContaining('PHX-LAYER-FAILED in a') },
      ]);

      // Lines that a crash or a hand left broken are made again from the reports.
      await writeFile(join(world.dir, 'drills/history.jsonl'), '{"run": half\n');
      await rm(join(world.dir, 'refuse'));
      const third = await world.run([...args, '--page', 'drill.html'], env);
      expect(third.code, third.output).toBe(0);
      expect(third.report).toMatchObject({
        fromNothing: { resumed: 'raising' },
        drill: { verdict: 'good', resumed: true, streak: 1, trend: { drills: 3, good: 2, strange: 0 } },
      });
      const page = await readFile(join(world.dir, 'drill.html'), 'utf8');
      expect(page).toContain('<h1>small came back: its drill is good</h1>');
      expect(page).toContain('3 drills, 2 good, 1 failed since');
      expect(page).toMatch(/Not all earlier runs are in it:.*1 of its lines cannot be read/);
      expect(github.issues).toMatchObject([{ state: 'closed' }]);
      const lines = (await readFile(join(world.dir, 'drills/history.jsonl'), 'utf8')).trim().split('\n');
      expect(lines.map((line) => (JSON.parse(line) as { drill: { verdict: string } }).drill.verdict)).toEqual(
        ['good', 'failed', 'good'],
      );
      expect((await readdir(join(world.dir, 'drills'))).sort()).toEqual([
        'badge.json',
        'badge.svg',
        'history.jsonl',
        'reports',
      ]);
      expect(await world.leftovers()).toEqual([]);
    },
    slowly,
  );

  test(
    'is as good as it was where GitHub, its folder and its metrics take nothing',
    async () => {
      await using castle = await drilled();
      await using github = await gitHubIssues('me/castle', token);
      const { world } = castle;
      for (const name of ['drills', 'metrics']) await writeFile(join(world.dir, name), 'in the way');
      github.plant('<!-- phoenix:drill small -->\nopen');
      github.fail({ status: 410, message: 'Issues has been disabled in this repository.' });
      const at = { GITHUB_REPOSITORY: 'me/castle', GITHUB_API_URL: github.url, GITHUB_TOKEN: token };
      const ended = await world.run(args, { ...castle.env, ...at });
      expect(ended.code, ended.output).toBe(0);
      expect(ended.report?.drill?.verdict).toBe('good');
      for (const what of ['its history in', 'metrics/drill.prom', 'its issue'])
        expect(ended.output).toContain(
          `The drill is over, and this could not be written: ${what === 'metrics/drill.prom' ? join(world.dir, what) : what}`,
        );
    },
    slowly,
  );

  test("is missed by the dead man's switch where the last good one is too old, by folder and by branch", async () => {
    await using castle = await drilled();
    await using github = await gitHubGit('me/castle', token);
    const { world } = castle;
    const never = await world.run(['report', '--dead-man'], castle.env);
    expect(never.code, never.output).toBe(9);
    expect(never.output).toContain(
      'No good drill of small for longer than 26h 00m 00s. None was good so far',
    );
    const line = (hoursAgo: number) =>
      `${JSON.stringify({ run: `r${hoursAgo}`, castle: 'small', started: new Date(Date.now() - hoursAgo * 3_600_000).toISOString(), wallSeconds: 60, layers: {}, drill: { verdict: 'good', score: 90, rto: {} } })}\n`;
    await mkdir(join(world.dir, 'drills'));
    await writeFile(join(world.dir, 'drills/history.jsonl'), line(20));
    expect((await world.run(['report', '--dead-man'], castle.env)).code).toBe(0);

    github.commit('phoenix-history', { 'small/history.jsonl': line(30) });
    const at = { GITHUB_REPOSITORY: 'me/castle', GITHUB_API_URL: github.url, GITHUB_TOKEN: token };
    const old = await world.run(['report', '--dead-man', '--history'], { ...castle.env, ...at });
    expect(old.code, old.output).toBe(9);
    expect(github.files('phoenix-history')?.get('small/badge.json')).toContain('"color":"orange"');
    // The stand-in has no issues: that they cannot be written is told, and changes nothing.
    expect(old.output).toContain('keep the issue of the drills of small');
  });
});
