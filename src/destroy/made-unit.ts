import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { runChild } from '../child.ts';
import { messageOf } from '../errors.ts';
import type { LayerJob } from '../layer/job.ts';
import { markedEnvironment, quote } from '../layer/starter.ts';
import { firstError } from '../locks/probe.ts';

const withinMs = 120_000;
const beside = 0;

/** Why the state could not be reached in this way. */
export interface Unreached {
  readonly trouble: string;
}

type Part = Pick<LayerJob, 'partition' | 'dir' | 'name' | 'terragrunt' | 'starter' | 'env' | 'run'>;

/** A layer's state as `state pull` prints it; empty where there is none. Throws only for an abort. */
export function pullThroughMadeUnit(job: Part, signal: AbortSignal): Promise<string | Unreached> {
  return throughMadeUnit(job, signal, (engine, file) => `${quote(engine)} state pull > ${quote(file)}`);
}

/** Puts `source` in the place of a layer's state, under the state's lock. Throws nothing. */
export async function pushThroughMadeUnit(job: Part, source: string): Promise<Unreached | undefined> {
  // Nothing but its time ends it: an engine that is killed in the middle leaves its lock.
  const pushed = await throughMadeUnit(
    job,
    new AbortController().signal,
    (engine, file) =>
      `${quote(engine)} state push -lock-timeout=10s ${quote(source)} >&2 && echo done > ${quote(file)}`,
  );
  return typeof pushed === 'string' ? undefined : pushed;
}

/**
 * Asks the engine about a layer's state without the outputs that the layer depends on. Terragrunt itself reads a unit's
 * whole file first, and where a dependency has no outputs (it is destroyed already, or was never applied) it refuses even
 * `state pull`. But of a unit that another *depends on* it needs only the `remote_state` block (pkg/config/dependency.go,
 * 1.1.1). So a unit that depends on this one is made in the vault, and the engine that Terragrunt starts to read the outputs
 * runs `command` first. Where there is no `remote_state` block Terragrunt reads the whole file here too. Gives what the
 * command put into its file.
 */
async function throughMadeUnit(
  job: Part,
  signal: AbortSignal,
  command: (engine: string, file: string) => string,
): Promise<string | Unreached> {
  const dir = join(job.partition, `look-${randomUUID()}`);
  const programs = join(dirname(job.starter.engine), `look-${randomUUID()}`);
  try {
    await mkdir(dir, { mode: 0o700 });
    await mkdir(programs, { mode: 0o700 });
    const engine = await engineThatTells(programs, job.starter.engine, (real) =>
      command(real, join(dir, 'state')),
    );
    await writeFile(
      join(dir, 'terragrunt.hcl'),
      `dependency "it" {\n  config_path = ${JSON.stringify(job.dir).replaceAll('${', '$${')}\n}\n`,
    );
    const { run, name, terragrunt } = job;
    const answer = await runChild(
      terragrunt,
      [
        'run',
        '--working-dir',
        dir,
        '--non-interactive',
        '--no-color',
        '--no-tips',
        '--no-auto-init',
        '--',
        'providers',
      ],
      {
        cwd: dir,
        env: {
          ...job.env,
          ...markedEnvironment({ run: run.id, runDir: run.journal.dir, layer: name, number: beside }),
          TG_TF_PATH: engine,
        },
        signal,
        timeoutMs: withinMs,
      },
    );
    const { code, stderr, trouble } = answer;
    // Outputs that are none are an error of the unit that was made for this, and of no other.
    if (code !== 0 && !noOutputs(stderr, job.dir, dir))
      return { trouble: trouble ?? firstError(stderr) ?? `Terragrunt ended with ${code}` };
    const text = await readFile(join(dir, 'state'), 'utf8').catch(() => undefined);
    if (text === undefined) return { trouble: 'Terragrunt did not ask the engine for its outputs' };
    return text.trim();
  } catch (thrown) {
    signal.throwIfAborted();
    return { trouble: messageOf(thrown) };
  } finally {
    // The state holds secrets.
    await rm(dir, { recursive: true, force: true });
    await rm(programs, { recursive: true, force: true });
  }
}

/** Before it gives the outputs it runs the command; what else the made unit asks for it leaves undone. */
async function engineThatTells(
  folder: string,
  engine: string,
  command: (engine: string) => string,
): Promise<string> {
  const script = join(folder, basename(engine));
  const lines = [
    '#!/bin/sh',
    'umask 077',
    'case "$1" in',
    `output) { ${command(engine)}; } || exit 1 ;;`,
    'providers) exit 0 ;;',
    'esac',
    `exec ${quote(engine)} "$@"`,
  ];
  await writeFile(script, `${lines.join('\n')}\n`, { mode: 0o700 });
  return script;
}

function noOutputs(stderr: string, unit: string, made: string): boolean {
  const flat = stderr.replaceAll(/\s+/g, ' ');
  return flat.includes(
    `${join(unit, 'terragrunt.hcl')} is a dependency of ${join(made, 'terragrunt.hcl')} but detected no outputs`,
  );
}
