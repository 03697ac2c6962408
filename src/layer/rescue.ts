import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LayerProcessRecord, readProcesses } from '../journal/processes.ts';
import { readRuns } from '../journal/record.ts';
import { askEngine } from '../locks/ask-engine.ts';
import { varFileArguments } from '../locks/probe.ts';
import type { Log } from '../log.ts';
import { engineContext } from './context.ts';
import type { Engines } from './engines.ts';
import type { LayerJob } from './job.ts';
import { isSealed, openSealed } from './sealed-state.ts';

/** What an engine writes into its folder when its backend did not take the state: the only copy of what it has made. */
export const erroredState = 'errored.tfstate';

export type Rescue =
  | { readonly status: 'none' }
  | { readonly status: 'pushed'; readonly file: string }
  /** The backend still does not take it. `file` is where it lies now. */
  | { readonly status: 'kept'; readonly file: string; readonly why: string; readonly sealed: boolean }
  /** The backend has another state by now: which of the two is right is for a person to say. */
  | { readonly status: 'conflict'; readonly file: string; readonly why: string };

interface RescueOptions {
  readonly log: Log;
  readonly signal: AbortSignal;
  /** How long a backend that is down is asked again. */
  readonly withinSeconds: number;
}

const firstPauseMs = 500;
const longestPauseMs = 8_000;

/**
 * Brings a state that an engine could not save into its backend. One that the backend does not take is kept in the
 * castle's home on this machine (0600), for the next checkout would clean the engine's folder away.
 */
export async function rescueState(
  job: LayerJob,
  engineDir: string | undefined,
  options: RescueOptions,
): Promise<Rescue> {
  const pending = await pendingStates(job, engineDir);
  let last: Rescue = { status: 'none' };
  for (const file of pending) {
    last = await rescueFile(job, engineDir, file, options);
    if (last.status !== 'pushed') return last;
    options.log.info(`${job.name}: the state that could not be saved (${file}) is in its backend now`);
  }
  return last;
}

/** States of the layer that wait for their backend: where engines ran, on this run or an earlier one, and the kept ones. */
async function pendingStates({ name, run }: LayerJob, engineDir: string | undefined): Promise<string[]> {
  const folders = new Set(engineDir === undefined ? [] : [engineDir]);
  for (const record of [...(await earlierProcesses(run)), ...(await readProcesses(run.journal.dir))])
    if (record.role === 'engine' && record.layer === name) folders.add(record.dir);
  const kept = rescuedFolder(run.home, name);
  const names = (await readdir(kept).catch(() => [] as string[])).sort();
  const files = [
    ...names.map((each) => join(kept, each)),
    ...[...folders].map((dir) => join(dir, erroredState)),
  ];
  return files.filter((file) => existsSync(file));
}

const earlier = new WeakMap<Engines, Promise<readonly LayerProcessRecord[]>>();

/** The processes of all other runs: read once in a run, since a machine keeps a hundred of them and no other writes now. */
function earlierProcesses({
  home,
  journal,
  engines,
}: LayerJob['run']): Promise<readonly LayerProcessRecord[]> {
  const read = async () => {
    const runs = (await readRuns(home)).filter(({ dir }) => dir !== journal.dir);
    return (await Promise.all(runs.map(({ dir }) => readProcesses(dir)))).flat();
  };
  const known = earlier.get(engines) ?? read();
  earlier.set(engines, known);
  return known;
}

async function rescueFile(
  job: LayerJob,
  engineDir: string | undefined,
  file: string,
  { log, signal, withinSeconds }: RescueOptions,
): Promise<Rescue> {
  const deadline = performance.now() + withinSeconds * 1000;
  const context = engineContext(job, engineDir, signal);
  const pushed = async (source: string) =>
    askEngine(context, context.engineDir, ['state', 'push', ...varFileArguments(job), source]);
  const sealed = await isSealed(file);
  const push = async () => {
    if (!sealed) return pushed(file);
    await using opened = await openSealed(job, file, signal);
    return await pushed(opened.file);
  };
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    const answer = await push();
    const words = condensed(answer.trouble ?? answer.output);
    if (answer.code === 0) {
      await rm(file, { force: true });
      return { status: 'pushed', file };
    }
    if (/lineage|newer state|serial/i.test(words)) return { status: 'conflict', file, why: words };
    if (signal.aborted || performance.now() + pause > deadline) return keep(job, file, words, sealed);
    log.warn(`${job.name}: its backend does not take the state yet; asked again in ${pause / 1000} s`);
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
}

/** Out of the engine's folder, which is a cache that others clean. */
async function keep({ name, run }: LayerJob, file: string, why: string, sealed: boolean): Promise<Rescue> {
  const folder = rescuedFolder(run.home, name);
  if (file.startsWith(folder)) return { status: 'kept', file, why, sealed };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const kept = join(folder, `${Date.now()}-${erroredState}`);
  await copyFile(file, kept);
  await chmod(kept, 0o600);
  await rm(file, { force: true });
  return { status: 'kept', file: kept, why, sealed };
}

function condensed(output: string): string {
  const said = output.replace(/[│╷╵\s]+/g, ' ').trim();
  return said.length > 600 ? `… ${said.slice(-600)}` : said;
}

function rescuedFolder(home: string, layer: string): string {
  return join(home, 'rescued', layer.replaceAll('/', '__'));
}
