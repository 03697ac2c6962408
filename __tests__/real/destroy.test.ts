import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectRefusal } from '../support/refusals.ts';
import { made, smallCastle, verdictsOf } from '../support/small-castle.ts';
import { expectReversed, unmaking } from '../support/unmade.ts';
import { type World, warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const confirmed = ['destroy', '--confirm', 'small'] as const;
const machineOnly = 'lease: { place: machine }\n';

/** Runs of the castle that this machine knows: a destroy that is refused leaves none. */
const runsOf = ({ dir }: World) =>
  readdir(join(dir, 'home/.local/state/phoenix/small/runs')).catch(() => [] as string[]);

describe('a castle that is destroyed', () => {
  test('goes in the reverse of its order, as far as it can; run again, it goes on; and then there is nothing', async () => {
    const met = (own: string, other: string) =>
      `touch "$MARKS/${own}"; for i in $(seq 150); do [ -e "$MARKS/${other}" ] && break; sleep 0.1; done; [ -e "$MARKS/${other}" ] && [ ! -e "$MARKS/refuse-${own}" ]`;
    await using world = await smallCastle(
      {
        a: { main: made },
        b: { after: ['a'], main: unmaking(met('b', 'c')) },
        c: { after: ['a'], main: unmaking(met('c', 'b')) },
        d: { after: ['b', 'c'], main: made },
        e: { main: made },
      },
      { yaml: `env: [MARKS]\n${machineOnly}` },
    );
    const marks = join(world.dir, 'marks');
    await mkdir(marks);
    const env = { MARKS: marks };
    expect((await world.run(['rebirth'], env)).code).toBe(0);
    const before = await runsOf(world);

    for (const [args, says] of [
      [['destroy'], 'No word was given'],
      [['destroy', '--confirm', 'smal'], '`confirm` is "smal"'],
      [['destroy', '--confirm', 'Small'], '`confirm` is "Small"'],
      [['destroy', '--confirm', 'small '], '`confirm` is "small "'],
    ] as const) {
      const refused = await world.run(args, env);
      const lists = /It would destroy, in this order: (?:[de], )*[bc], [bc], (?:e, )?a(?:, e)?\./;
      await expectRefusal(world, refused, { code: 'PHX-DESTROY-CONFIRM', exit: 2, says: [says, lists] });
      expect(refused.report).toBeUndefined();
    }
    const newline = await world.run(['destroy', '--confirm', 'small\n'], env);
    await expectRefusal(world, newline, { code: 'PHX-INPUT-CONTROL', exit: 2 });
    expect(await runsOf(world)).toEqual(before);

    await writeFile(join(marks, 'refuse-b'), '');
    const half = await world.run(confirmed, env);
    expect(half.code, half.output).toBe(7);
    expect(verdictsOf(half.report)).toEqual({
      ...{ d: 'destroyed', b: 'failed', c: 'destroyed', e: 'destroyed', a: 'skipped' },
    });
    expect(half.report).toMatchObject({ command: 'destroy', verdict: 'failed', gates: [], milestones: [] });
    expectReversed(half.report, { b: ['d'], c: ['d'] });
    expect(half.report?.layers.find(({ name }) => name === 'a')?.note).toBe(
      'What it made still stands, for b stands on it and could not be destroyed.',
    );
    expect(half.report?.error?.next).not.toContain('--from');
    expect(half.output).toContain('small is NOT destroyed: the run failed after');

    await rm(join(marks, 'refuse-b'));
    const rest = await world.run(confirmed, env);
    expect(rest.code, rest.output).toBe(0);
    expect(verdictsOf(rest.report)).toEqual({
      ...{ d: 'absent', b: 'destroyed', c: 'absent', e: 'absent', a: 'destroyed' },
    });
    expectReversed(rest.report, { b: ['d'], c: ['d'], a: ['b', 'c'] });
    expect(rest.report).toMatchObject({
      verdict: 'destroyed',
      error: null,
      criticalPath: ['d', expect.stringMatching(/^[bc]$/), 'a'],
    });
    expect(rest.output).toMatch(/^small is destroyed in [\d.]+s$/m);
    expect(await world.leftovers()).toEqual([]);
  });

  test('keeps what is protected, and takes a part only where nothing stands on it', async () => {
    await using world = await smallCastle(
      {
        a: { main: made },
        b: { after: ['a'], main: made },
        base: { main: made },
        x: { after: ['base'], main: made },
      },
      { yaml: `destroy: { protect: [x] }\n${machineOnly}` },
    );
    expect((await world.run(['rebirth'])).code).toBe(0);

    const stood = await world.run([...confirmed, '--only', 'a,base']);
    await expectRefusal(world, stood, {
      code: 'PHX-DESTROY-STOOD-ON',
      exit: 2,
      says: [/terraform_data\.made/],
    });
    expect(verdictsOf(stood.report)).toEqual({ a: 'failed', base: 'kept' });

    const part = await world.run([...confirmed, '--only', 'b']);
    expect(part.code, part.output).toBe(0);
    expect(part.output).toMatch(/^small: b is destroyed in/m);
    expect(verdictsOf(part.report)).toEqual({ b: 'destroyed' });

    const from = await world.run([...confirmed, '--from', 'a']);
    expect(verdictsOf(from.report)).toEqual({ b: 'absent', a: 'destroyed' });
    const rest = await world.run(confirmed);
    expect(rest.code, rest.output).toBe(0);
    expect(verdictsOf(rest.report)).toEqual({ a: 'absent', b: 'absent', base: 'kept', x: 'kept' });
    expect(rest.report?.layers.find(({ name }) => name === 'base')?.note).toBe(
      'x, which the castle file protects, stands on it.',
    );
    expect(rest.output).toMatch(/^small is destroyed, but for base, x in/m);
    const unknown = await world.run([...confirmed, '--only', 'claim']);
    await expectRefusal(world, unknown, { code: 'PHX-PLAN-LAYER-UNKNOWN', exit: 2 });
  });
});

describe('a layer whose dependencies have no outputs', () => {
  const layers = {
    a: {
      main: 'resource "terraform_data" "a" {\n  input = "text"\n}\noutput "text" {\n  value = terraform_data.a.output\n}\n',
    },
    b: {
      main: 'variable "text" {\n  type = string\n}\nresource "terraform_data" "b" {\n  input = var.text\n}\n',
    },
  };
  const linked =
    'dependency "a" {\n  config_path = "../a"\n}\ninputs = {\n  text = dependency.a.outputs.text\n}\n';

  test('is absent where its own state is empty, and fails with what is in it where it is not', async () => {
    await using world = await smallCastle(layers, { yaml: machineOnly });
    const include = 'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n';
    const states = join(world.dir, 'states');
    await world.write({
      'live/root.hcl': `remote_state {\n  backend = "local"\n  config = { path = "${states}/\${path_relative_to_include()}.tfstate" }\n  generate = { path = "backend.tf", if_exists = "overwrite" }\n}\n`,
      'live/a/terragrunt.hcl': include,
      'live/b/terragrunt.hcl': include + linked,
    });
    const never = await world.run(confirmed);
    expect(never.code, never.output).toBe(0);
    expect(verdictsOf(never.report)).toEqual({ b: 'absent', a: 'absent' });

    expect((await world.run(['rebirth'])).code).toBe(0);
    await rm(join(states, 'a.tfstate'));
    const orphan = await world.run(confirmed);
    await expectRefusal(world, orphan, {
      code: 'PHX-LAYER-DEPENDENCY',
      exit: 7,
      says: [/Its state still holds terraform_data\.b\./, /drop its state/],
    });
    expect(verdictsOf(orphan.report)).toEqual({ b: 'failed', a: 'skipped' });

    await world.write({
      'live/b/terragrunt.hcl': `${include}${linked.replace('\n}', '\n  mock_outputs = { text = "made up" }\n}')}`,
    });
    const mocked = await world.run(confirmed);
    await expectRefusal(world, mocked, {
      code: 'PHX-LAYER-MOCKED',
      exit: 7,
      says: [/was not destroyed/, /Its state still holds terraform_data\.b\./],
    });
    await rm(join(states, 'b.tfstate'));
    const gone = await world.run(confirmed);
    expect(verdictsOf(gone.report)).toEqual({ b: 'absent', a: 'absent' });
  });

  test('is found absent also without `remote_state`, on the machine that destroyed it', async () => {
    await using world = await smallCastle(layers, { yaml: machineOnly });
    await world.write({ 'live/b/terragrunt.hcl': linked });
    expect((await world.run(['rebirth'])).code).toBe(0);
    const gone = await world.run(confirmed);
    expect(verdictsOf(gone.report)).toEqual({ b: 'destroyed', a: 'destroyed' });
    const again = await world.run(confirmed);
    expect(again.code, again.output).toBe(0);
    expect(verdictsOf(again.report)).toEqual({ b: 'absent', a: 'absent' });
    expect(await world.leftovers()).toEqual([]);
  });
});
