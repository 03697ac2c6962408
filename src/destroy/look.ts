import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import { readProcesses } from '../journal/processes.ts';
import { readRuns } from '../journal/record.ts';
import type { LayerJob } from '../layer/job.ts';
import { type LayerState, parseState, readState } from '../layer/state.ts';
import { pullThroughMadeUnit } from './made-unit.ts';

/** What a layer's state holds; `unknown` where it could not be read. */
export type Look =
  | { readonly is: 'empty' }
  | { readonly is: 'standing'; readonly addresses: readonly string[] }
  | { readonly is: 'unknown'; readonly why: string };

/**
 * Reads a layer's state without the outputs that the layer depends on, through a unit that is made for it (made-unit.ts);
 * where that does not reach it, the folder in which an engine of this machine last ran is asked. Throws only for an abort.
 */
export async function lookAtState(job: LayerJob, signal: AbortSignal): Promise<Look> {
  const look = await lookThroughTerragrunt(job, signal);
  if (look.is !== 'unknown') return look;
  return (await lookWhereItRan(job, signal)) ?? look;
}

async function lookThroughTerragrunt(job: LayerJob, signal: AbortSignal): Promise<Look> {
  const text = await pullThroughMadeUnit(job, signal);
  if (typeof text !== 'string') return { is: 'unknown', why: text.trouble };
  try {
    return text === '' ? { is: 'empty' } : lookOf(parseState(text));
  } catch (thrown) {
    return { is: 'unknown', why: messageOf(thrown) };
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
export async function lastFolder({ name, run }: LayerJob): Promise<string | undefined> {
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
