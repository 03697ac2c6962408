import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  expect(ended.code, ended.output).toBe(0);
  expect(ended.report).toMatchObject({ mode: 'matrix', command: 'layers', leg: 'first', verdict: 'applied' });
  expect(server.names()).toEqual(['phoenix.small.leg-first.1']);
  expect((await (await first.post(env)).ended).code).toBe(0);

  const second = await playRunner(world);
  const main = await second.main({ command: 'layers', only: 'second' }, env);
  await main.sees(/\[second\] {1,}at work/);
  main.kill('SIGKILL');
  await main.ended;
  const post = await (await second.post(env)).ended;
  expect(post.code, post.output).toBe(0);
  expect(server.names()).toEqual(['phoenix.small.leg-first.1', 'phoenix.small.leg-second.1']);
}, 120_000);

test('a report that main could not hand over any more is handed over by its post step', async () => {
  await using server = await artifactServer();
  await using world = await smallCastle({ first: { main: made } });
  const runner = await playRunner(world);
  const main = await (await runner.main({ command: 'layers', only: 'first', report: 'leg.json' })).ended;
  expect(main.code, main.output).toBe(0);
  expect(main.output).toContain('PHX-ARTIFACT-KEEP');
  expect(server.names()).toEqual([]);
  const post = await (await runner.post(server.env)).ended;
  expect(post.code, post.output).toBe(0);
  expect(server.names()).toEqual(['phoenix.small.leg-first.1']);
}, 120_000);

test('the page of a run is kept as an artifact of its own, and its file is an output', async () => {
  await using server = await artifactServer();
  await using world = await smallCastle({ first: { main: made } });
  const runner = await playRunner(world);
  const run = { GITHUB_RUN_ID: '8', GITHUB_RUN_ATTEMPT: '1', GITHUB_REPOSITORY: 'me/castle' };
  const env = { ...server.env, ...run };
  const main = await (await runner.main({ command: 'rebirth', page: 'out/page.html' }, env)).ended;
  expect(main.code, main.output).toBe(0);
  expect((await runner.written('OUTPUT')).get('page')).toBe('out/page.html');
  expect(server.names()).toEqual(['phoenix.small.rebirth.1', 'phoenix-page.small.rebirth.1.html']);
  const page = server.contentOf('phoenix-page.small.rebirth.1.html')?.toString() ?? '';
  expect(page).toContain('small is reborn in');
  expect(page).toContain('No earlier run is known here');

  // The next one knows how long the layers took, and where the server is away its page is a warning.
  const away = { command: 'rebirth', page: 'out/page.html' };
  const lonely = { ...run, ACTIONS_RESULTS_URL: 'http://127.0.0.1:9/', ACTIONS_RUNTIME_TOKEN: 'none' };
  const next = await (await runner.main(away, lonely)).ended;
  expect(next.code, next.output).toBe(0);
  expect(next.output).toContain('PHX-ARTIFACT-PAGE');
  expect(await readFile(join(world.dir, 'out/page.html'), 'utf8')).toContain(
    'the times of the layers of the last 2 runs on this machine',
  );
}, 180_000);

test('the page of a run that was killed is written and kept by its post step', async () => {
  await using server = await artifactServer();
  await using world = await smallCastle({ first: { main: running('echo "at work"; sleep 2') } });
  const run = { GITHUB_RUN_ID: '9', GITHUB_RUN_ATTEMPT: '1', GITHUB_REPOSITORY: 'me/castle' };
  const env = { ...server.env, ...run };
  const runner = await playRunner(world);
  const main = await runner.main({ command: 'rebirth', page: 'page.html' }, env);
  await main.sees(/\[first\] {1,}at work/);
  main.kill('SIGKILL');
  await main.ended;
  const post = await (await runner.post(env)).ended;
  expect(post.code, post.output).toBe(0);
  expect(server.names().sort()).toEqual(['phoenix-page.small.rebirth.1.html', 'phoenix.small.rebirth.1']);
  const page = server.contentOf('phoenix-page.small.rebirth.1.html')?.toString();
  expect(page).toBe(await readFile(join(world.dir, 'page.html'), 'utf8'));
  expect(page).toContain('small is NOT reborn');
}, 180_000);
