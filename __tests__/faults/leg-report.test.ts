import { beforeAll, expect, test } from 'vitest';
import { artifactServer } from '../support/artifact-server.ts';
import { playRunner } from '../support/runner/play.ts';
import { made, running, smallCastle } from '../support/small-castle.ts';
import { warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

test('a leg hands its report over, and where it was killed its post step does', async () => {
  await using server = await artifactServer();
  await using world = await smallCastle({
    first: { main: made },
    second: { after: ['first'], main: running('echo "at work"; sleep 2') },
  });
  const env = { ...server.env, GITHUB_RUN_ID: '7', GITHUB_RUN_ATTEMPT: '1', GITHUB_REPOSITORY: 'me/castle' };
  const first = await playRunner(world);
  const ended = await (await first.main({ command: 'layers', only: 'first' }, env)).ended;
  expect({ code: ended.code, output: ended.output }).toMatchObject({ code: 0 });
  expect(ended.report).toMatchObject({ mode: 'matrix', command: 'layers', leg: 'first', verdict: 'applied' });
  expect(server.names()).toEqual(['phoenix.small.leg-first.1']);
  expect((await (await first.post(env)).ended).code).toBe(0);

  const second = await playRunner(world);
  const main = await second.main({ command: 'layers', only: 'second' }, env);
  await main.sees(/\[second\] {1,}at work/);
  main.kill('SIGKILL');
  await main.ended;
  const post = await (await second.post(env)).ended;
  expect({ code: post.code, output: post.output }).toMatchObject({ code: 0 });
  expect(server.names()).toEqual(['phoenix.small.leg-first.1', 'phoenix.small.leg-second.1']);
}, 120_000);

test('a report that main could not hand over any more is handed over by its post step', async () => {
  await using server = await artifactServer();
  await using world = await smallCastle({ first: { main: made } });
  const runner = await playRunner(world);
  const main = await (await runner.main({ command: 'layers', only: 'first', report: 'leg.json' })).ended;
  expect({ code: main.code, output: main.output }).toMatchObject({ code: 0 });
  expect(main.output).toContain('PHX-ARTIFACT-KEEP');
  expect(server.names()).toEqual([]);
  const post = await (await runner.post(server.env)).ended;
  expect({ code: post.code, output: post.output }).toMatchObject({ code: 0 });
  expect(server.names()).toEqual(['phoenix.small.leg-first.1']);
}, 120_000);
