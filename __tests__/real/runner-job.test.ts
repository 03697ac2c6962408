import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { runnerModule } from '../support/runner-host.ts';

// The scripts are the real ones. The runner is a script that writes down what it was started with, and systemd is not here:
// its part (the control group, the signal) is played by hand.

const script = (name: string) => join(runnerModule, 'files', name);

const listener = `#!/bin/bash
printf '%s\\n' "$*" >"$HOME/argv"
printf '%s\\n' "$ACTIONS_RUNNER_INPUT_JITCONFIG" >"$HOME/jit"
ls -A _work/ >"$HOME/found"
ls -A "$HOME" >../home-found
touch _work/left-by-the-job
trap 'echo TERM >"$HOME/signal"; exit 3' TERM
[[ ! -e ../linger ]] || for _ in {1..200}; do sleep 0.05; done
`;

describe('a job', () => {
  async function openRoot(files: Readonly<Record<string, string>> = {}) {
    const folder = await temporaryFolder({
      'root/bin/Runner.Listener': listener,
      config: 'jit-1',
      'cgroup.procs': '',
      'home/tools/kept': '',
      ...files,
    });
    spawnSync('chmod', ['-R', '0755', join(folder.dir, 'root/bin')]);
    const start = () =>
      spawn('bash', [script('start'), join(folder.dir, 'config')], {
        cwd: join(folder.dir, 'root'),
        env: {
          ...{
            PATH: '/usr/bin:/bin',
            HOME: join(folder.dir, 'home'),
            PHOENIX_VAULT: join(folder.dir, 'vault'),
          },
          ...{ RUNNER_CGROUP_FILE: join(folder.dir, 'cgroup.procs'), RUNNER_DRAIN_SECONDS: '20' },
        },
        stdio: 'inherit',
      });
    const read = (name: string) => readFile(join(folder.dir, 'home', name), 'utf8');
    return { ...folder, start, read };
  }
  const codeOf = (child: ReturnType<typeof spawn>) =>
    new Promise<number | null>((resolve) => child.once('close', resolve));

  test('gets its configuration by the environment, in a clean home and work folder, and the file of it is gone', async () => {
    await using root = await openRoot({
      'home/work/old/file': 'of the job before',
      'home/.tofurc': 'provider_installation {}',
      'home/.terraform.d/plugins/planted': '',
      'home/state/kept': 'of a run before',
    });
    expect(await codeOf(root.start())).toBe(0);
    expect(await root.read('argv')).toBe('run\n');
    expect(await root.read('jit')).toBe('jit-1\n');
    expect(await root.read('found')).toBe('');
    const home = await readFile(join(root.dir, 'home-found'), 'utf8');
    expect(home).not.toMatch(/tofurc|terraform\.d/);
    expect(await root.read('state/kept')).toBe('of a run before');
    expect(await root.read('tools/kept')).toBe('');
    expect(existsSync(join(root.dir, 'config'))).toBe(false);
    // There is no second job without another registration.
    expect(await codeOf(root.start())).toBe(1);
  });

  test('that is stopped ends its runner, and only then waits for the engine that still writes its state', {
    timeout: 30_000,
  }, async () => {
    await using root = await openRoot({ linger: '' });
    const engine = spawn('sleep', ['3'], { stdio: 'ignore' });
    const engineEnded = codeOf(engine);
    spawnSync('bash', ['-c', `echo ${engine.pid} > ${join(root.dir, 'cgroup.procs')}`]);
    const main = root.start();
    const ended = codeOf(main);
    for (let tries = 0; tries < 100 && !existsSync(join(root.dir, 'home/jit')); tries += 1) await sleep(20);
    await sleep(100);
    main.kill('SIGTERM');
    expect(await Promise.race([ended.then(() => 'main'), engineEnded.then(() => 'engine')])).toBe('engine');
    expect(await ended).toBe(3);
    expect(await root.read('signal')).toBe('TERM\n');
  });

  test('is swept: strays end and the vault is emptied, unless an engine is still at work', {
    timeout: 30_000,
  }, async ({ skip }) => {
    // It ends what its user runs, so it needs a user who runs nothing else.
    skip(process.getuid?.() !== 0, 'takes root, to become a user of its own');
    await using root = await openRoot({
      'vault/partition/secret': 'x',
      'bin/tofu': '#!/bin/bash\nsleep 20\n',
    });
    spawnSync('bash', ['-c', `cp /bin/sleep ${root.dir}/bin/tofu && chmod -R 0777 ${root.dir}`]);
    const as = (uid: number, file: string, args: readonly string[]) =>
      spawn(file, [...args], {
        uid,
        gid: uid,
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { PATH: '/usr/bin:/bin', PHOENIX_VAULT: join(root.dir, 'vault') },
      });
    const uid = 60_000 + (process.pid % 4000);
    const scriptText = await readFile(script('sweep'), 'utf8');
    const sweep = async () => {
      const child = as(uid, 'bash', ['-c', scriptText]);
      let said = '';
      child.stdout?.on('data', (chunk) => (said += String(chunk)));
      expect(await codeOf(child)).toBe(0);
      return said;
    };
    const engine = as(uid, join(root.dir, 'bin/tofu'), ['20']);
    const stray = as(uid, 'sleep', ['20']);
    const strayEnded = codeOf(stray);
    const engineEnded = codeOf(engine);
    await sleep(200);
    expect(await sweep()).toContain('1 processes of an engine are still at work');
    await strayEnded;
    expect(stray.signalCode).toBe('SIGTERM');
    expect(engine.exitCode ?? engine.signalCode).toBeNull();
    expect(existsSync(join(root.dir, 'vault/partition/secret'))).toBe(true);
    engine.kill();
    await engineEnded;
    await sweep();
    expect(await readdir(join(root.dir, 'vault'))).toEqual([]);
  });
});

test('the scripts of the runner host are clean for shellcheck', ({ skip }) => {
  skip(spawnSync('shellcheck', ['--version']).error !== undefined, 'shellcheck is not installed');
  const { stdout, status } = spawnSync('shellcheck', ['jit', 'start', 'sweep', 'enrol'].map(script), {
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
