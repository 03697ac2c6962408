import { beforeAll, describe, expect, test } from 'vitest';
import { expectClean } from '../support/refusals.ts';
import { smallCastle } from '../support/small-castle.ts';
import { type World, warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const made = 'Xk3x9-Made-By-A-7Layer-q2';
const given = 'canary-k3x9-of-the-word';
const stateKey = Buffer.alloc(32, 7).toString('base64');
const output = `output "password" {\n  value     = "\${local.half}-Made-By-A-7Layer-q2"\n  sensitive = true\n}\n`;
const gives = `locals {\n  half = "Xk3x9"\n}\n${output}`;
const inState = /\/live\/a\/.*terraform\.tfstate$/;

/** Layer `a` gives out a password that it made, marked as sensitive; its text stands in no file of the castle. */
const castle = (yaml: string, more: Readonly<Record<string, { main: string; after?: string[] }>> = {}) =>
  smallCastle(
    { a: { main: gives }, ...more },
    {
      yaml,
      secrets: {
        WORD: { value: given, use: '{ layers: [a] }' },
        STATE_KEY: { value: stateKey, use: '{}' },
      },
    },
  );

async function reborn(world: World) {
  const ended = await world.run(['rebirth']);
  expect(ended.code, ended.output).toBe(0);
  expect(ended.report?.leaks.found).toEqual([]);
  expectClean(ended.output + JSON.stringify(ended.report), new Map([['made', made]]));
  expect(await world.leftovers()).toEqual([]);
  return ended;
}

async function leaked(world: World) {
  const ended = await world.run(['rebirth']);
  expect(ended.code, ended.output).toBe(5);
  expect(ended.report).toMatchObject({ verdict: 'failed', error: { code: 'PHX-LEAK-FOUND' } });
  expectClean(ended.output + JSON.stringify(ended.report), new Map([['made', made]]));
  return ended.report?.leaks.found ?? [];
}

describe('a sensitive output of a layer', () => {
  test('in a state in the clear is a leak, where the castle file does not allow that', async () => {
    await using world = await castle('');
    expect(await leaked(world)).toEqual([
      { secret: 'output password of layer a', encoding: 'raw', place: expect.stringMatching(inState) },
    ]);
  });

  test('in a state in the clear is told and no leak, where the castle file allows that', async () => {
    await using world = await castle('state: { plaintext: allowed }\n');
    const { output: said } = await reborn(world);
    expect(said).toMatch(
      /^warning: leak audit: output password of layer a in the clear in \S+terraform\.tfstate; `state\.plaintext: allowed` lets/m,
    );
  });

  test('in an encrypted state is where it belongs', async () => {
    await using world = await castle('state: { encryption: { key: STATE_KEY } }\n');
    const { output: said } = await reborn(world);
    expect(said).not.toContain('in the clear');
  });

  test('in another file is a leak also where states may lie in the clear, and so is a secret of the source in one', async () => {
    const copies = `${gives}resource "terraform_data" "copy" {
  provisioner "local-exec" {
    command = "echo \${local.half}-Made-By-A-7Layer-q2 > copied"
  }
}
variable "word" {
  type = string
}
resource "terraform_data" "kept" {
  input = var.word
}
`;
    await using world = await castle('state: { plaintext: allowed }\n', { a: { main: copies } });
    const found = await leaked(world);
    expect(found).toContainEqual({
      secret: 'output password of layer a',
      encoding: 'raw',
      place: expect.stringMatching(/\/live\/a\/.*copied$/),
    });
    expect(found).toContainEqual({
      secret: 'WORD',
      encoding: 'raw',
      place: expect.stringMatching(inState),
    });
    expect(found.filter(({ secret, place }) => secret !== 'WORD' && inState.test(place))).toEqual([]);
  });

  test('that Terragrunt hands to the engine of another layer is warned of, with the way round it', async () => {
    const b = `variable "password" {
  type      = string
  sensitive = true
}
resource "terraform_data" "run" {
  input = sha256(var.password)
  provisioner "local-exec" {
    command = "sleep 1"
  }
}
`;
    const head = `dependency "a" {
  config_path = "../a"
}
inputs = {
  password = dependency.a.outputs.password
}
`;
    await using world = await castle('state: { plaintext: allowed }\n', { b: { main: b } });
    await world.write({ 'live/b/terragrunt.hcl': head });
    const { output: said } = await reborn(world);
    expect(said).toMatch(/output password of layer a in \/proc\/\d+\/environ .*terraform_remote_state/);
  });

  test('is masked in what a layer after it prints', async () => {
    const b = `resource "terraform_data" "run" {
  provisioner "local-exec" {
    command = "cat ../../../../a/.terragrunt-cache/*/*/terraform.tfstate ../a/terraform.tfstate 2>/dev/null | grep value; echo told"
  }
}
`;
    await using world = await castle('state: { plaintext: allowed }\n', { b: { main: b, after: ['a'] } });
    const { output: said } = await reborn(world);
    expect(said).toMatch(/^\[b\] .*"value": "\*\*\*"/m);
  });
});

test('a secret that only the words of a failure hold, in a form that nobody masks, is found in the report and taken out', async () => {
  const main = `variable "word" {
  type = string
}
resource "terraform_data" "never" {
  lifecycle {
    precondition {
      condition     = length(var.word) == 0
      error_message = "It should not be \${strrev(var.word)} at all."
    }
  }
}
`;
  await using world = await castle('', { a: { main } });
  const ended = await world.run(['rebirth']);
  expect(ended.code, ended.output).not.toBe(0);
  expect(ended.report).toMatchObject({ verdict: 'failed' });
  expect(ended.report?.leaks.found).toContainEqual({
    secret: 'WORD',
    place: 'the report',
    encoding: 'reversed',
  });
  expect(JSON.stringify(ended.report)).not.toContain([...given].reverse().join(''));
});
