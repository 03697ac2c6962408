import { createHash } from 'node:crypto';
import { appendFile, cp, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { pins } from '../../src/toolchain/install.ts';
import { here } from '../support/publishers.ts';
import { expectRefusal } from '../support/refusals.ts';
import { makeWorld, toolCache, type World, warmTools, writeProgram } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const castle = 'version: 1\ncastle: small\nlive: live\n';
const unit = (...paths: string[]) => `dependencies {\n  paths = ${JSON.stringify(paths)}\n}\n`;
const rebirth = ['rebirth'];

describe('a castle file', () => {
  test('that does not exist is named, with where it was looked for', async () => {
    await using world = await makeWorld();
    await expectRefusal(world, await world.run(rebirth), {
      code: 'PHX-CASTLE-MISSING',
      exit: 2,
      says: [/phoenix\.yaml/],
    });
  });

  test('that is no YAML is refused at its line and column', async () => {
    await using world = await makeWorld({ 'phoenix.yaml': 'version: 1\ncastle: [small\nlive: live\n' });
    await expectRefusal(world, await world.run(rebirth), {
      code: 'PHX-CASTLE-YAML',
      exit: 2,
      says: [/phoenix\.yaml:\d+:\d+\)/],
    });
  });

  test('with a key that nobody knows is refused with the near one', async () => {
    await using world = await makeWorld({
      'phoenix.yaml': `${castle}layres: {}\n`,
      'live/a/terragrunt.hcl': unit(),
    });
    await expectRefusal(world, await world.run(rebirth), {
      code: 'PHX-CASTLE-UNKNOWN-KEY',
      exit: 2,
      says: [/phoenix\.yaml:4:1\)/, /Did you mean `layers`\?/],
    });
  });

  test('whose live folder is not there is refused with the near one', async () => {
    await using world = await makeWorld({ 'phoenix.yaml': castle, 'life/a/terragrunt.hcl': unit() });
    await expectRefusal(world, await world.run(rebirth), {
      code: 'PHX-CASTLE-LIVE-MISSING',
      exit: 2,
      says: [/Did you mean `life`\?/],
    });
  });
});

describe('the layers of a castle', () => {
  test('that depend on each other in a circle are refused, and the circle is shown', async () => {
    await using world = await makeWorld({
      'phoenix.yaml': castle,
      'live/a/terragrunt.hcl': unit('../c'),
      'live/b/terragrunt.hcl': unit('../a'),
      'live/c/terragrunt.hcl': unit('../b'),
    });
    await expectRefusal(world, await world.run(rebirth), {
      code: 'PHX-PLAN-CYCLE',
      exit: 6,
      says: [/(a → .*c → .*b|b → .*a → .*c|c → .*b → .*a)/],
    });
  });

  test('with a mistake in their HCL are refused with the file and the line', async () => {
    await using world = await makeWorld({
      'phoenix.yaml': castle,
      'live/a/terragrunt.hcl': unit(),
      'live/b/terragrunt.hcl': 'dependencies {\n  paths = ["../a"\n}\n',
    });
    await expectRefusal(world, await world.run(rebirth), {
      code: 'PHX-PLAN-HCL',
      exit: 6,
      says: [/live\/b\/terragrunt\.hcl:\d+/],
    });
  });
});

describe('the tools', () => {
  const small = { 'phoenix.yaml': castle, 'live/a/terragrunt.hcl': unit() };

  async function ownCache(world: World): Promise<string> {
    const cache = join(world.dir, 'tools');
    await cp(join(toolCache, 'terragrunt'), join(cache, 'terragrunt'), { recursive: true });
    await symlink(join(toolCache, 'tofu'), join(cache, 'tofu'));
    return cache;
  }

  test('with a binary that is not what was installed are refused with both digests, and it is removed', async () => {
    await using world = await makeWorld(small);
    const cache = await ownCache(world);
    const file = join(cache, 'terragrunt', pins.terragrunt, here.key, 'terragrunt');
    const installed = await sha256(file);
    await appendFile(file, 'altered');
    const altered = await sha256(file);
    const ended = await world.run(rebirth, { RUNNER_TOOL_CACHE: cache });
    await expectRefusal(world, ended, {
      code: 'PHX-TOOLCHAIN-DIGEST',
      exit: 3,
      says: [new RegExp(installed), new RegExp(altered)],
    });
    await expect(readFile(file)).rejects.toThrow('ENOENT');
  });

  test('that are neither in the cache nor to be had over the network are named, with every way out', async () => {
    await using world = await makeWorld(small);
    // Nothing listens on the discard port, and there is no go on this PATH.
    const nowhere = { HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' };
    const bin = await writeProgram(world, 'unused', '');
    const ended = await world.run(rebirth, {
      ...nowhere,
      PATH: bin,
      RUNNER_TOOL_CACHE: join(world.dir, 'tools'),
    });
    await expectRefusal(world, ended, {
      code: 'PHX-TOOLCHAIN-UNAVAILABLE',
      exit: 3,
      says: [/tofu \d/, /terragrunt \d/, /PHOENIX_TOOL_MIRROR/],
    });
  });
});

async function sha256(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
