import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { layerChangeSchema } from '../../src/report/changes.ts';
import { startHttpBackend } from '../support/backends/http.ts';
import { playRunner, vaultsOf } from '../support/runner/play.ts';
import { made, running, smallCastle } from '../support/small-castle.ts';
import type { World } from '../support/world.ts';

const answer = z.object({ changes: z.array(layerChangeSchema), drift: z.boolean() });

function changesOf(stdout: string) {
  const { changes, drift } = answer.parse(JSON.parse(stdout));
  return { drift, by: new Map(changes.map((change) => [change.layer, change])) };
}

const output = (name: string, value: string) => `output "${name}" {\n  value = ${value}\n}\n`;
const unit = (dependency: string, mocks: string) =>
  [
    `dependency "${dependency}" {`,
    `  config_path = "../${dependency}"`,
    ...(mocks === '' ? [] : [`  mock_outputs = { ${mocks} }`]),
    ...(mocks === '' ? [] : ['  mock_outputs_allowed_terraform_commands = ["validate", "plan"]']),
    '}',
    `inputs = { given = dependency.${dependency}.outputs.id }`,
    '',
  ].join('\n');
const taking =
  'variable "given" {\n  type = string\n}\nresource "terraform_data" "taken" {\n  input = var.given\n}\n';

/** Every file below `dir` that could be a plan of the engine (a zip) or a lock on a state. */
async function plansAndLocks(dir: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const head = (await readFile(file)).subarray(0, 4).toString('latin1');
    if (head === 'PK\u0003\u0004' || entry.name.endsWith('.lock.info')) found.push(file);
  }
  return found;
}

/** What the states say, by file. */
async function states({ dir }: World): Promise<ReadonlyMap<string, string>> {
  // Below .terraform is what the engine knows of its backend.
  const files = (await readdir(join(dir, 'live'), { recursive: true })).filter(
    (file) => file.endsWith('/terraform.tfstate') && !file.includes('/.terraform/'),
  );
  const sums = await Promise.all(
    files.map(
      async (file): Promise<[string, string]> => [
        file,
        createHash('sha256')
          .update(await readFile(join(dir, 'live', file)))
          .digest('hex'),
      ],
    ),
  );
  return new Map(sums);
}

/** A pull request's job, as the runner describes it. */
async function pullRequest(world: World, from: string | null): Promise<Record<string, string>> {
  await world.write({
    'event.json': JSON.stringify({
      repository: { full_name: 'org/castle', fork: false, default_branch: 'main' },
      pull_request: { number: 7, head: { repo: from === null ? null : { full_name: from } } },
    }),
  });
  return {
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: join(world.dir, 'event.json'),
    GITHUB_REPOSITORY: 'org/castle',
    GITHUB_REF: 'refs/pull/7/merge',
  };
}

const canary = 'planned-canary-4711';

/**
 * base → changed → after: applied, and one of them changed since. fresh was never applied; mocked and unmocked want its
 * outputs. secret needs one. Its state is kept by a server that says what it was asked.
 */
async function castle(backend: string): Promise<World> {
  const world = await smallCastle(
    {
      base: { main: `${backend}${made}${output('id', '"one"')}` },
      changed: { main: taking },
      after: { after: ['changed'], main: made },
      secret: {
        main: 'variable "token" {\n  type = string\n}\nresource "terraform_data" "of" {\n  for_each = toset([var.token])\n}\n',
      },
    },
    { secrets: { TOKEN: { value: canary, use: '{ layers: [secret] }' } } },
  );
  await world.write({ 'live/changed/terragrunt.hcl': unit('base', '') });
  const applied = await world.run(['rebirth', '--only', 'base,changed,after']);
  expect(applied.code, applied.output).toBe(0);
  const more = 'resource "terraform_data" "more" {\n  for_each = toset(["x", "y|@z"])\n}\n';
  await world.write({
    'live/changed/main.tf': taking.replace('var.given', '"other"') + more,
    'live/fresh/terragrunt.hcl': '',
    'live/fresh/main.tf': made + output('id', 'terraform_data.made.id'),
    'live/mocked/terragrunt.hcl': unit('fresh', 'id = "made-up"'),
    'live/mocked/main.tf': taking,
    'live/unmocked/terragrunt.hcl': unit('fresh', ''),
    'live/unmocked/main.tf': taking,
  });
  await rm(join(world.dir, 'phoenix-report.json'));
  return world;
}

describe('plan --changes', () => {
  it('tells what each layer would change, by addresses and counts, and touches neither a state nor a lock', async () => {
    await using backend = await startHttpBackend();
    await using world = await castle(backend.block('base'));
    // Somebody else is at it: who only looks does not mind.
    backend.plant('base', { ID: 'theirs', Who: 'them' });
    const before = await states(world);
    expect(before.size).toBe(2);
    const asked = backend.seen.length;
    const { code, stdout, output: said } = await world.run(['plan', '--changes', '--json']);
    expect(code, said).toBe(0);
    const { by, drift } = changesOf(stdout);
    expect(drift).toBe(true);
    expect(by.get('base')).toMatchObject({ verdict: 'no-change', add: 0, changesWith: [] });
    expect(by.get('changed')).toMatchObject({ verdict: 'changes', add: 2, change: 1, destroy: 0 });
    expect(by.get('changed')?.resources.toSorted((a, b) => a.address.localeCompare(b.address))).toEqual([
      { address: 'terraform_data.more["x"]', action: 'create' },
      { address: 'terraform_data.more["y|@z"]', action: 'create' },
      { address: 'terraform_data.taken', action: 'update' },
    ]);
    expect(by.get('after')).toMatchObject({ verdict: 'no-change', changesWith: ['changed'] });
    expect(by.get('fresh')).toMatchObject({ verdict: 'changes', add: 1, outputs: ['id'] });
    expect(by.get('mocked')).toMatchObject({
      verdict: 'mocked',
      add: 1,
      why: 'outputs of fresh are made up',
      changesWith: ['fresh'],
    });
    expect(by.get('unmocked')).toMatchObject({ verdict: 'not-planned', why: 'fresh was never applied' });
    expect(by.get('secret')).toMatchObject({ verdict: 'changes', add: 1 });
    expect(by.get('secret')?.resources).toEqual([{ address: 'terraform_data.of["***"]', action: 'create' }]);
    expect(said).not.toContain(canary);

    expect(new Set(backend.seen.slice(asked).map(({ method }) => method))).toEqual(new Set(['GET']));
    expect(await states(world)).toEqual(before);
    expect(await plansAndLocks(world.dir)).toEqual([]);
    expect(await world.leftovers()).toEqual([]);
    expect(await readdir(world.dir)).not.toContain('phoenix-report.json');

    // The same for a pull request: without a secret, and the rest is planned all the same.
    await rm(world.secrets, { recursive: true });
    const pull = await pullRequest(world, 'org/castle');
    const seen = await world.run(['plan', '--changes', '--json'], pull);
    expect(seen.code, seen.output).toBe(0);
    const without = changesOf(seen.stdout).by;
    expect(without.get('secret')).toMatchObject({ verdict: 'not-planned', why: 'needs TOKEN', valid: true });
    expect(without.get('changed')).toMatchObject({ verdict: 'changes', add: 2, change: 1 });
    expect(without.get('mocked')?.verdict).toBe('mocked');
    expect(await world.leftovers()).toEqual([]);

    // And nothing of a fork's, nor of one that is gone, is even read.
    const ran = `locals {\n  ran = run_cmd("touch", "${join(world.dir, 'ran')}")\n}\n`;
    await world.write({ 'live/base/terragrunt.hcl': ran });
    for (const from of ['other/castle', null]) {
      const fork = await world.run(['plan', '--changes'], await pullRequest(world, from));
      expect(fork.code).toBe(4);
      expect(fork.stderr).toContain('PHX-PLAN-FORK');
      expect(await readdir(world.dir)).not.toContain('ran');
    }
  });

  it('fails for a layer with a mistake, says where it is, and plans the others all the same', async () => {
    await using world = await smallCastle({
      good: { main: made },
      wrong: { main: 'resource "terraform_data" "a" {\n  input = var.missing\n}\n' },
      above: { after: ['wrong'], main: made },
    });
    const { code, stdout, stderr } = await world.run(['plan', '--changes']);
    expect(code).toBe(7);
    expect(stdout).toContain('PHX-LAYER-CONFIG: The plan of layer wrong failed');
    expect(stdout).toMatch(/next: .*[Tt]hen plan again\./);
    expect(stdout).not.toContain('--from');
    expect(stdout).toContain('live/wrong/main.tf:2');
    expect(stdout, stderr).toMatch(/^good +1 to add$/m);
    expect(stdout).toMatch(/^above +1 to add$/m);
  });

  it('leaves nothing when it is cancelled while an engine waits for its state', async () => {
    await using backend = await startHttpBackend();
    await using world = await smallCastle({ slow: { main: `${backend.block('slow')}${made}` } });
    backend.delay(['GET'], 3_000);
    const phoenix = await world.start(['plan', '--changes']);
    await phoenix.sees(/\[slow\] started/);
    await expect
      .poll(async () => (await world.leftovers()).some((line) => / plan /.test(line)), { timeout: 20_000 })
      .toBe(true);
    phoenix.kill('SIGINT');
    const { code } = await phoenix.ended;
    expect(code).toBe(130);
    expect(backend.seen.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(backend.lock('slow')).toBeUndefined();
    expect(await plansAndLocks(world.dir)).toEqual([]);
    expect(await world.leftovers()).toEqual([]);
  });

  it('that a job cancels leaves its engine and its vault to the post step, which writes no report for it', async () => {
    await using backend = await startHttpBackend();
    await using world = await smallCastle({ slow: { main: `${backend.block('slow')}${made}` } });
    backend.delay(['GET'], 4_000);
    const runner = await playRunner(world);
    const main = await runner.main({ command: 'plan', changes: 'true' });
    await expect
      .poll(async () => (await world.leftovers()).some((line) => / plan /.test(line)), { timeout: 20_000 })
      .toBe(true);
    const asked = Date.now();
    main.kill('SIGINT');
    const ended = await main.ended;
    expect(ended.code, ended.output).toBe(130);
    expect(Date.now() - asked).toBeLessThan(2_000);
    expect(await vaultsOf(world)).toHaveLength(1);
    const post = await (await runner.post()).ended;
    expect(post.code, post.output).toBe(0);
    expect(backend.seen.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(await readdir(world.dir)).not.toContain('phoenix-report.json');
    expect(await plansAndLocks(world.dir)).toEqual([]);
    expect(await world.leftovers()).toEqual([]);
  });

  it('with encrypted states plans what the key opens, and for a pull request nothing but whether it is valid', async () => {
    await using world = await smallCastle(
      { base: { main: made }, top: { after: ['base'], main: made } },
      {
        yaml: 'state: { encryption: { key: STATE_KEY } }\n',
        secrets: { STATE_KEY: { value: Buffer.alloc(32, 7).toString('base64'), use: '{ layers: [] }' } },
      },
    );
    expect((await world.run(['rebirth'])).code).toBe(0);
    await world.write({ 'live/top/main.tf': made + running('true') });
    const full = await world.run(['plan', '--changes', '--json']);
    expect(full.code, full.output).toBe(0);
    expect(changesOf(full.stdout).by.get('base')?.verdict).toBe('no-change');
    expect(changesOf(full.stdout).by.get('top')).toMatchObject({ verdict: 'changes', add: 1 });
    const pull = await world.run(['plan', '--changes', '--json'], await pullRequest(world, 'org/castle'));
    expect(pull.code, pull.output).toBe(0);
    for (const layer of ['base', 'top'])
      expect(changesOf(pull.stdout).by.get(layer)).toMatchObject({
        verdict: 'not-planned',
        why: 'needs STATE_KEY',
        valid: true,
      });
    // What cannot be planned is still checked: a mistake is found all the same.
    await world.write({ 'live/top/main.tf': 'resource "terraform_data" "a" {\n  input = var.missing\n}\n' });
    const wrong = await world.run(['plan', '--changes', '--json'], await pullRequest(world, 'org/castle'));
    expect(wrong.code, wrong.output).toBe(7);
    expect(changesOf(wrong.stdout).by.get('top')).toMatchObject({ verdict: 'failed', valid: false });
    expect(changesOf(wrong.stdout).by.get('base')).toMatchObject({ verdict: 'not-planned', valid: true });
    expect(await world.leftovers()).toEqual([]);
  });

  it('gives the Action drift as an output, and what it is as the job summary', async () => {
    await using world = await smallCastle({ only: { main: made } });
    await world.write({
      'event.json': JSON.stringify({ repository: { full_name: 'org/castle', default_branch: 'main' } }),
    });
    const drift = async () => {
      await world.write({ output: '', summary: '' });
      const { code, output: said } = await world.run([], {
        GITHUB_ACTIONS: 'true',
        GITHUB_EVENT_NAME: 'schedule',
        GITHUB_EVENT_PATH: join(world.dir, 'event.json'),
        GITHUB_REF: 'refs/heads/main',
        GITHUB_OUTPUT: join(world.dir, 'output'),
        GITHUB_STEP_SUMMARY: join(world.dir, 'summary'),
        GITHUB_STATE: join(world.dir, 'state'),
        INPUT_COMMAND: 'plan',
        INPUT_CHANGES: 'true',
      });
      expect(code, said).toBe(0);
      const file = await readFile(join(world.dir, 'output'), 'utf8');
      return /^drift<<(\S+)\n(.*)\n\1$/m.exec(file)?.[2];
    };
    await world.write({ state: '' });
    expect(await drift()).toBe('true');
    expect(await readFile(join(world.dir, 'summary'), 'utf8')).toContain('| <code>only</code> | 1 to add |');
    expect((await world.run(['rebirth'])).code).toBe(0);
    expect(await drift()).toBe('false');
  });
});
