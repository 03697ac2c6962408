import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { runChild } from '../child.ts';
import { readProcesses } from '../journal/processes.ts';
import { readRuns } from '../journal/record.ts';
import type { LayerJob } from '../layer/job.ts';
import { markedEnvironment, quote } from '../layer/starter.ts';
import { type LayerState, parseState, readState } from '../layer/state.ts';
import { firstError } from '../locks/probe.ts';

/** What a layer's state holds; `unknown` where it could not be read. */
export type Look =
  | { readonly is: 'empty' }
  | { readonly is: 'standing'; readonly addresses: readonly string[] }
  | { readonly is: 'unknown'; readonly why: string };

const withinMs = 120_000;
const beside = 0;

/**
 * Reads a layer's state without the outputs that the layer depends on. Terragrunt itself reads a unit's whole file first,
 * and where a dependency has no outputs (it is destroyed already, or was never applied) it refuses even `state pull`. But
 * of a unit that another *depends on* it needs only the `remote_state` block (pkg/config/dependency.go, 1.1.1). So a unit
 * that depends on this one is made in the vault, and the engine that Terragrunt starts to read the outputs puts the state
 * down first. Where there is no `remote_state` block Terragrunt reads the whole file here too; then the folder in which an
 * engine of this machine last ran is asked. Throws only for an abort.
 */
export async function lookAtState(job: LayerJob, signal: AbortSignal): Promise<Look> {
  const look = await lookThroughTerragrunt(job, signal);
  if (look.is !== 'unknown') return look;
  return (await lookWhereItRan(job, signal)) ?? look;
}

async function lookThroughTerragrunt(job: LayerJob, signal: AbortSignal): Promise<Look> {
  const dir = join(job.partition, `look-${randomUUID()}`);
  const programs = join(dirname(job.starter.engine), `look-${randomUUID()}`);
  try {
    await mkdir(dir, { mode: 0o700 });
    await mkdir(programs, { mode: 0o700 });
    const engine = await engineThatTells(programs, job.starter.engine, join(dir, 'state'));
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
      return { is: 'unknown', why: trouble ?? firstError(stderr) ?? `Terragrunt ended with ${code}` };
    const text = await readFile(join(dir, 'state'), 'utf8').catch(() => undefined);
    if (text === undefined)
      return { is: 'unknown', why: 'Terragrunt did not ask the engine for its outputs' };
    return text.trim() === '' ? { is: 'empty' } : lookOf(parseState(text));
  } catch (thrown) {
    signal.throwIfAborted();
    return { is: 'unknown', why: thrown instanceof Error ? thrown.message : String(thrown) };
  } finally {
    // The state holds secrets.
    await rm(dir, { recursive: true, force: true });
    await rm(programs, { recursive: true, force: true });
  }
}

async function lookWhereItRan(job: LayerJob, signal: AbortSignal): Promise<Look | undefined> {
  const dir = await lastFolder(job);
  if (dir === undefined) return undefined;
  const { engine, env, varFiles } = job;
  try {
    return lookOf(await readState({ engine, dir, env, varFiles, signal }));
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** In an engine's folder, what tells where its state is: a backend that was set up, or the state itself. */
const backends = ['.terraform', 'terraform.tfstate'];

/** Where the layer's engine last ran on this machine, in this run or another, if it could still read its state there. */
async function lastFolder({ name, run }: LayerJob): Promise<string | undefined> {
  const runs = (await readRuns(run.home)).map(({ dir }) => dir);
  for (const runDir of runs) {
    const own = (await readProcesses(runDir)).filter(
      ({ role, layer, command }) =>
        role === 'engine' && layer === name && (command === 'apply' || command === 'destroy'),
    );
    const last = own.at(-1)?.dir;
    if (last !== undefined) return backends.some((name) => existsSync(join(last, name))) ? last : undefined;
  }
  return undefined;
}

function lookOf({ addresses }: LayerState): Look {
  return addresses.size === 0 ? { is: 'empty' } : { is: 'standing', addresses: [...addresses] };
}

/** Before it gives the outputs it puts the state into `file`; what else the made unit asks for it leaves undone. */
async function engineThatTells(folder: string, engine: string, file: string): Promise<string> {
  const script = join(folder, basename(engine));
  const lines = [
    '#!/bin/sh',
    'umask 077',
    'case "$1" in',
    `output) ${quote(engine)} state pull > ${quote(file)} || exit 1 ;;`,
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
