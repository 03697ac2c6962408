import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { auditFiles } from '../../src/vault/audit.ts';
import { auditProcesses } from '../../src/vault/audit-processes.ts';
import { temporaryFolder } from '../support/folder.ts';
import { tool } from '../support/tools.ts';

const value = 'canary-value-of-the-audit-test';
const secrets = new Map([
  ['WORD', value],
  ['SHORT', 'on'],
]);

describe('the audit of files', () => {
  test('finds a secret at any depth and in any form, and counts what it looked at', async () => {
    await using folder = await temporaryFolder({
      'plain.txt': `the word is ${value}.`,
      'deep/er/state.json': JSON.stringify({ word: Buffer.from(`x${value}`).toString('base64') }),
      'hex.bin': Buffer.from(value).toString('hex'),
      'clean.txt': 'nothing goes on here',
    });
    const { checked, found } = await auditFiles(secrets, [folder.dir]);
    expect(checked).toBe(4);
    expect(found.toSorted((a, b) => a.place.localeCompare(b.place))).toEqual([
      { secret: 'WORD', encoding: 'base64+1', place: join(folder.dir, 'deep/er/state.json') },
      { secret: 'WORD', encoding: 'hex', place: join(folder.dir, 'hex.bin') },
      { secret: 'WORD', encoding: 'raw', place: join(folder.dir, 'plain.txt') },
    ]);
  });

  test('finds a secret that lies across the border of what is read at once, wherever the border cuts it', async () => {
    await using folder = await temporaryFolder();
    const borders = [64, 128, 256, 512, 1024].map((kib) => kib * 1024);
    for (const border of borders) {
      for (const before of [1, value.length >> 1, value.length - 1]) {
        const file = join(folder.dir, `${border}-${before}`);
        await writeFile(file, Buffer.concat([Buffer.alloc(border - before, 120), Buffer.from(value)]));
      }
    }
    const { checked, found } = await auditFiles(secrets, [folder.dir]);
    expect({ checked, found: found.length }).toEqual({ checked: 15, found: 15 });
  });

  test('takes a file as a root, leaves out what it is told to, follows no link, and passes over what is gone', async () => {
    await using folder = await temporaryFolder({ 'a/leak': value, 'vault/leak': value, single: value });
    await symlink(join(folder.dir, 'vault'), join(folder.dir, 'a', 'link'));
    const roots = ['a', 'single', 'gone'].map((name) => join(folder.dir, name));
    const { found } = await auditFiles(secrets, roots);
    expect(found.map(({ place }) => place)).toEqual([join(folder.dir, 'a/leak'), join(folder.dir, 'single')]);
    const rest = await auditFiles(secrets, [folder.dir], [join(folder.dir, 'vault')]);
    expect(rest.found).toHaveLength(2);
  });
});

describe('the audit of what is packed, cut or turned', () => {
  const token = 'kQ7vZp2Ls9Xw4Tn8Rb3Ym6';
  const tokens = new Map([['TOKEN', token]]);
  const encodingsIn = async (dir: string) =>
    (await auditFiles(tokens, [dir])).found.map(({ place, encoding }) => [
      place.slice(dir.length + 1),
      encoding,
    ]);

  test('finds it in gzip, in zlib as git keeps its objects, and in a gzip within a gzip', async () => {
    await using folder = await temporaryFolder();
    const text = `a line\ntoken ${token}\n`;
    await writeFile(join(folder.dir, 'a.gz'), gzipSync(text));
    await writeFile(join(folder.dir, 'b'), deflateSync(`blob ${text.length}\0${text}`));
    await writeFile(join(folder.dir, 'c.gz'), gzipSync(gzipSync(text)));
    expect((await encodingsIn(folder.dir)).toSorted()).toEqual([
      ['a.gz', 'gzip>raw'],
      ['b', 'zlib>raw'],
      ['c.gz', 'gzip>gzip>raw'],
    ]);
  });

  test('finds it in a plan, which is a zip, and names the member', async () => {
    await using folder = await temporaryFolder({
      'main.tf':
        'variable "word" {\n  type = string\n}\nresource "terraform_data" "kept" {\n  input = var.word\n}\n',
    });
    const tofu = await tool('tofu');
    const plan = spawnSync(tofu, ['plan', '-input=false', '-out=plan'], {
      cwd: folder.dir,
      env: { TF_VAR_word: token },
    });
    expect({ status: plan.status, said: String(plan.stderr) }).toMatchObject({ status: 0 });
    expect(await encodingsIn(folder.dir)).toContainEqual(['plan!tfplan', 'zip>raw']);
  });

  test('finds a part of it, UTF-16 and reversed; not a digest of it, and not a part that is short', async () => {
    await using folder = await temporaryFolder({
      part: `cut: ${token.slice(3, 21)}`,
      reversed: [...token].reverse().join(''),
      digest: createHash('sha256').update(token).digest('hex'),
      short: token.slice(0, 8),
    });
    await writeFile(join(folder.dir, 'utf16'), Buffer.from(token, 'utf16le'));
    expect((await encodingsIn(folder.dir)).toSorted()).toEqual([
      ['part', 'part of raw'],
      ['reversed', 'reversed'],
      ['utf16', 'utf-16le'],
    ]);
  });

  test('counts what only looks packed as searched, and what cannot be unpacked as not', async () => {
    const broken = gzipSync(token).subarray(0, 20);
    await using folder = await temporaryFolder({ text: 'x\u0001 is no zlib' });
    await writeFile(join(folder.dir, 'broken.gz'), broken);
    expect(await auditFiles(tokens, [folder.dir])).toEqual({ checked: 2, found: [], unsearched: 1 });
  });
});

describe('the audit of processes', () => {
  /** A process that says it is there, with `args` and `env` as given. */
  async function running(args: readonly string[], env: NodeJS.ProcessEnv) {
    const script = 'process.stdout.write("up"); setInterval(() => {}, 1000)';
    const child = spawn(process.execPath, ['-e', script, '--', ...args], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    return { pid: child.pid ?? 0, [Symbol.dispose]: () => void child.kill('SIGKILL') };
  }

  test('finds a secret in the arguments and in the environment of any process, by its id and its program', async () => {
    using inArguments = await running([`--word=${value}`], {});
    using inEnvironment = await running([], { WORD: value });
    const { checked, found } = await auditProcesses(secrets, new Set());
    expect(checked).toBeGreaterThan(1);
    expect(found).toContainEqual({
      secret: 'WORD',
      encoding: 'raw',
      place: `/proc/${inArguments.pid}/cmdline (node)`,
    });
    expect(found).toContainEqual({
      secret: 'WORD',
      encoding: 'raw',
      place: `/proc/${inEnvironment.pid}/environ (node)`,
    });
  });

  test('allows in an environment what was asked for there, under whichever of its names; in arguments never', async () => {
    using inArguments = await running([`--word=${value}`], {});
    using inEnvironment = await running([], { WORD: value });
    const twice = new Map([...secrets, ['ALIAS', value]]);
    const { found } = await auditProcesses(twice, new Set(['WORD']));
    const places = found.map(({ place }) => place);
    expect(places).toContain(`/proc/${inArguments.pid}/cmdline (node)`);
    expect(places).not.toContain(`/proc/${inEnvironment.pid}/environ (node)`);
  });
});
