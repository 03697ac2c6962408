import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { capture } from '../../src/command.ts';
import { parseProcesses, readProcesses } from '../../src/journal/processes.ts';
import { writeAnswers } from '../../src/layer/answers.ts';
import { forbidStarts } from '../../src/layer/engines.ts';
import { makeStarter, markedEnvironment } from '../../src/layer/starter.ts';
import { identify } from '../../src/process-identity.ts';
import { temporaryFolder } from '../support/folder.ts';
import { holds } from '../support/property.ts';

async function engineFolder(script: string, name = 'tofu') {
  const folder = await temporaryFolder({ [`it's an engine/${name}`]: `#!/bin/sh\n${script}\n` });
  const engine = join(folder.dir, "it's an engine", name);
  await chmod(engine, 0o755);
  const runDir = join(folder.dir, 'run');
  await mkdir(runDir);
  const starter = await makeStarter(join(folder.dir, 'bin'), engine);
  const attempt = { run: 'the-run', runDir, layer: 'data/platform', number: 2 };
  const env = { PATH: process.env['PATH'] ?? '', ...markedEnvironment(attempt) };
  return { starter, runDir, attempt, env, folder, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] };
}

describe('the starter of an engine', () => {
  test('becomes the engine: same arguments, exit code and process, which it has written down with its start', async () => {
    await using made = await engineFolder('echo "$$ $*"; sleep 5');
    const child = spawn(made.starter.engine, ['apply', '-json', 'a b'], {
      cwd: made.folder.dir,
      env: made.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    expect(said.toString()).toBe(`${child.pid} apply -json a b\n`);
    const own = await identify(child.pid ?? 0);
    expect(await readProcesses(made.runDir)).toEqual([
      {
        ...own,
        layer: 'data/platform',
        attempt: 2,
        role: 'engine',
        dir: made.folder.dir,
        command: 'apply',
      },
    ]);
    child.kill('SIGKILL');
  });

  test('hands on the exit code, and adds a line for each start', async () => {
    await using made = await engineFolder('exit 3');
    for (const command of ['init', 'apply']) {
      expect((await capture(made.starter.engine, [command], { env: made.env })).code).toBe(3);
    }
    expect((await readProcesses(made.runDir)).map(({ command }) => command)).toEqual(['init', 'apply']);
  });

  test('starts nothing once its attempt is stopped, and is on record all the same', async () => {
    await using made = await engineFolder('touch started');
    await forbidStarts(made.attempt);
    const refused = await capture(made.starter.engine, ['apply'], { cwd: made.folder.dir, env: made.env });
    expect(refused).toMatchObject({ code: 130, stderr: 'stopped by Phoenix before it began\n' });
    expect((await readProcesses(made.runDir)).map(({ command }) => command)).toEqual(['apply']);
    await expect(readFile(join(made.folder.dir, 'started'))).rejects.toThrow('ENOENT');
    const other = { ...made.env, ...markedEnvironment({ ...made.attempt, number: 3 }) };
    expect((await capture(made.starter.engine, ['apply'], { cwd: made.folder.dir, env: other })).code).toBe(
      0,
    );
  });

  test('asks it for its version once a run, away from the unit, and answers for it from then on', async () => {
    await using made = await engineFolder('echo "$PWD" >> "$0.asked"; echo "OpenTofu v9.9.9"');
    const asked = () => readFile(join(made.folder.dir, "it's an engine/tofu.asked"), 'utf8');
    for (let time = 0; time < 3; time += 1) {
      const answer = await capture(made.starter.engine, ['-version'], {
        cwd: made.folder.dir,
        env: made.env,
      });
      expect(answer).toMatchObject({ code: 0, stdout: 'OpenTofu v9.9.9\n' });
    }
    expect(await asked()).toBe('/\n');
    await capture(made.starter.engine, ['version', '-json'], { cwd: '/', env: made.env });
    expect(await asked()).toBe('/\n/\n');
  });

  test('does not keep the answer of an engine that fails to tell its version', async () => {
    await using made = await engineFolder(
      '[ -e "$0.well" ] && echo "OpenTofu v9.9.9" || { echo ill; exit 4; }',
    );
    const ask = () => capture(made.starter.engine, ['-version'], { env: made.env });
    expect(await ask()).toMatchObject({ code: 4, stdout: 'ill\n' });
    await writeFile(join(made.folder.dir, "it's an engine/tofu.well"), '');
    expect(await ask()).toMatchObject({ code: 0, stdout: 'OpenTofu v9.9.9\n' });
  });

  test('does not start it where it cannot be put on record', async () => {
    await using made = await engineFolder('touch started');
    await writeFile(join(made.folder.dir, 'a-file'), '');
    const env = { ...made.env, PHOENIX_RUN_FOLDER: join(made.folder.dir, 'a-file') };
    const refused = await capture(made.starter.engine, ['apply'], { cwd: made.folder.dir, env });
    expect(refused.code).toBe(125);
    await expect(readFile(join(made.folder.dir, 'started'))).rejects.toThrow('ENOENT');
  });

  test('takes the core dumps from it, the rights of others on its files, and the first place when memory runs out', async () => {
    await using made = await engineFolder('ulimit -c; umask; cat /proc/$$/oom_score_adj');
    // As the runner starts what it runs.
    const raised = 'echo 500 > /proc/$$/oom_score_adj; exec "$0" apply';
    const { stdout } = await capture('sh', ['-c', raised, made.starter.engine], { env: made.env });
    expect(stdout).toBe('0\n0077\n0\n');
  });

  test('answers for the outputs that the run has read back, and starts no engine for them', async () => {
    await using made = await engineFolder('echo "asked $*"');
    const live = join(made.folder.dir, 'live of a castle');
    const list = await writeAnswers(made.runDir, 1, [
      { dir: join(live, 'secrets'), printed: '{"id":1}' },
      { dir: join(live, 'platform'), printed: '{"id":2}' },
    ]);
    const env = { ...made.env, PHOENIX_OUTPUTS: list ?? '' };
    const ask = async (folder: string, ...args: readonly string[]) => {
      const cwd = join(live, folder);
      await mkdir(cwd, { recursive: true });
      return (await capture(made.starter.engine, args, { cwd, env })).stdout;
    };
    expect(await ask('platform', 'output', '-json')).toBe('{"id":2}');
    expect(await ask('secrets/.terragrunt-cache/123', 'init', '-get=false')).toBe('');
    expect(await ask('secrets/.terragrunt-cache/123', 'output', '-json')).toBe('{"id":1}');
    expect(await ask('secrets/.terragrunt-cache/Ab/Cd', 'output', '-json')).toBe('{"id":1}');
    expect(await readProcesses(made.runDir)).toEqual([]);

    // A folder that is used again is initialised, and what nobody read back the engine tells.
    expect(await ask('secrets/.terragrunt-cache/Ab/Cd', 'init', '-get=false')).toBe(
      'asked init -get=false\n',
    );
    expect(await ask('secrets', 'init', '-get=false')).toBe('asked init -get=false\n');
    expect(await ask('secrets/.terragrunt-cache/123', 'init')).toBe('asked init\n');
    expect(await ask('secrets/below', 'output', '-json')).toBe('asked output -json\n');
    expect(await ask('secrets-too', 'output', '-json')).toBe('asked output -json\n');
    expect(await ask('secrets', 'output', '-json', 'id')).toBe('asked output -json id\n');
    expect(await ask('secrets', 'output')).toBe('asked output\n');
  });

  test('lets it collect its memory as ever while it works, and seldom where it only starts', async () => {
    await using made = await engineFolder(`echo "$1 $\{GOGC-unset}"`);
    const through = async (set: Readonly<Record<string, string>>, ...args: readonly string[]) => {
      const env = { ...made.env, ...set };
      return (await capture(made.starter.wrapper, [made.starter.engine, ...args], { env })).stdout;
    };
    expect(await through({}, 'init')).toBe('init 400\n');
    expect(await through({}, 'apply')).toBe('apply unset\n');
    expect(await through({ GOGC: '50' }, 'init')).toBe('init 50\n');
    expect(await through({ GOGC: '50' }, 'apply')).toBe('apply 50\n');
    const terragrunt = ['sh', '-c', 'echo $GOGC'];
    expect((await capture(made.starter.wrapper, terragrunt, { env: made.env })).stdout).toBe('800\n');
  });

  test('has the name of the engine, since Terragrunt goes by it', async () => {
    await using tofu = await engineFolder('true');
    await using terraform = await engineFolder('true', 'terraform');
    expect(tofu.starter.engine).toMatch(/\/bin\/tofu$/);
    expect(terraform.starter.engine).toMatch(/\/bin\/terraform$/);
  });
});

test('the starter of Terragrunt puts it on record as that and becomes it', async () => {
  await using made = await engineFolder('echo "$*"');
  const { stdout } = await capture(made.starter.wrapper, ['/bin/echo', 'run', 'a b'], { env: made.env });
  expect(stdout).toBe('run a b\n');
  expect(await readProcesses(made.runDir)).toMatchObject([{ role: 'terragrunt', command: 'echo' }]);
});

describe('the file of processes', () => {
  test('is read right whatever the program is called', () => {
    const stat = `42 (tofu) ) S ${Array.from({ length: 18 }, (_, index) => index).join(' ')} 777 0 0`;
    expect(parseProcesses(`data/a\t1\tengine\t42\t${stat}\tboot\t/a/b\tapply\n`)).toEqual([
      {
        layer: 'data/a',
        attempt: 1,
        role: 'engine',
        pid: 42,
        startTime: '777',
        bootId: 'boot',
        dir: '/a/b',
        command: 'apply',
      },
    ]);
  });

  test('is passed over where it is half written or no process at all', () => {
    expect(parseProcesses('a\t1\tengine\t12\tstat\tboot\t/a')).toEqual([]);
    expect(parseProcesses('\na\tx\tengine\ty\tz\tw\tv\tu\n')).toEqual([]);
    const line = fc.array(fc.oneof(fc.string(), fc.nat().map(String)), { maxLength: 9 });
    holds(
      fc.property(fc.array(line), (lines) => {
        const processes = parseProcesses(lines.map((fields) => fields.join('\t')).join('\n'));
        for (const { pid } of processes) expect(pid).toBeGreaterThan(0);
      }),
    );
  });
});
