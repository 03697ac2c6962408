import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { explain, PhoenixError } from '../../src/errors.ts';
import { type Log, silentLog } from '../../src/log.ts';
import { discover, type Layer } from '../../src/plan/discover.ts';
import { rejection, temporaryFolder } from '../support/folder.ts';
import { tool } from '../support/tools.ts';

let terragrunt: string;
let tofu: string;

beforeAll(async () => {
  [terragrunt, tofu] = await Promise.all([tool('terragrunt'), tool('tofu')]);
}, 900_000);

function find(
  liveDir: string,
  more: { log?: Log; signal?: AbortSignal; terragrunt?: string } = {},
): Promise<Layer[]> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: liveDir };
  return discover({
    liveDir,
    terragrunt,
    tofu,
    env,
    log: silentLog,
    signal: AbortSignal.timeout(30_000),
    ...more,
  });
}

/** The refusal of a tree; it must read as one to people: code, why, next, no stack. */
async function refusal(liveDir: string): Promise<PhoenixError> {
  const error = await rejection(find(liveDir));
  if (!(error instanceof PhoenixError)) throw error;
  expect(explain(error)).toMatch(/^PHX-PLAN-.*\n {2}why: {2}\S[\s\S]*\n {2}next: \S/);
  expect(explain(error)).not.toContain('    at ');
  return error;
}

const source = 'terraform {\n  source = "."\n}\n';

/** A unit with `dependency` blocks, as the castle's layers have them. */
function unit(...dependencies: readonly string[]): string {
  const blocks = dependencies.map(
    (path, index) => `dependency "d${index}" {\n  config_path = "${path}"\n  mock_outputs = { x = 1 }\n}\n`,
  );
  return `${source}${blocks.join('')}`;
}

/** A unit with the other form, which hands over no outputs. */
function waitsFor(...paths: readonly string[]): string {
  return `${source}dependencies {\n  paths = ${JSON.stringify(paths)}\n}\n`;
}

const six = {
  'root.hcl': 'locals {\n  castle = "t"\n}\n',
  'secrets/terragrunt.hcl': unit(),
  'platform/terragrunt.hcl': unit('../secrets'),
  'engine/terragrunt.hcl': unit('../platform'),
  'networking/terragrunt.hcl': unit('../engine'),
  'gitops/terragrunt.hcl': waitsFor('../engine'),
  'storage/terragrunt.hcl': unit('../engine', '../secrets'),
};

describe('the discovery of layers', () => {
  test('gives the six layers of the castle with their dependencies, in order, and leaves the tree as it was', async () => {
    await using tree = await temporaryFolder(six);
    const layers = await find(tree.dir);
    expect(layers.slice(0, 3).map(({ name }) => name)).toEqual(['secrets', 'platform', 'engine']);
    expect(
      Object.fromEntries(layers.map(({ name, dependencies }) => [name, [...dependencies].sort()])),
    ).toEqual({
      secrets: [],
      platform: ['secrets'],
      engine: ['platform'],
      networking: ['engine'],
      gitops: ['engine'],
      storage: ['engine', 'secrets'],
    });
    for (const { name, dir } of layers) expect(dir).toBe(join(tree.dir, name));
    expect(
      (await readdir(tree.dir, { recursive: true })).filter((name) => name.endsWith('.terragrunt-cache')),
    ).toEqual([]);
  });

  test('sees nested units by their path, and no copy in a cache', async () => {
    await using tree = await temporaryFolder({
      'region/eu/net/terragrunt.hcl': unit(),
      'region/eu/app/terragrunt.hcl': unit('../net'),
      'region/eu/app/.terragrunt-cache/x/terragrunt.hcl': 'broken {',
    });
    expect((await find(tree.dir)).map(({ name }) => name)).toEqual(['region/eu/net', 'region/eu/app']);
  });

  test('works behind a symlink, where Terragrunt itself finds nothing', async () => {
    await using tree = await temporaryFolder(six);
    await using other = await temporaryFolder();
    await symlink(tree.dir, join(other.dir, 'live'));
    expect(await find(join(other.dir, 'live'))).toHaveLength(6);
  });

  test('is not narrowed by a filter file that lies about', async () => {
    await using tree = await temporaryFolder({ ...six, '.terragrunt-filters': './secrets\n' });
    expect(await find(tree.dir)).toHaveLength(6);
  });

  test('passes no variable of Phoenix on to the tree that it was not given', async () => {
    process.env['PHOENIX_TEST_SECRET'] = 'hunter2';
    await using tree = await temporaryFolder({
      'a/terragrunt.hcl': `${source}locals {\n  leak = run_cmd("sh", "-c", "env > ${'$'}{get_terragrunt_dir()}/env")\n}\n`,
    });
    await find(tree.dir).finally(() => delete process.env['PHOENIX_TEST_SECRET']);

    const seen = await readFile(join(tree.dir, 'a/env'), 'utf8');
    expect(seen).toContain(`HOME=${tree.dir}`);
    expect(seen).not.toContain('hunter2');
  });

  test('warns of a stack that no unit has been generated from', async () => {
    await using tree = await temporaryFolder({
      'a/terragrunt.hcl': unit(),
      'terragrunt.stack.hcl': 'unit "x" {\n  source = "./a"\n  path = "x"\n}\n',
    });
    const warnings: string[] = [];
    const layers = await find(tree.dir, { log: { ...silentLog, warn: (text) => warnings.push(text) } });
    expect(layers.map(({ name }) => name)).toEqual(['a']);
    expect(warnings.join()).toContain('terragrunt.stack.hcl');
  });
});

describe('a cycle', () => {
  test.each([
    [
      'of dependency blocks, beside a layer that is in none',
      {
        'a/terragrunt.hcl': unit('../b'),
        'b/terragrunt.hcl': unit('../c'),
        'c/terragrunt.hcl': unit('../a'),
        'd/terragrunt.hcl': unit(),
      },
      'a → b → c → a',
    ],
    [
      'of dependencies lists, which `hcl validate` does not see',
      { 'a/terragrunt.hcl': waitsFor('../b'), 'b/terragrunt.hcl': waitsFor('../a') },
      'a → b → a',
    ],
    [
      'of both forms',
      { 'a/terragrunt.hcl': waitsFor('../b'), 'b/terragrunt.hcl': unit('../a') },
      'a → b → a',
    ],
    ['of one layer with itself', { 'a/terragrunt.hcl': waitsFor('../a') }, 'a → a'],
    [
      'behind layers that are only on the way to it',
      {
        'a/terragrunt.hcl': unit('../b'),
        'b/terragrunt.hcl': unit('../c'),
        'c/terragrunt.hcl': unit('../b'),
      },
      'b → c → b',
    ],
  ])('%s is printed', async (_, files, shown) => {
    await using tree = await temporaryFolder(files);
    const error = await refusal(tree.dir);
    expect(error.code).toBe('PHX-PLAN-CYCLE');
    expect(error.what).toContain(`: ${shown}.`);
    expect(error.exitCode).toBe(6);
  });
});

describe('an error in the HCL', () => {
  test('that is a slip of syntax is shown with file, line and the parser’s words', async () => {
    await using tree = await temporaryFolder({
      ...six,
      'engine/terragrunt.hcl': `${unit('../platform')}inputs = { x = \n`,
    });
    const error = await refusal(tree.dir);
    expect(error).toMatchObject({
      code: 'PHX-PLAN-HCL',
      at: { file: join(tree.dir, 'engine/terragrunt.hcl'), line: 8 },
    });
    expect(error.what).toContain('Invalid expression');
  });

  test('that stands in an included file is shown there, not in the unit', async () => {
    await using tree = await temporaryFolder({
      'root.hcl': 'locals {\n  a = \n}\n',
      'a/terragrunt.hcl': 'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n',
    });
    expect(await refusal(tree.dir)).toMatchObject({
      code: 'PHX-PLAN-HCL',
      at: { file: join(tree.dir, 'root.hcl'), line: 2 },
    });
  });

  test('that only shows on evaluation is found as well', async () => {
    await using tree = await temporaryFolder({
      'a/terragrunt.hcl': `${source}inputs = {\n  x = local.nowhere\n}\n`,
    });
    const error = await refusal(tree.dir);
    expect(error).toMatchObject({ code: 'PHX-PLAN-HCL', at: { line: 5 } });
    expect(error.why).toContain('nowhere');
  });

  test('does not hide the next one', async () => {
    await using tree = await temporaryFolder({
      'a/terragrunt.hcl': 'x = [\n',
      'b/terragrunt.hcl': 'y = {\n',
    });
    const error = await refusal(tree.dir);
    const shown = `${error.at?.file} ${error.why}`;
    expect(shown).toContain(join(tree.dir, 'a/terragrunt.hcl'));
    expect(shown).toContain(join(tree.dir, 'b/terragrunt.hcl'));
  });
});

describe('a dependency', () => {
  test.each([
    ['block', unit('../platfrom')],
    ['list', waitsFor('../platfrom')],
  ])('in a %s on a layer that is not there names file, line and near match', async (_, text) => {
    await using tree = await temporaryFolder({ ...six, 'engine/terragrunt.hcl': text });
    const error = await refusal(tree.dir);
    expect(error).toMatchObject({
      code: 'PHX-PLAN-DANGLING',
      at: { file: join(tree.dir, 'engine/terragrunt.hcl'), line: 5 },
    });
    expect(error.what).toContain('`engine` depends on `platfrom`');
    expect(error.why).toContain('Did you mean `platform`?');
  });

  test('outside the live folder is refused, for Phoenix would never apply it', async () => {
    await using tree = await temporaryFolder({
      'live/a/terragrunt.hcl': unit('../../other/x'),
      'other/x/terragrunt.hcl': unit(),
    });
    const error = await refusal(join(tree.dir, 'live'));
    expect(error.code).toBe('PHX-PLAN-DANGLING');
    expect(error.why).toContain('outside the live folder');
  });
});

describe('a live folder', () => {
  test('that is missing is named', async () => {
    await using tree = await temporaryFolder();
    const error = await refusal(join(tree.dir, 'nowhere'));
    expect(error.code).toBe('PHX-PLAN-LIVE-MISSING');
    expect(error.what).toContain(join(tree.dir, 'nowhere'));
  });

  test('without a unit is not an empty plan', async () => {
    await using tree = await temporaryFolder({ 'modules/main.tf': '', 'root.hcl': '' });
    expect((await refusal(tree.dir)).code).toBe('PHX-PLAN-EMPTY');
  });

  test('that is itself a unit is told to rename its root file', async () => {
    await using tree = await temporaryFolder({ ...six, 'terragrunt.hcl': '' });
    const error = await refusal(tree.dir);
    expect(error.code).toBe('PHX-PLAN-ROOT-UNIT');
    expect(error.next).toContain('root.hcl');
  });

  test('with a unit that Terragrunt’s discovery cannot see is refused, not planned without it', async () => {
    await using tree = await temporaryFolder({ ...six, 'extra/terragrunt.hcl.json': '{}' });
    expect((await refusal(tree.dir)).code).toBe('PHX-PLAN-JSON-UNIT');
  });

  test.each(['with space', '-rf', '$(id)', 'new\nline'])('with a unit called %j is refused', async (name) => {
    await using tree = await temporaryFolder({ [`${name}/terragrunt.hcl`]: unit() });
    expect((await refusal(tree.dir)).code).toBe('PHX-PLAN-UNIT-NAME');
  });
});

describe('Terragrunt', () => {
  test('that hangs in the tree’s own program is ended by an abort, with all that it started', async () => {
    await using tree = await temporaryFolder({
      'a/terragrunt.hcl': `${source}locals {\n  x = run_cmd("sh", "-c", "echo $$ >> ${'$'}{get_terragrunt_dir()}/pids; exec sleep 600")\n}\n`,
    });
    const abort = new AbortController();
    const found = rejection(find(tree.dir, { signal: abort.signal }));

    const pids = await waitFor(async () => {
      const text = await readFile(join(tree.dir, 'a/pids'), 'utf8').catch(() => '');
      return text.includes('\n') ? text.trim().split('\n').map(Number) : undefined;
    });
    abort.abort(new Error('enough'));
    expect(await found).toMatchObject({ message: 'enough' });
    for (const pid of pids) await waitFor(async () => (isRunning(pid) ? undefined : true));
  });

  test('that is not there is an error of the toolchain', async () => {
    await using tree = await temporaryFolder(six);
    const error = await rejection(find(tree.dir, { terragrunt: join(tree.dir, 'no-such-terragrunt') }));
    expect(error).toMatchObject({ code: 'PHX-PLAN-TERRAGRUNT', class: 'toolchain', exitCode: 3 });
  });

  test('that answers with something else is not believed', async () => {
    await using tree = await temporaryFolder(six);
    const fake = join(tree.dir, 'fake');
    await writeFile(fake, '#!/bin/sh\necho "{}"\n', { mode: 0o755 });
    expect(await rejection(find(tree.dir, { terragrunt: fake }))).toMatchObject({ code: 'PHX-PLAN-FIND' });
    await writeFile(fake, '#!/bin/sh\ncase "$1" in find) echo "[]";; esac\n', { mode: 0o755 });
    expect(await rejection(find(tree.dir, { terragrunt: fake }))).toMatchObject({
      code: 'PHX-PLAN-LEFT-OUT',
    });
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function waitFor<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('nothing was seen within 10 s');
}
