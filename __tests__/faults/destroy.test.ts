import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { reportSchema } from '../../src/report/schema.ts';
import { type HttpBackend, startHttpBackend } from '../support/backends/http.ts';
import { freePort } from '../support/backends/port.ts';
import { expectRefusal } from '../support/refusals.ts';
import { playRunner } from '../support/runner/play.ts';
import { made, smallCastle, verdictsOf } from '../support/small-castle.ts';
import { unmaking } from '../support/unmade.ts';
import { type World, warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const confirmed = ['destroy', '--confirm', 'small'] as const;

/** `b`, whose state is kept by `backend`, takes `SECONDS` to go; `a` is below it, `c` stands on it. */
function castle(backend: HttpBackend): Promise<World> {
  return smallCastle(
    {
      a: { main: made },
      b: { after: ['a'], main: `${backend.block('b')}${unmaking('echo "at work"; sleep "$SECONDS"')}` },
      c: { after: ['b'], main: made },
    },
    { yaml: 'env: [SECONDS]\nlease: { place: machine }\n' },
  );
}

const quick = { SECONDS: '0' };
const slow = { SECONDS: '30' };
const reportOf = async ({ dir }: World) =>
  reportSchema.parse(JSON.parse(await readFile(join(dir, 'phoenix-report.json'), 'utf8')));

async function expectGone(world: World, backend: HttpBackend): Promise<void> {
  const next = await world.run(confirmed, quick);
  expect(next.code, next.output).toBe(0);
  expect(verdictsOf(next.report)).toEqual({ c: 'absent', b: 'destroyed', a: 'destroyed' });
  expect(JSON.parse(backend.versions('b').at(-1) ?? '{}')).toMatchObject({ resources: [] });
  expect(await world.leftovers()).toEqual([]);
}

describe('a destroy', () => {
  test('that is cancelled in the middle stops at a safe point, gives its locks back, and goes on when run again', async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend);
    expect((await world.run(['rebirth'], quick)).code).toBe(0);
    const first = await world.start(confirmed, slow);
    await first.sees(/\[b\] {3}at work/);
    expect(backend.lock('b')).toBeDefined();
    first.kill('SIGINT');
    const ended = await first.ended;
    expect({ code: ended.code, verdict: ended.report?.verdict }).toEqual({ code: 130, verdict: 'cancelled' });
    expect(verdictsOf(ended.report)).toEqual({ c: 'destroyed', b: 'cancelled', a: 'skipped' });
    const b = ended.report?.layers.find(({ name }) => name === 'b');
    expect(b?.note).toMatch(
      /terraform_data\.made \(delete; still in the state\).* Run destroy again to go on/,
    );
    expect(backend.lock('b')).toBeUndefined();
    expect(await world.leftovers()).toEqual([]);
    await expectGone(world, backend);
  });

  test('whose job is killed is settled by the post step as what it was, and goes on when run again', async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend);
    expect((await world.run(['rebirth'], quick)).code).toBe(0);
    const runner = await playRunner(world);
    const nearly = await (await runner.main({ command: 'destroy', confirm: 'small\n' }, quick)).ended;
    expect(nearly.code, nearly.output).toBe(2);

    const main = await runner.main({ command: 'destroy', confirm: 'small' }, { SECONDS: '4' });
    await main.sees(/\[b\] {3}at work/);
    main.kill('SIGKILL');
    await main.ended;
    const post = await (await runner.post()).ended;
    expect(post.code, post.output).toBe(0);
    const report = await reportOf(world);
    expect(report).toMatchObject({
      command: 'destroy',
      verdict: 'failed',
      error: { code: 'PHX-RUN-DIED', next: expect.stringContaining('goes on with what still stands') },
    });
    expect(JSON.stringify(report)).not.toContain('--from');
    expect(report.layers.find(({ name }) => name === 'b')?.note).toMatch(/Run destroy again to go on/);
    expect(await runner.summary()).toContain('small is NOT destroyed');
    expect(backend.lock('b')).toBeUndefined();
    await expectGone(world, backend);
  });

  test('whose cluster is dead says so for what lives in it within moments, and takes the rest', async () => {
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'dead', cluster: { server: `https://127.0.0.1:${await freePort()}` } }],
      users: [{ name: 'nobody', user: {} }],
      contexts: [{ name: 'dead', context: { cluster: 'dead', user: 'nobody' } }],
      'current-context': 'dead',
    };
    const output = `output "kubeconfig" {\n  value = ${JSON.stringify(JSON.stringify(config))}\n}\n`;
    await using world = await smallCastle(
      {
        platform: { main: made + output },
        engine: { after: ['platform'], main: unmaking('sleep 600') },
        empty: { after: ['platform'], main: 'output "none" {\n  value = 1\n}\n' },
        storage: { main: made },
      },
      { yaml: 'kubeconfig: { layer: platform }\nlease: { place: machine }\n' },
    );
    expect((await world.run(['rebirth'])).code).toBe(0);
    await writeFile(join(world.dir, 'live/empty/main.tf'), '');
    const from = Date.now();
    const ended = await world.run(confirmed);
    expect(Date.now() - from).toBeLessThan(60_000);
    await expectRefusal(world, ended, {
      code: 'PHX-DESTROY-API-DEAD',
      exit: 8,
      says: [
        /ECONNREFUSED/,
        /Its state still holds terraform_data\.made\./,
        /state rm 'terraform_data\.made'/,
      ],
    });
    expect(verdictsOf(ended.report)).toEqual({
      ...{ engine: 'failed', empty: 'absent', storage: 'destroyed', platform: 'skipped' },
    });
  });
});
