import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { parseEngineLine } from '../../src/layer/events.ts';
import { decidingError, type Evidence, judge, type Verdict } from '../../src/layer/judge.ts';
import { createObserver } from '../../src/layer/observe.ts';
import type { Exit } from '../../src/layer/process.ts';
import { sourceOf } from '../../src/layer/source.ts';
import { readState } from '../../src/layer/state.ts';
import { applyArguments, parseTerragruntLine, readUnitReport } from '../../src/layer/terragrunt.ts';
import { temporaryFolder } from '../support/folder.ts';
import { made, running } from '../support/small-castle.ts';
import { tool } from '../support/tools.ts';

let tofu: string;
let terragrunt: string;
beforeAll(async () => {
  tofu = await tool('tofu');
  terragrunt = await tool('terragrunt');
}, 900_000);

/** A repository with the unit live/a, and a way to apply it with the real tools and have it judged. */
async function bench(
  files: Readonly<Record<string, string>>,
  /** The engine writes into the file itself and not into Terragrunt's pipe. */
  { direct = false }: { readonly direct?: boolean } = {},
) {
  const folder = await temporaryFolder({ 'live/a/terragrunt.hcl': '', 'engine/none': '', ...files });
  const { dir } = folder;
  await mkdir(join(dir, '.git'));
  await mkdir(join(dir, 'home'));
  // Writes down its pid and folder, then becomes the engine: what is interrupted must be that process and no other.
  const engine = join(dir, 'engine/tofu');
  const note = `echo $$ > "${dir}/pid.new"; mv "${dir}/pid.new" "${dir}/pid"; pwd > "${dir}/cwd"`;
  await writeFile(
    engine,
    [
      '#!/bin/sh',
      `[ "$1" = apply ] || exec "${tofu}" "$@"`,
      note,
      direct ? `exec "${tofu}" "$@" >> "$OUT"` : `exec "${tofu}" "$@"`,
      '',
    ].join('\n'),
  );
  await chmod(engine, 0o755);
  const env = {
    PATH: `${dirname(tofu)}:${dirname(terragrunt)}:/usr/bin:/bin`,
    HOME: join(dir, 'home'),
    TG_TF_PATH: engine,
    TF_IN_AUTOMATION: '1',
    CHECKPOINT_DISABLE: '1',
  };
  const unit = join(dir, 'live/a');
  let runs = 0;
  return {
    dir,
    unit,
    env,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    async write(name: string, text: string) {
      await writeFile(join(dir, name), text);
    },
    /** Applies the unit once. `during` may do something to it meanwhile. */
    async apply(
      during?: (world: { readonly wrapper: number; engine(): Promise<number> }) => Promise<void>,
      ending: Evidence['ending'] = 'exited',
    ): Promise<Verdict> {
      runs += 1;
      const [out, err, report] = ['out', 'err', 'report.json'].map((name) =>
        join(dir, `${runs}-${name}`),
      ) as [string, string, string];
      await writeFile(join(dir, 'pid'), '');
      await writeFile(join(dir, 'cwd'), '');
      const args = applyArguments({ unit, reportFile: report, varFiles: [] });
      const exit = await run(
        terragrunt,
        args,
        { out, err, cwd: unit, env: { ...env, OUT: out } },
        async (child) => {
          await during?.({
            wrapper: child.pid ?? 0,
            engine: () => until(async () => Number(await readFile(join(dir, 'pid'), 'utf8')) || undefined),
          });
        },
      );
      // A killed wrapper leaves its engine behind; what it still says counts.
      const pid = Number(await readFile(join(dir, 'pid'), 'utf8'));
      if (pid > 0) await until(async () => (alive(pid) ? undefined : true));
      const observer = createObserver();
      for (const line of await linesOf(out)) observer.event(parseEngineLine(line));
      for (const line of await linesOf(err)) {
        const { level, text } = parseTerragruntLine(line);
        if (level !== 'info') observer.line(text);
      }
      const engineDir = (await readFile(join(dir, 'cwd'), 'utf8')).trim() || undefined;
      const evidence = {
        layer: 'a',
        unit,
        engineDir,
        ending,
        exit,
        report: await readUnitReport(report),
        seen: observer.seen,
        lossy: false,
        settings: { timeoutSeconds: 60, stallSeconds: 30 },
      };
      const state =
        engineDir === undefined
          ? undefined
          : await readState({
              engine: tofu,
              dir: engineDir,
              env,
              varFiles: [],
              signal: new AbortController().signal,
            }).catch(() => undefined);
      const at = await sourceOf(decidingError(evidence), evidence, dir);
      return judge({ ...evidence, state, ...(at === undefined ? {} : { at }) });
    },
  };
}

async function run(
  file: string,
  args: readonly string[],
  { out, err, cwd, env }: { out: string; err: string; cwd: string; env: Record<string, string> },
  during: (child: ChildProcess) => Promise<void>,
): Promise<Exit> {
  await using stdout = await open(out, 'ax');
  await using stderr = await open(err, 'ax');
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', stdout.fd, stderr.fd] });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  await during(child);
  const [code, signal] = await exited;
  return { code, signal };
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error('it did not come within 30 s');
    await sleep(50);
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function linesOf(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
}

function refusal(verdict: Verdict): PhoenixError {
  if (verdict instanceof PhoenixError) return verdict;
  throw new Error(`judged ${verdict}`);
}

/** The command that a next move gives, as it stands there, in a shell of its own. */
async function obey(next: string, env: Record<string, string>): Promise<void> {
  const command = /`(\(cd .*?\))`/.exec(next)?.[1];
  if (command === undefined) throw new Error(`no command in: ${next}`);
  await promisify(execFile)('/bin/sh', ['-c', command], { env: { ...env, TG_NON_INTERACTIVE: 'true' } });
}

/** A state backend over HTTP, whose saves can be slow or refused. */
async function backend() {
  const kept: { state?: string; lock?: string } = {};
  const mode = { save: 'ok' as 'ok' | 'refuse' | 'slow' };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const body = Buffer.concat(chunks).toString();
      const answer = (status: number, text = '') => response.writeHead(status).end(text);
      if (request.method === 'GET') return answer(kept.state === undefined ? 404 : 200, kept.state);
      if (request.method === 'LOCK' && kept.lock !== undefined) return answer(423, kept.lock);
      if (request.method === 'LOCK') kept.lock = body;
      if (request.method === 'UNLOCK') delete kept.lock;
      if (request.method !== 'POST') return answer(200);
      if (mode.save === 'refuse') return answer(503, 'not now');
      if (mode.save === 'slow') await sleep(3000);
      kept.state = body;
      return answer(200);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/state`;
  return {
    kept,
    mode,
    hcl: `terraform {\n  backend "http" {\n    address        = "${address}"\n    lock_address   = "${address}"\n    unlock_address = "${address}"\n    retry_max      = 0\n  }\n}\n`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

test('a layer is applied, and then unchanged', async () => {
  await using world = await bench({ 'live/a/main.tf': made });
  expect(await world.apply()).toBe('applied');
  expect(await world.apply()).toBe('unchanged');
});

describe('a mistake in the configuration is told with the place in the own file', () => {
  const source = 'terraform {\n  source = "../../modules//m"\n}\n';

  test('where init finds it in a module', async () => {
    await using world = await bench({
      'live/a/terragrunt.hcl': source,
      'modules/m/main.tf': `${made}\nresource "terraform_data" "a" {\n  input =\n}\n`,
    });
    expect(refusal(await world.apply())).toMatchObject({
      code: 'PHX-LAYER-CONFIG',
      what: 'Layer a failed: Invalid expression',
      at: { file: 'modules/m/main.tf', line: 4 },
    });
  });

  test('where the plan finds it in a module that the module uses', async () => {
    await using world = await bench({
      'live/a/terragrunt.hcl': source,
      'modules/m/main.tf': 'module "inner" {\n  source = "../inner"\n}\n',
      'modules/inner/main.tf': 'resource "terraform_data" "a" {\n  input = var.nope\n}\n',
    });
    expect(refusal(await world.apply())).toMatchObject({
      code: 'PHX-LAYER-CONFIG',
      at: { file: 'modules/inner/main.tf', line: 2, column: 11 },
    });
  });

  test("where it is in the unit's own file", async () => {
    await using world = await bench({
      'live/a/terragrunt.hcl': '\ninputs = { x =\n',
      'live/a/main.tf': made,
    });
    expect(refusal(await world.apply())).toMatchObject({
      code: 'PHX-LAYER-CONFIG',
      at: { file: 'live/a/terragrunt.hcl', line: 2 },
    });
  });
});

test.each<[string, string, Record<string, string>, RegExp]>([
  [
    'a variable that nobody gives',
    'PHX-LAYER-VARIABLE',
    { 'live/a/main.tf': 'variable "x" {}\n' },
    /variable x/,
  ],
  [
    'a registry that cannot be reached',
    'PHX-LAYER-PROVIDER',
    {
      'live/a/main.tf':
        'terraform {\n  required_providers {\n    x = {\n      source = "127.0.0.1:9/a/x"\n    }\n  }\n}\nresource "x_y" "z" {}\n',
    },
    /connection refused/,
  ],
  [
    'a dependency that was never applied',
    'PHX-LAYER-DEPENDENCY',
    {
      'live/a/terragrunt.hcl':
        'dependency "b" {\n  config_path = "../b"\n}\ninputs = { x = dependency.b.outputs.y }\n',
      'live/a/main.tf': made,
      'live/b/terragrunt.hcl': '',
      'live/b/main.tf': made,
    },
    /The layer b has no outputs/,
  ],
  [
    'outputs that Terragrunt made up, though it exits 0',
    'PHX-LAYER-MOCKED',
    {
      'live/a/terragrunt.hcl':
        'dependency "b" {\n  config_path  = "../b"\n  mock_outputs = { y = "mock" }\n}\ninputs = { x = dependency.b.outputs.y }\n',
      'live/a/main.tf': `variable "x" {}\n${made}`,
      'live/b/terragrunt.hcl': '',
      'live/b/main.tf': made,
    },
    /live\/b\/terragrunt\.hcl/,
  ],
  [
    'a hook',
    'PHX-LAYER-HOOK',
    {
      'live/a/terragrunt.hcl':
        'terraform {\n  after_hook "check" {\n    commands = ["apply"]\n    execute  = ["false"]\n  }\n}\n',
      'live/a/main.tf': made,
    },
    /hook "check"/,
  ],
  [
    'a state of a newer engine',
    'PHX-LAYER-STATE-VERSION',
    {
      'live/a/main.tf': made,
      'live/a/terraform.tfstate':
        '{"version":5,"terraform_version":"1.99.0","serial":1,"lineage":"x","outputs":{},"resources":[]}',
    },
    /OpenTofu 1\.99\.0/,
  ],
  [
    'a full disk',
    'PHX-LAYER-DISK',
    { 'live/a/main.tf': running('cp /etc/hostname /dev/full') },
    /No space left on device/,
  ],
  [
    'a lock of Proxmox',
    'PHX-LAYER-PROXMOX-LOCK',
    { 'live/a/main.tf': running(`echo "can't lock file '/var/lock/x' - got timeout" >&2; exit 1`) },
    /got timeout/,
  ],
])('%s is told as %s', async (_, code, files, why) => {
  await using world = await bench(files);
  expect(refusal(await world.apply())).toMatchObject({ code, why: expect.stringMatching(why) });
});

test('what is protected is told, and nothing was done', async () => {
  const main = (input: string) =>
    `resource "terraform_data" "a" {\n  triggers_replace = "${input}"\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n`;
  await using world = await bench({ 'live/a/main.tf': main('1') });
  expect(await world.apply()).toBe('applied');
  await world.write('live/a/main.tf', main('2'));
  expect(refusal(await world.apply())).toMatchObject({ code: 'PHX-LAYER-PROTECTED', at: { line: 1 } });
});

describe('the command of the next move does what it says', () => {
  test('for a lock: it releases exactly that one', async () => {
    await using store = await backend();
    await using world = await bench({ 'live/a/main.tf': store.hcl + made });
    expect(await world.apply()).toBe('applied');
    store.kept.lock = JSON.stringify({
      ID: 'b9c5e0ae-0000-4000-8000-0123456789ab',
      Operation: 'OperationTypeApply',
      Who: 'ann@castle',
      Version: '1.12.6',
      Created: '2026-11-23T20:00:00Z',
    });
    const error = refusal(await world.apply());
    expect(error).toMatchObject({
      code: 'PHX-LAYER-LOCKED',
      why: expect.stringContaining(
        'ann@castle holds the lock of its state for apply, since 2026-11-23 20:00:00',
      ),
    });
    await obey(error.next, world.env);
    expect(store.kept.lock).toBeUndefined();
    expect(await world.apply()).toBe('unchanged');
  });

  test('for a state that could not be saved: it brings the state to the backend', async () => {
    await using store = await backend();
    await using world = await bench({ 'live/a/main.tf': store.hcl + made });
    store.mode.save = 'refuse';
    const error = refusal(await world.apply());
    expect(error.code).toBe('PHX-LAYER-STATE-UNSAVED');
    expect(store.kept.state).toBeUndefined();
    store.mode.save = 'ok';
    await obey(error.next, world.env);
    expect(store.kept.state).toContain('"terraform_data"');
    expect(await world.apply()).toBe('unchanged');
  });
});

describe('a layer that is cut off', () => {
  const chain = `${made}${running('echo begun; sleep 20', 'long').replace('{\n', '{\n  depends_on = [terraform_data.made]\n')}`;

  test('tells what it made and what it began, by the state', async () => {
    await using world = await bench({ 'live/a/main.tf': chain });
    const verdict = await world.apply(async ({ engine }) => {
      const pid = await engine();
      await until(async () => (await saw(world.dir, 'begun')) || undefined);
      process.kill(pid, 'SIGINT');
    }, 'cancelled');
    const error = refusal(verdict);
    expect(error).toMatchObject({
      code: 'PHX-LAYER-CANCELLED',
      class: 'cancelled',
      what: 'Layer a was cancelled half-way. It had made 1 of 2 changes.',
    });
    expect(error.why).toContain('Done: terraform_data.made.');
    expect(error.why).toContain('terraform_data.long (create; tainted in the state');
    expect(error.tail.join('\n')).toContain('Interrupt received');
  });

  test('while its state is being written is applied', async () => {
    await using store = await backend();
    store.mode.save = 'slow';
    await using world = await bench({ 'live/a/main.tf': store.hcl + made });
    const verdict = await world.apply(async ({ engine }) => {
      const pid = await engine();
      await until(async () => (await saw(world.dir, 'Creation complete')) || undefined);
      process.kill(pid, 'SIGINT');
    }, 'cancelled');
    expect(verdict).toBe('applied');
    expect(store.kept.lock).toBeUndefined();
  });

  test('by a signal to Terragrunt, whose report then says failed, is applied if its engine finished', async () => {
    await using world = await bench({ 'live/a/main.tf': running('echo begun; sleep 2') });
    const verdict = await world.apply(async ({ wrapper }) => {
      await until(async () => (await saw(world.dir, 'begun')) || undefined);
      process.kill(wrapper, 'SIGINT');
    }, 'cancelled');
    expect(await readFile(join(world.dir, '1-report.json'), 'utf8')).toContain('context canceled');
    expect(verdict).toBe('applied');
  });

  test('in a hook after its engine is not applied, though its engine finished', async () => {
    await using world = await bench({
      'live/a/terragrunt.hcl':
        'terraform {\n  after_hook "wait" {\n    commands = ["apply"]\n    execute  = ["sleep", "3"]\n  }\n}\n',
      'live/a/main.tf': made,
    });
    const verdict = await world.apply(async ({ wrapper }) => {
      await until(async () => (await saw(world.dir, 'Apply complete')) || undefined);
      process.kill(wrapper, 'SIGTERM');
    }, 'cancelled');
    expect(refusal(verdict)).toMatchObject({
      code: 'PHX-LAYER-CANCELLED',
      what: 'Layer a was cancelled half-way. Its engine had finished.',
    });
  });

  test('because its engine was killed says so', async () => {
    await using world = await bench({ 'live/a/main.tf': running('echo begun; sleep 3') });
    const verdict = await world.apply(async ({ engine }) => {
      const pid = await engine();
      await until(async () => (await saw(world.dir, 'begun')) || undefined);
      process.kill(pid, 'SIGKILL');
    });
    expect(refusal(verdict)).toMatchObject({ code: 'PHX-LAYER-KILLED', why: /SIGKILL, 137/ });
  });

  const killWrapper = (world: Awaited<ReturnType<typeof bench>>) =>
    world.apply(async ({ wrapper }) => {
      await until(async () => (await saw(world.dir, 'begun')) || undefined);
      process.kill(wrapper, 'SIGKILL');
    });

  test('because Terragrunt was killed tells that its engine finished by itself; the next run finds it so', async () => {
    await using world = await bench({ 'live/a/main.tf': running('echo begun; sleep 2') }, { direct: true });
    expect(refusal(await killWrapper(world))).toMatchObject({
      code: 'PHX-LAYER-KILLED',
      why: expect.stringContaining('Its engine had finished, and the state agrees.'),
      next: expect.stringContaining('unchanged'),
    });
    expect(await world.apply()).toBe('unchanged');
  });

  test('because Terragrunt was killed, and its engine with the next word into the broken pipe, says that too', async () => {
    await using world = await bench({ 'live/a/main.tf': running('echo begun; sleep 2') });
    expect(refusal(await killWrapper(world))).toMatchObject({
      code: 'PHX-LAYER-KILLED',
      why: expect.stringContaining('Its engine did not say that it finished.'),
    });
  });
});

async function saw(dir: string, words: string): Promise<boolean> {
  return (await readFile(join(dir, '1-out'), 'utf8').catch(() => '')).includes(`${words}`);
}
