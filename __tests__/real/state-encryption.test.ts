import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectRefusal } from '../support/refusals.ts';
import { playRunner } from '../support/runner/play.ts';
import { smallCastle } from '../support/small-castle.ts';
import { type World, warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const key = createHash('sha256').update('a key of the tests').digest('base64');
const kept = 'kept-in-the-state-5f2c';
const encrypted = 'state: { encryption: { key: STATE_KEY } }\n';

/** Layer `a` keeps a text in its state and gives it out; `b` reads it from there. */
function castle(yaml: string, stateKey = key): Promise<World> {
  return smallCastle(
    {
      a: {
        main: `resource "terraform_data" "kept" {\n  input = "${kept}"\n}\noutput "kept" {\n  value = terraform_data.kept.output\n}\n`,
      },
      b: {
        main: 'variable "text" {\n  type = string\n}\nresource "terraform_data" "copy" {\n  input = sha256(var.text)\n}\noutput "digest" {\n  value = terraform_data.copy.output\n}\n',
      },
    },
    { yaml, secrets: { STATE_KEY: { value: stateKey, use: '{}' } } },
  );
}

async function linked(world: World): Promise<World> {
  await world.write({
    'live/b/terragrunt.hcl':
      'dependency "a" {\n  config_path = "../a"\n}\ninputs = {\n  text = dependency.a.outputs.kept\n}\n',
  });
  return world;
}

/** Every state below the live folder, as text. */
async function statesOf({ dir }: World): Promise<string[]> {
  const live = join(dir, 'live');
  const names = await readdir(live, { recursive: true });
  const files = names.filter(
    (name) => /terraform\.tfstate(?:\.backup)?$/.test(name) && !name.includes('.terraform/'),
  );
  return Promise.all(files.map((name) => readFile(join(live, name), 'utf8')));
}

describe('a castle with a key for its states', () => {
  test('is reborn twice: layers read one another, and no state on disk holds what they made', async () => {
    await using world = await linked(await castle(encrypted));
    const first = await world.run(['rebirth']);
    expect(first.code, first.output).toBe(0);
    const states = await statesOf(world);
    expect(states).toHaveLength(2);
    for (const state of states) {
      expect(JSON.parse(state)).toHaveProperty('encrypted_data');
      expect(state).not.toContain(kept);
      expect(state).not.toContain(createHash('sha256').update(kept).digest('hex'));
    }
    const again = await world.run(['rebirth']);
    expect(again.code, again.output).toBe(0);
    expect(again.report?.layers.map(({ verdict }) => verdict)).toEqual(['unchanged', 'unchanged']);
    expect(again.report?.leaks.found).toEqual([]);
    expect(await world.leftovers()).toEqual([]);
  });

  test('takes states over that were in the clear, where it is told to, and refuses them otherwise', async () => {
    await using world = await linked(await castle(''));
    expect((await world.run(['rebirth'])).code).toBe(0);
    expect((await statesOf(world)).join('')).toContain(kept);
    const file = await readFile(join(world.dir, 'phoenix.yaml'), 'utf8');

    await world.write({ 'phoenix.yaml': `${file}${encrypted}` });
    const refused = await world.run(['rebirth']);
    await expectRefusal(world, refused, { code: 'PHX-LAYER-STATE-PLAIN', exit: 7, says: [/migrate: true/] });

    await world.write({
      'phoenix.yaml': `${file}state: { encryption: { key: STATE_KEY, migrate: true } }\n`,
      'live/a/main.tf': `resource "terraform_data" "kept" {\n  input = "${kept}-2"\n}\noutput "kept" {\n  value = terraform_data.kept.output\n}\n`,
    });
    const migrated = await world.run(['rebirth']);
    expect(migrated.code, migrated.output).toBe(0);
    const [a] = (await statesOf(world)).filter((text) => text.includes('encrypted_data'));
    expect(a).toBeDefined();
    await world.write({ 'phoenix.yaml': `${file}${encrypted}` });
    const after = await world.run(['rebirth']);
    expect(after.code, after.output).toBe(0);
  });

  test('changes the key: states are read with the one before and written with the new one, which alone opens them then', async () => {
    await using world = await linked(await castle(encrypted));
    const first = await world.run(['rebirth']);
    expect(first.code, first.output).toBe(0);
    const before = await statesOf(world);
    const file = await readFile(join(world.dir, 'phoenix.yaml'), 'utf8');
    const use = (encryption: string) =>
      world.write({
        'phoenix.yaml': file
          .replace('  STATE_KEY: {}', '  STATE_KEY: {}\n  NEW_KEY: {}')
          .replace(encrypted, `state: { encryption: { ${encryption} } }\n`),
      });
    await world.writeSecrets({ NEW_KEY: createHash('sha256').update('a newer key').digest('hex') });

    await use('key: NEW_KEY');
    const shut = await world.run(['rebirth', '--only', 'a']);
    await expectRefusal(world, shut, { code: 'PHX-LAYER-STATE-KEY', exit: 7, says: [/previous-key/] });

    await use('key: NEW_KEY, previous-key: STATE_KEY');
    const changed = await world.run(['rebirth']);
    expect(changed.code, changed.output).toBe(0);
    expect(changed.report?.layers.map(({ verdict }) => verdict)).toEqual(['unchanged', 'unchanged']);
    expect(changed.report?.leaks.found).toEqual([]);
    const after = await statesOf(world);
    for (const state of after) expect(JSON.parse(state)).toHaveProperty('encrypted_data');
    expect(after.filter((state) => before.includes(state))).toEqual([]);

    await use('key: NEW_KEY');
    const alone = await world.run(['rebirth']);
    expect(alone.code, alone.output).toBe(0);
    expect(alone.report?.layers.map(({ verdict }) => verdict)).toEqual(['unchanged', 'unchanged']);
    await use('key: STATE_KEY');
    expect((await world.run(['rebirth', '--only', 'a'])).report?.error?.code).toBe('PHX-LAYER-STATE-KEY');
    expect(await world.leftovers()).toEqual([]);
  });

  test('does not open its states with another key, and says so', async () => {
    await using world = await castle(encrypted);
    expect((await world.run(['rebirth', '--only', 'a'])).code).toBe(0);
    await world.writeSecrets({ STATE_KEY: createHash('sha256').update('another').digest('hex') });
    const ended = await world.run(['rebirth', '--only', 'a']);
    await expectRefusal(world, ended, { code: 'PHX-LAYER-STATE-KEY', exit: 7, says: [/another key/] });
  });

  test('refuses a key that is none before any layer runs', async () => {
    await using world = await castle(encrypted, 'correct horse battery staple');
    const ended = await world.run(['rebirth']);
    await expectRefusal(world, ended, {
      code: 'PHX-STATE-KEY',
      exit: 4,
      secrets: new Map([['STATE_KEY', 'correct horse battery staple']]),
      says: [/openssl rand -base64 32/],
    });
    expect(ended.report?.layers ?? []).toEqual([]);
  });
});

describe('a castle without a key for its states', () => {
  test('is reborn all the same, and the job says in one annotation which layers keep theirs in the clear, and the fix', async () => {
    await using world = await linked(await castle(''));
    const runner = await playRunner(world);
    const { code, output } = await (await runner.main({ command: 'rebirth' })).ended;
    expect(code, output).toBe(0);
    const said = output.match(/^::warning.*States lie in the clear.*$/gm) ?? [];
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(`a (${world.dir}/live/a/`);
    expect(said[0]).toContain(`b (${world.dir}/live/b/`);
    expect(said[0]).toContain('encryption: { key: STATE_KEY, migrate: true }');
  });

  test('says nothing of it where the castle file allows it, or the state lies in RAM or encrypted', async () => {
    await using world = await linked(await castle('state: { plaintext: allowed }\n'));
    const allowed = await world.run(['rebirth']);
    expect(allowed.code, allowed.output).toBe(0);
    expect(allowed.output).not.toContain('in the clear');

    await using other = await castle('');
    await other.write({
      'live/a/terragrunt.hcl': `remote_state {\n  backend = "local"\n  config = { path = "${other.vault}/a.tfstate" }\n  generate = { path = "backend.tf", if_exists = "overwrite" }\n}\n`,
    });
    const ram = await other.run(['rebirth', '--only', 'a']);
    expect(ram.code, ram.output).toBe(0);
    expect(ram.output).not.toContain('in the clear');
  });
});
