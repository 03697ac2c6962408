import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readRuns } from '../../src/journal/record.ts';
import { entry } from '../support/entry.ts';
import { processesOf } from '../support/processes.ts';
import { canMount, mountedIn } from '../support/ram.ts';
import { made, running, smallCastle, verdictsOf } from '../support/small-castle.ts';
import { toolCache, warmTools } from '../support/world.ts';

/** These mount for real, which takes root. */
const mounting = test.skipIf(!canMount);

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

interface State {
  readonly outputs: Readonly<Record<string, { readonly value: unknown }>>;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Values that something on the way from the source to the engine has changed, or could. */
const hard = {
  QUOTES: `it's "quoted" \\ and \\n, a backtick \` and $HOME`,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what HCL would interpolate, were it not a value.
  TEMPLATE: '${path.module} %{ if true } $${x} <%= y %>',
  LINES: 'first\nsecond\r\n\tthird\n\n',
  UTF8: 'Grüße, 秘密, 😀, \u2028 and \ufeff',
  NUL: 'before\0after',
  PEM: `-----BEGIN PRIVATE KEY-----\n${'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\n'.repeat(20)}-----END PRIVATE KEY-----\n`,
  JSON_VALUE: '{"a": ["b", {"c": null}], "d": "\\u0041"}',
  LARGE: 'megabyte-0123456789-'.repeat(52_429),
};

describe('secrets', () => {
  test('reach their layer byte for byte, as variable and as file', async () => {
    const names = Object.keys(hard);
    const asText = names.map((name) => name.toLowerCase());
    const main = [
      made,
      ...asText.flatMap((name) => [
        `variable "${name}" {\n  type      = string\n  sensitive = true\n}`,
        `variable "${name}_file" {\n  type = string\n}`,
        `output "${name}" {\n  value = nonsensitive(sha256(var.${name}))\n}`,
        `output "${name}_file" {\n  value = filesha256(var.${name}_file)\n}`,
      ]),
      '',
    ].join('\n');
    const secrets = Object.fromEntries(
      Object.entries(hard).flatMap(([name, value]) => [
        [name, { value, use: '{ layers: [a] }' }],
        [`${name}_FILE`, { value, use: '{ layers: [a], as: file }' }],
      ]),
    );
    await using world = await smallCastle({ a: { main } }, { secrets });
    const { code, output } = await world.run(['rebirth']);
    expect(code, output).toBe(0);
    const state = JSON.parse(await readFile(await stateBelow(join(world.dir, 'live')), 'utf8')) as State;
    const outputs = Object.entries(state.outputs).map(([name, { value }]) => [name, value]);
    expect(Object.fromEntries(outputs)).toEqual(
      Object.fromEntries(
        Object.entries(hard).flatMap(([name, value]) => [
          [name.toLowerCase(), sha256(value)],
          [`${name.toLowerCase()}_file`, sha256(value)],
        ]),
      ),
    );
    expect(await world.leftovers()).toEqual([]);
  }, 300_000);

  test('that the engine would change are refused before a layer starts, with the way round', async () => {
    const decomposed = 'cafe\u0301-secret';
    await using world = await smallCastle(
      { a: { main: made } },
      { secrets: { PASSWORD: { value: decomposed, use: '{ layers: [a] }' } } },
    );
    const { code, output, report } = await world.run(['rebirth']);
    expect({ code, error: report?.error?.code }).toEqual({ code: 4, error: 'PHX-SECRET-FORM' });
    expect(output).toContain('The secret PASSWORD cannot be handed to its layers as it is.');
    expect(output).toContain('`as: file`');
    expect(output).not.toContain(decomposed);
    expect(verdictsOf(report)).not.toHaveProperty('a', 'applied');
  });

  test('of one layer are not given to another that asks for them, nor is it told where they lie', async () => {
    const variable = 'variable "token" {\n  type      = string\n  sensitive = true\n}\n';
    const look =
      'cat /proc/self/environ /proc/$PPID/environ /proc/$PPID/cmdline | tr "\\0" "\\n" > "$HOME/seen"';
    await using world = await smallCastle(
      { a: { main: `${variable}${made}` }, b: { main: `${variable}${made}` }, c: { main: running(look) } },
      { secrets: { TOKEN: { value: 'value-for-a-alone', use: '{ layers: [a] }' } } },
    );
    const { code, output, report } = await world.run(['rebirth']);
    expect({ code, layers: verdictsOf(report) }).toEqual({
      code: 7,
      layers: { a: 'applied', b: 'failed', c: 'applied' },
    });
    expect(output).toMatch(/No value for required variable|"token" is not set/);
    const seen = await readFile(join(world.dir, 'home/seen'), 'utf8');
    expect(seen).toContain('PHOENIX_LAYER=');
    expect(seen).not.toContain('value-for-a-alone');
    expect(seen).not.toMatch(/layers\/a\b/);
  });
});

describe('a vault', () => {
  mounting('of its own is mounted for a run, seen by its layers, and gone with it', async () => {
    const look = 'grep "phoenix-vault-" /proc/self/mountinfo > "$HOME/seen"';
    await using world = await smallCastle({ a: { main: running(look) } });
    const { code, output } = await world.run(['rebirth'], { PHOENIX_VAULT: '' });
    expect(code, output).toBe(0);
    const seen = await readFile(join(world.dir, 'home/seen'), 'utf8');
    const dir = /\/dev\/shm\/phoenix-vault-[0-9a-f-]{36}(?= )/.exec(seen)?.[0] ?? '';
    expect(seen).toMatch(new RegExp(`${dir} rw,nosuid,nodev,noexec`));
    expect(dir).not.toBe('');
    expect(mountedIn(dir)).toEqual([]);
    expect(await readdir('/dev/shm')).not.toContain(dir.slice('/dev/shm/'.length));
  });

  mounting('of its own, left by a run that was killed, is wiped and unmounted by the next', async () => {
    await using world = await smallCastle({ a: { main: running('sleep 2') } });
    const env = { PHOENIX_VAULT: '' };
    const first = await world.start(['rebirth'], env);
    await first.sees(/\[a\] started/);
    const [record] = await readRuns(join(world.dir, 'home/.local/state/phoenix/small'));
    const dir = record?.vault ?? '';
    first.kill('SIGKILL');
    await first.ended;
    expect(mountedIn(dir)).toEqual([dir]);
    const { code, output } = await world.run(['rebirth'], env);
    expect(code, output).toBe(0);
    expect(mountedIn(dir)).toEqual([]);
    expect(await readdir('/dev/shm')).not.toContain(dir.slice('/dev/shm/'.length));
  });

  test('that went with a reboot is told as gone by the next run, which begins all the same', async () => {
    await using world = await smallCastle({ a: { main: running('sleep 1') } });
    const first = await world.start(['rebirth']);
    await first.sees(/\[a\] started/);
    first.kill('SIGKILL');
    await first.ended;
    await expect.poll(() => processesOf(world.mark), { timeout: 20_000 }).toEqual([]);
    const [record] = await readRuns(join(world.dir, 'home/.local/state/phoenix/small'));
    const journal = join(record?.dir ?? '', 'journal.jsonl');
    const text = await readFile(journal, 'utf8');
    await writeFile(journal, text.replaceAll(/"bootId":"[^"]+"/g, '"bootId":"the-boot-before"'));
    await rm(record?.vault ?? '', { recursive: true });
    const { code, output } = await world.run(['rebirth']);
    expect(output).toContain('the machine was booted since: the vault of that run is gone');
    expect(code, output).toBe(0);
    expect(await world.leftovers()).toEqual([]);
  });

  mounting('that fills up ends the run with that as its cause, and is wiped', async () => {
    // Beside its own file in the vault, whose path it is told.
    const flood = 'head -c 40000000 /dev/zero > "$(dirname "$PHOENIX_STDOUT")/large"; sleep 20';
    await using world = await smallCastle({ a: { main: running(flood) }, b: { after: ['a'], main: made } });
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=20m,mode=0700', 'tmpfs', world.vault]);
    try {
      const { code, output, report } = await world.run(['rebirth']);
      expect({ code, error: report?.error?.code, verdict: report?.verdict }).toEqual({
        code: 5,
        error: 'PHX-VAULT-FULL',
        verdict: 'failed',
      });
      expect(output).toContain('vault.size');
      expect(verdictsOf(report)).toMatchObject({ b: 'skipped' });
      expect(await readdir(world.vault)).toEqual([]);
    } finally {
      spawnSync('umount', [world.vault]);
    }
  });

  mounting('that swap could take to a disk is refused by `strict`, and warned of otherwise', async () => {
    await using world = await smallCastle({ a: { main: made } }, { yaml: 'vault: { policy: strict }\n' });
    await writeFile(join(world.dir, 'on'), 'Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n');
    const refused = rebirthWithSwap(world);
    expect(refused.status).toBe(5);
    expect(refused.said).toContain('PHX-VAULT-SWAP');
    expect(refused.said).toContain('/dev/sda2');
    expect(refused.said).toContain('swapoff -a');
    expect(await readdir(world.vault)).toEqual([]);
    // A tmpfs of its own is kept from swap, whatever swap there is.
    expect(rebirthWithSwap({ ...world, vault: '' }).status).toBe(0);
    const yaml = await readFile(join(world.dir, 'phoenix.yaml'), 'utf8');
    await writeFile(join(world.dir, 'phoenix.yaml'), yaml.replace('strict', 'warn'));
    const warned = rebirthWithSwap(world);
    expect(warned.status).toBe(0);
    expect(warned.said).toContain('swap is on (/dev/sda2)');
  });
});

/** The only state file below a folder: Terragrunt runs the engine in a copy of the unit. */
async function stateBelow(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true });
  const found = names.filter((name) => name.endsWith('terraform.tfstate') && !name.includes('.terraform/'));
  expect(found).toHaveLength(1);
  return join(folder, found[0] ?? '');
}

/** A rebirth in a mount namespace where /proc/swaps has the text of the file `on`. */
function rebirthWithSwap({ dir, vault }: { readonly dir: string; readonly vault: string }) {
  const script = `mount --bind on /proc/swaps && exec "${process.execPath}" "${entry}" rebirth`;
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['--mount', '--propagation', 'private', '/bin/sh', '-c', script],
    {
      cwd: dir,
      encoding: 'utf8',
      timeout: 90_000,
      env: {
        PATH: process.env['PATH'],
        HOME: join(dir, 'home'),
        TMPDIR: join(dir, 'tmp'),
        RUNNER_TOOL_CACHE: toolCache,
        PHOENIX_VAULT: vault,
      },
    },
  );
  return { status, said: `${stdout}${stderr}` };
}
