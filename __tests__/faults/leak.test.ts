import { beforeAll, describe, expect, test } from 'vitest';
import { expectClean } from '../support/refusals.ts';
import { running, smallCastle } from '../support/small-castle.ts';
import { type World, warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const value = 'canary-k3x9-of-the-word';
const canaries = new Map([['WORD', value]]);
const variable = 'variable "word" {\n  type = string\n}\n';

/** A castle of one layer that is given the secret WORD, and what it does with it. */
function castle(main: string, use = '{ layers: [a] }'): Promise<World> {
  return smallCastle({ a: { main } }, { secrets: { WORD: { value, use } } });
}

/** What the audit found in a run that must fail for it. */
async function leaksOf(world: World) {
  const ended = await world.run(['rebirth']);
  expect(ended.code, ended.output).toBe(5);
  expect(ended.report).toMatchObject({ verdict: 'failed', error: { code: 'PHX-LEAK-FOUND' } });
  expect(ended.output).toMatch(/^PHX-LEAK-FOUND \[leaks\]: A secret left the vault: \d+ places?\.$/m);
  expect(ended.report?.error?.why).toMatch(/^WORD stands in \S+/);
  expectClean(ended.output + JSON.stringify(ended.report), canaries);
  expect(await world.leftovers()).toEqual([]);
  return ended.report?.leaks.found ?? [];
}

describe('a layer that lets its secret out makes the run fail, and the place is named, where it', () => {
  test('writes it into the arguments of a process', async () => {
    await using world = await castle(`${variable}${running(`sleep 2; : \${var.word}`)}`);
    expect(await leaksOf(world)).toContainEqual({
      secret: 'WORD',
      encoding: 'raw',
      place: expect.stringMatching(/^\/proc\/\d+\/cmdline \(sh\)$/),
    });
  });

  test('puts it into the environment of a process, which nobody asked for', async () => {
    const main = `${variable}
resource "terraform_data" "run" {
  provisioner "local-exec" {
    command     = "sleep 2"
    environment = { WORD = var.word }
  }
}
`;
    await using world = await castle(main);
    expect(await leaksOf(world)).toContainEqual({
      secret: 'WORD',
      encoding: 'raw',
      place: expect.stringMatching(/^\/proc\/\d+\/environ \(\w+\)$/),
    });
  });

  test('keeps it in its state', async () => {
    await using world = await castle(
      `${variable}resource "terraform_data" "kept" {\n  input = var.word\n}\n`,
    );
    expect(await leaksOf(world)).toContainEqual({
      secret: 'WORD',
      encoding: 'raw',
      place: expect.stringMatching(/\/live\/a\/.*terraform\.tfstate$/),
    });
  });

  test('keeps it in an output of its state, as base64 of a longer text', async () => {
    await using world = await castle(
      `${variable}output "kept" {\n  value = base64encode("a \${var.word} in the middle")\n}\n`,
    );
    expect(await leaksOf(world)).toContainEqual({
      secret: 'WORD',
      encoding: 'base64+2',
      place: expect.stringMatching(/\/live\/a\/.*terraform\.tfstate$/),
    });
  });

  test('writes it into a file of the castle', async () => {
    const main = `${variable}${running('cat "$SECRETS" > copied')}`.replace(
      'command =',
      'environment = { SECRETS = var.word }\n    command =',
    );
    await using world = await castle(main, '{ layers: [a], as: file }');
    expect(await leaksOf(world)).toContainEqual({
      secret: 'WORD',
      encoding: 'raw',
      place: expect.stringMatching(/\/live\/a\/.*copied$/),
    });
  });
});

describe('a layer that keeps its secret to itself is reborn, where it is given it', () => {
  test('as a variable that is used and not kept', async () => {
    const main = `variable "word" {
  type      = string
  ephemeral = true
  validation {
    condition     = length(var.word) == ${value.length}
    error_message = "It did not arrive whole."
  }
}
resource "terraform_data" "made" {}
`;
    await using world = await castle(main);
    const ended = await world.run(['rebirth']);
    expect(ended.code, ended.output).toBe(0);
    expect(ended.report?.leaks.found).toEqual([]);
    expect(await world.leftovers()).toEqual([]);
  });

  test('in the environment, because the castle file asks for that', async () => {
    const main = running(`test "$(printf %s "$WORD" | wc -c)" -eq ${value.length} && sleep 1`);
    await using world = await castle(main, '{ layers: [a], as: env }');
    const ended = await world.run(['rebirth']);
    expect(ended.code, ended.output).toBe(0);
    expect(ended.report?.leaks.found).toEqual([]);
    expect(ended.output).toMatch(/^warning: WORD goes into the environment of a, /m);
    expectClean(ended.output, canaries);
  });
});
