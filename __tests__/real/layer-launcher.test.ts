import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { capture } from '../../src/command.ts';
import { leafFileVariable, makeLauncher, parseLeaves } from '../../src/layer/launcher.ts';
import { identify } from '../../src/process-identity.ts';
import { temporaryFolder } from '../support/folder.ts';
import { holds } from '../support/property.ts';

async function engineFolder(script: string, name = 'tofu') {
  const folder = await temporaryFolder({ [`it's an engine/${name}`]: `#!/bin/sh\n${script}\n` });
  const engine = join(folder.dir, "it's an engine", name);
  await chmod(engine, 0o755);
  const { file } = await makeLauncher(join(folder.dir, 'bin'), engine);
  return {
    file,
    leaves: join(folder.dir, 'leaves'),
    folder,
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

describe('the launcher', () => {
  test('becomes the engine: same arguments, exit code and process, which it has written down with its start', async () => {
    await using made = await engineFolder('echo "$$ $*"; sleep 5');
    const child = spawn(made.file, ['apply', '-json', 'a b'], {
      cwd: made.folder.dir,
      env: { PATH: process.env['PATH'], [leafFileVariable]: made.leaves },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    expect(said.toString()).toBe(`${child.pid} apply -json a b\n`);
    const own = await identify(child.pid ?? 0);
    expect(parseLeaves(await readFile(made.leaves, 'utf8'))).toEqual([
      { pid: child.pid, startTime: own?.startTime, dir: made.folder.dir, command: 'apply' },
    ]);
    child.kill('SIGKILL');
  });

  test('hands on the exit code, adds a line for each start, and writes nothing where nobody asks', async () => {
    await using made = await engineFolder('exit 3');
    const env = { PATH: process.env['PATH'] ?? '' };
    const asked = { ...env, [leafFileVariable]: made.leaves };
    for (const command of ['init', 'apply']) {
      expect((await capture(made.file, [command], { env: asked })).code).toBe(3);
    }
    await capture(made.file, ['version'], { env });
    const leaves = parseLeaves(await readFile(made.leaves, 'utf8'));
    expect(leaves.map(({ command }) => command)).toEqual(['init', 'apply']);
  });

  test('has the name of the engine, since Terragrunt goes by it', async () => {
    await using tofu = await engineFolder('true');
    await using terraform = await engineFolder('true', 'terraform');
    expect(tofu.file).toMatch(/\/bin\/tofu$/);
    expect(terraform.file).toMatch(/\/bin\/terraform$/);
  });
});

describe('what the launcher wrote down', () => {
  test('is read right whatever the program is called', () => {
    const stat = `42 (tofu) ) S ${Array.from({ length: 18 }, (_, index) => index).join(' ')} 777 0 0`;
    expect(parseLeaves(`42\t${stat}\t/a/b\tapply\n`)).toEqual([
      { pid: 42, startTime: '777', dir: '/a/b', command: 'apply' },
    ]);
  });

  test('is passed over where it is half written or no leaf at all', () => {
    expect(parseLeaves('12\tstat')).toEqual([]);
    expect(parseLeaves('\nx\ty\tz\tw\n')).toEqual([]);
    expect(parseLeaves('12\t\t/dir\tapply')).toEqual([
      { pid: 12, startTime: '', dir: '/dir', command: 'apply' },
    ]);
    const leaf = fc.array(fc.oneof(fc.string(), fc.nat().map(String)), { maxLength: 6 });
    holds(
      fc.property(fc.array(leaf), (lines) => {
        const leaves = parseLeaves(lines.map((fields) => fields.join('\t')).join('\n'));
        for (const { pid } of leaves) expect(pid).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
