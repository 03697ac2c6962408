import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectClean, expectRefusal } from '../support/refusals.ts';
import { made, running, smallCastle, verdictsOf } from '../support/small-castle.ts';
import { type World, warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const rebirth = ['rebirth'];

describe('layers side by side', () => {
  test('of which two fail are all three reported: both failures by name, and the third applied', async () => {
    await using world = await smallCastle({
      a: { main: running('echo "a could not find its disk" >&2; exit 3') },
      b: { main: running('echo "b could not find its network" >&2; exit 4') },
      c: { main: running('sleep 1') },
    });
    const ended = await world.run(rebirth);
    await expectRefusal(world, ended, { code: 'PHX-LAYER-FAILED', exit: 7 });
    expect(verdictsOf(ended.report)).toEqual({ a: 'failed', b: 'failed', c: 'applied' });
    const failures = ended.report?.failures ?? [];
    expect(failures.map(({ name }) => name).toSorted()).toEqual(['a', 'b']);
    expect(failures.find(({ name }) => name === 'a')?.why).toContain('a could not find its disk');
    expect(failures.find(({ name }) => name === 'b')?.why).toContain('b could not find its network');
    expect(ended.output).toContain('a could not find its disk');
    expect(ended.output).toContain('b could not find its network');
  });

  test('go on where one has failed; only what depends on it is skipped, and says by whom', async () => {
    await using world = await smallCastle({
      root: { main: made },
      broken: { after: ['root'], main: running('exit 1') },
      child: { after: ['broken'], main: made },
      grandchild: { after: ['child', 'sibling'], main: made },
      sibling: { after: ['root'], main: made },
      nephew: { after: ['sibling'], main: made },
    });
    const ended = await world.run(rebirth);
    expect(ended.code).toBe(7);
    expect(verdictsOf(ended.report)).toEqual({
      root: 'applied',
      broken: 'failed',
      child: 'skipped',
      grandchild: 'skipped',
      sibling: 'applied',
      nephew: 'applied',
    });
    expect(ended.output).toContain('[child] skipped: broken failed');
    expect(ended.output).toMatch(/\[grandchild\] skipped: .*broken failed/);
    expect(ended.report?.failures.map(({ name }) => name)).toEqual(['broken']);
  });

  test('run at the same time, and what waits for them starts when the last is done', async () => {
    // Each waits for the other's file: one after the other they would never end.
    const meet = (own: string, other: string) =>
      running(`touch "$MEETING/${own}"; while [ ! -e "$MEETING/${other}" ]; do sleep 0.05; done`);
    await using world = await smallCastle(
      {
        a: { main: meet('a', 'b') },
        b: { main: meet('b', 'a') },
        last: { after: ['a', 'b'], main: made },
      },
      { yaml: 'env: [MEETING]\nlayers:\n  a: { timeout: 30s }\n  b: { timeout: 30s }\n' },
    );
    const ended = await world.run(rebirth, { MEETING: world.dir });
    expect(ended.code, ended.output).toBe(0);
    const times = new Map(
      ended.report?.layers.map(({ name, started, ended: to }) => [name, { started, to }]),
    );
    const ends = [times.get('a')?.to ?? '', times.get('b')?.to ?? ''].toSorted();
    expect((times.get('last')?.started ?? '') >= (ends[1] ?? '')).toBe(true);
  });
});

describe('a layer that fails', () => {
  /** Fails with `words` until it has been tried `times` times. */
  const failing = (words: string, times: number) =>
    running(
      `echo x >> "$TRIES"; test "$(wc -l < "$TRIES")" -gt ${times} || { echo "${words}" >&2; exit 1; }`,
    );
  const lock = "can't lock file '/var/lock/qemu-server/lock-421.conf' - got timeout";
  const retrying = (times: number) =>
    `env: [TRIES]\nlayers:\n  a: { retry: { on: [proxmox-lock], times: ${times} } }\n`;

  async function tries(world: World): Promise<number> {
    return (await readFile(join(world.dir, 'tries'), 'utf8')).split('\n').length - 1;
  }

  test('with an error of a class that the castle file names is tried again, and the report counts it', async () => {
    await using world = await smallCastle({ a: { main: failing(lock, 1) } }, { yaml: retrying(2) });
    const ended = await world.run(rebirth, { TRIES: join(world.dir, 'tries') });
    expect(ended.code, ended.output).toBe(0);
    expect(ended.report?.layers).toMatchObject([{ name: 'a', verdict: 'applied', retries: 1 }]);
    expect(ended.report?.layers[0]?.phases['backoff']).toBeGreaterThan(1);
    expect(ended.output).toMatch(/It is of class proxmox-lock; attempt 2 in \d s/);
    expect(await tries(world)).toBe(2);
  });

  test('with that error each time fails when its tries are used up', async () => {
    await using world = await smallCastle({ a: { main: failing(lock, 99) } }, { yaml: retrying(1) });
    const ended = await world.run(rebirth, { TRIES: join(world.dir, 'tries') });
    await expectRefusal(world, ended, { code: 'PHX-LAYER-PROXMOX-LOCK', exit: 7 });
    expect(ended.report?.layers).toMatchObject([{ verdict: 'failed', retries: 1 }]);
    expect(await tries(world)).toBe(2);
  });

  test('with an error of no class, or of one that is not asked for, is not tried again', async () => {
    for (const [words, code] of [
      ['the disk is on fire', 'PHX-LAYER-FAILED'],
      ['429 too many requests', 'PHX-LAYER-RATE'],
    ] as const) {
      await using world = await smallCastle({ a: { main: failing(words, 1) } }, { yaml: retrying(2) });
      const ended = await world.run(rebirth, { TRIES: join(world.dir, 'tries') });
      await expectRefusal(world, ended, { code, exit: 7, says: [words] });
      expect(ended.report?.layers).toMatchObject([{ retries: 0 }]);
      expect(await tries(world)).toBe(1);
    }
  });

  test('because its time is over is interrupted, says how long it had, and leaves no process', async () => {
    await using world = await smallCastle(
      { a: { main: running('sleep 300') }, b: { after: ['a'], main: made } },
      { yaml: 'layers:\n  a: { timeout: 2s }\n' },
    );
    const ended = await world.run(rebirth);
    await expectRefusal(world, ended, {
      code: 'PHX-LAYER-TIMEOUT',
      exit: 7,
      says: [/Layer a was not done after 2 s\./, /layers\.a\.timeout/],
    });
    expect(verdictsOf(ended.report)).toEqual({ a: 'failed', b: 'skipped' });
    expect(ended.report?.layers.find(({ name }) => name === 'a')?.seconds).toBeLessThan(20);
  });
});

test('a second run finds every layer unchanged', async () => {
  await using world = await smallCastle({ a: { main: made }, b: { after: ['a'], main: made } });
  expect(verdictsOf((await world.run(rebirth)).report)).toEqual({ a: 'applied', b: 'applied' });
  const second = await world.run(rebirth);
  expect(second.code).toBe(0);
  expect(verdictsOf(second.report)).toEqual({ a: 'unchanged', b: 'unchanged' });
});

test('--only runs the layers that it names, and --from a layer with all that depend on it', async () => {
  await using world = await smallCastle({
    a: { main: made },
    b: { after: ['a'], main: made },
    c: { after: ['b'], main: made },
  });
  expect(verdictsOf((await world.run([...rebirth, '--only', 'a'])).report)).toEqual({ a: 'applied' });
  expect(verdictsOf((await world.run([...rebirth, '--from', 'b'])).report)).toEqual({
    b: 'applied',
    c: 'applied',
  });
});

test('a layer finds a node also where the host has none on PATH, and the one of the host where it has', async () => {
  const told = 'node --print process.version > "$HOME/node"';
  await using world = await smallCastle({ a: { main: running(told) } });
  const bin = join(world.dir, 'bin');
  await mkdir(bin);
  for (const name of ['sh', 'git', 'env', 'cat', 'mkdir', 'rm'])
    await symlink(join('/usr/bin', name), join(bin, name));
  const nodeOf = async () => (await readFile(join(world.dir, 'home/node'), 'utf8')).trim();
  expect((await world.run(rebirth, { PATH: bin })).code).toBe(0);
  expect(await nodeOf()).toBe(process.version);
  await writeFile(join(bin, 'node'), '#!/bin/sh\necho its own\n', { mode: 0o755 });
  await world.write({ 'live/a/main.tf': running(told, 'again') });
  expect((await world.run(rebirth, { PATH: bin })).code).toBe(0);
  expect(await nodeOf()).toBe('its own');
});

describe('a secret', () => {
  const pem =
    '-----BEGIN PRIVATE KEY-----\nq1w2e3r4t5y6u7i8o9p0\n\nZxCvBnMaSdFgHjKlQwEr==\n-----END PRIVATE KEY-----\n';
  const word = 'canary "with" quotes, ünïcode and a \\ in it';
  const secrets = {
    WORD: { value: `${word}\n`, use: '{ layers: [a] }' },
    TLS_KEY: { value: pem, use: '{ layers: [a], as: file, name: key_file }' },
    OTHER_WORD: { value: 'canary-of-the-other-layer', use: '{ layers: [b] }' },
  };
  const canaries = new Map([
    ['WORD', word],
    ['TLS_KEY', pem],
    ['OTHER_WORD', 'canary-of-the-other-layer'],
  ]);
  const variable = (name: string) => `variable "${name}" {\n  type      = string\n  ephemeral = true\n}\n`;
  const check = (name: string, condition: string) =>
    `variable "${name}" {\n  type      = string\n  ephemeral = true\n  validation {\n    condition     = ${condition}\n    error_message = "It did not arrive whole."\n  }\n}\n`;

  test('reaches its layer as a variable or as a file, byte for byte, and nothing else of the run', async () => {
    const main = [
      check('word', `sha256(var.word) == "${sha256(word)}"`),
      check('key_file', `filesha256(var.key_file) == "${sha256(pem)}"`),
      made,
    ].join('');
    await using world = await smallCastle(
      { a: { main }, b: { main: variable('other_word') + made } },
      { secrets },
    );
    const ended = await world.run(rebirth);
    expect(ended.code, ended.output).toBe(0);
    expect(verdictsOf(ended.report)).toEqual({ a: 'applied', b: 'applied' });
    expect(ended.report?.leaks.found).toEqual([]);
    expectClean(ended.output + JSON.stringify(ended.report), canaries);
    expect(await world.leftovers()).toEqual([]);
  });

  test('of another layer is not handed to a layer that declares the variable', async () => {
    const main = variable('other_word') + made;
    await using world = await smallCastle({ a: { main }, b: { main } }, { secrets });
    const ended = await world.run(rebirth);
    await expectRefusal(world, ended, {
      code: 'PHX-LAYER-VARIABLE',
      exit: 7,
      secrets: canaries,
      says: [/Layer a failed: No value for required variable/],
    });
    expect(verdictsOf(ended.report)).toEqual({ a: 'failed', b: 'applied' });
  });

  test('that a layer prints in its failure is shown to nobody', async () => {
    const main = `variable "word" {\n  type = string\n}\n${running(`echo "the login with \${var.word} was refused" >&2; exit 1`)}`;
    const plain = { WORD: { value: 'canary-in-an-error', use: '{ layers: [a] }' } };
    await using world = await smallCastle({ a: { main } }, { secrets: plain });
    const ended = await world.run(rebirth);
    await expectRefusal(world, ended, {
      code: 'PHX-LAYER-FAILED',
      exit: 7,
      secrets: new Map([['WORD', 'canary-in-an-error']]),
      says: ['the login with *** was refused'],
    });
  });
});

test("a layer's environment has what the castle file asks for, and no token of the runner even then", async () => {
  await using world = await smallCastle(
    { a: { main: running('env > "$SEEN"') } },
    { yaml: 'env: [SEEN, TF_VAR_region, GITHUB_TOKEN, ACTIONS_RUNTIME_TOKEN, INPUT_COMMAND]\n' },
  );
  const seen = join(world.dir, 'seen');
  const ended = await world.run(rebirth, {
    SEEN: seen,
    TF_VAR_region: 'eu',
    UNASKED: 'not for layers',
    GITHUB_TOKEN: 'runner-token-1',
    ACTIONS_RUNTIME_TOKEN: 'runner-token-2',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner-token-3',
    INPUT_COMMAND: 'rebirth',
    STATE_vault: '/somewhere',
    NODE_OPTIONS: '--max-old-space-size=512',
  });
  expect(ended.code, ended.output).toBe(0);
  const text = await readFile(seen, 'utf8');
  const names = text.split('\n').map((line) => line.split('=')[0]);
  expect(text).toContain('TF_VAR_region=eu');
  expect(text).not.toContain('runner-token');
  expect(
    names.filter((name) => /^(GITHUB_|ACTIONS_|INPUT_|STATE_|NODE_OPTIONS|UNASKED|RUNNER_)/.test(name ?? '')),
  ).toEqual([]);
  expect(existsSync(world.vault)).toBe(true);
});

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
