import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { endAll } from '../__tests__/support/processes.ts';
import { type JobRecord, type JobStep, startJob } from '../__tests__/support/runner/job.ts';
import { within } from '../__tests__/support/runner/ladder.ts';
import { backendFolder, brokenInvariants, type Invariant } from './invariants.ts';
import { makePlace, type Place } from './place.ts';
import { plantCastle } from './plant.ts';
import { momentOf, type Scenario, slowestWriteMs, type WayName } from './scenario.ts';
import { readStateFile, type StateSeen } from './state-files.ts';
import { startStateHost } from './state-host.ts';
import { type Struck, strike } from './strike.ts';
import { environmentOf, stepOf, type Tools } from './ways.ts';

export interface RunResult {
  readonly way: WayName;
  readonly scenario: Scenario;
  readonly struck: Struck;
  readonly broken: ReadonlyMap<Invariant, string>;
  readonly seconds: number;
}

export interface RunOptions {
  readonly tools: Tools;
  /** Phoenix' entry: the bundle, or the source. */
  readonly phoenix: string;
  /** A folder that keeps the logs of both jobs of a run that broke something. */
  readonly keep?: string;
}

/** The runner itself takes at most 17.5 s to end a step; a castle of this size is up in 15. */
const jobMs = 100_000;

/** Plants, strikes, ends the job as the runner does, runs once more, and looks at what is left. */
export async function runOnce(way: WayName, scenario: Scenario, options: RunOptions): Promise<RunResult> {
  const began = performance.now();
  await using place = await makePlace(`campaign-${scenario.index}-${way}`);
  await using server = await startStateHost({
    folder: place.served,
    seed: `${scenario.seed}/${scenario.index}`,
    slowestWriteMs,
  });
  const canary = `canary-${randomUUID()}`;
  await plantCastle(scenario, place, server.address, canary);
  const step = await stepOf(way, scenario, place, options.phoenix);
  const env = environmentOf(way, place, options.tools);
  const { runner: dir, repository: workspace, closed: signal } = place;
  const begin = () => startJob(step, { dir, workspace, env, signal });

  const job = await begin();
  const [struck, first] = await Promise.all([
    strike(scenario, job, momentOf(scenario, way), place.mark, server),
    bounded(job, place),
  ]);
  const between = await statesOf(scenario, place);
  const second = await begin();
  const next = await bounded(second, place);
  const broken = await brokenInvariants({ way, scenario, place, canary, first, next, between });
  if (options.keep !== undefined && broken.size > 0)
    await keepLogs(options.keep, way, scenario, step, first, next);
  return { way, scenario, struck, broken, seconds: (performance.now() - began) / 1000 };
}

/** A job that hangs is ended with all that it started; its exit code then tells. */
async function bounded(job: Awaited<ReturnType<typeof startJob>>, { mark }: Place): Promise<JobRecord> {
  if (!(await within(job.ended, jobMs))) {
    job.lose();
    await endAll(mark);
  }
  return job.ended;
}

async function statesOf(scenario: Scenario, place: Place): Promise<ReadonlyMap<string, StateSeen>> {
  const seen = new Map<string, StateSeen>();
  for (const { name } of scenario.layers) {
    const state = await readStateFile(backendFolder(scenario, place), name);
    if (state !== undefined) seen.set(name, state);
  }
  return seen;
}

async function keepLogs(
  folder: string,
  way: WayName,
  { index }: Scenario,
  step: JobStep,
  first: JobRecord,
  next: JobRecord,
): Promise<void> {
  const show = ({ log, ...rest }: JobRecord) =>
    `${JSON.stringify({ ...rest, rawLog: undefined, outputs: Object.fromEntries(rest.outputs) }, null, 1)}\n${log}`;
  const text = [JSON.stringify(step), '== struck', show(first), '== next', show(next)].join('\n');
  await writeFile(join(folder, `${index}-${way}.log`), text);
}
