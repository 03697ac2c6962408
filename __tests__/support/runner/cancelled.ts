import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { brokenInvariants } from '../../../campaign/invariants.ts';
import { makePlace, type Place } from '../../../campaign/place.ts';
import { plantCastle } from '../../../campaign/plant.ts';
import type { Scenario } from '../../../campaign/scenario.ts';
import { locksIn, readStateFile, type StateSeen } from '../../../campaign/state-files.ts';
import { startStateHost } from '../../../campaign/state-host.ts';
import { environmentOf } from '../../../campaign/ways.ts';
import { type Report, reportSchema } from '../../../src/report/schema.ts';
import { entry, postEntry } from '../entry.ts';
import { tool } from '../tools.ts';
import { type Job, type JobRecord, type JobStep, startJob } from './job.ts';

/** How a job is cancelled: a click, a second SIGINT after it, or by force. */
export const hows = ['once', 'twice', 'forced'] as const;
export type How = (typeof hows)[number];

/**
 * Main must be gone this soon after its first signal: it takes half a second on a machine that is not busy, and the runner
 * waits 7.5 s before it sends another.
 */
const leavesWithinMs = 5_000;
/** So short that main is still there. */
const betweenClicksMs = 50;

export async function cancel(job: Job, how: How): Promise<void> {
  if (how === 'forced') return job.force();
  job.cancel();
  if (how === 'once') return;
  await sleep(betweenClicksMs);
  job.cancel();
}

/** Main left in time and by itself, with the code and verdict of a cancelled run; post did its work. */
export function expectLeft(record: JobRecord, report: Report | undefined): void {
  const [first] = record.signals;
  expect(first).toMatchObject({ phase: 'main', signal: 'SIGINT' });
  expect(record.signals.map(({ signal }) => signal)).not.toContain('SIGTERM');
  expect(record.main.code, record.log).toBe(130);
  expect(record.mainGoneMs - (first?.atMs ?? 0)).toBeLessThan(leavesWithinMs);
  expect(report?.verdict).toBe('cancelled');
  expect(record.post?.code, record.log).toBe(0);
}

/** A small castle under the runner, its states behind a server that can be held. */
export interface Site {
  readonly place: Place;
  readonly scenario: Scenario;
  /** The state server's folder. */
  readonly states: string;
}

const scenario: Scenario = {
  seed: 1,
  index: 0,
  layers: [
    { name: 'platform', dependencies: [], objects: { 'platform-1': 2 } },
    { name: 'engine', dependencies: ['platform'], objects: { 'engine-1': 0.3 } },
  ],
  secretLayer: 'platform',
  backend: 'http',
  strike: 'cancel',
  share: 0,
  gapSeconds: 0,
  which: 0,
  drainSeconds: 0,
};

export interface Cancelled {
  readonly site: Site;
  readonly record: JobRecord;
  readonly report: Report | undefined;
}

/**
 * Runs the castle until `reach` says so, cancels, looks (`after`), and runs once more: that one must be reborn, and
 * every invariant of the campaign must hold.
 */
export async function cancelledAt(
  how: How,
  steps: {
    readonly before?: (site: Site) => Promise<void>;
    readonly reach: (site: Site, job: Job) => Promise<unknown>;
    readonly after: (cancelled: Cancelled) => Promise<void>;
    readonly between?: (site: Site) => Promise<void>;
  },
): Promise<void> {
  await using place = await makePlace('cancel');
  await using server = await startStateHost({ folder: place.served, seed: '1', slowestWriteMs: 0 });
  const canary = `canary-${randomUUID()}`;
  await plantCastle(scenario, place, server.address, canary);
  const site = { place, scenario, states: place.served };
  const tools = { tofu: await tool('tofu'), terragrunt: await tool('terragrunt') };
  const step: JobStep = { kind: 'action', entry, post: postEntry(entry), inputs: { command: 'rebirth' } };
  const env = environmentOf('phoenix', place, tools);
  const begin = () => startJob(step, { dir: place.runner, workspace: place.repository, env });

  await steps.before?.(site);
  const job = await begin();
  await beforeItEnds(job, steps.reach(site, job));
  await cancel(job, how);
  const record = await job.ended;
  await steps.after({ site, record, report: await reportOf(place) });
  const between = await statesOf(site);
  await steps.between?.(site);
  const next = await (await begin()).ended;
  const broken = await brokenInvariants({
    way: 'phoenix',
    scenario,
    place,
    canary,
    first: record,
    next,
    between,
  });
  expect({ broken: Object.fromEntries(broken), log: next.log }).toMatchObject({ broken: {} });
  expect(Object.fromEntries(broken)).toEqual({});
}

/** A job that is over never comes to the moment that is waited for: its log tells more than a deadline. */
export async function beforeItEnds(job: Job, moment: Promise<unknown>): Promise<void> {
  const over = job.ended.then(({ log }) => {
    throw new Error(`the job ended before its moment came:\n${log.slice(-3000)}`);
  });
  await Promise.race([moment, over]);
}

export async function reportOf({ repository }: Pick<Place, 'repository'>): Promise<Report | undefined> {
  const text = await readFile(join(repository, 'phoenix-report.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : reportSchema.parse(JSON.parse(text));
}

/** No lock is held, and no object exists that its state does not know. */
export async function expectWhole({ place, scenario: { layers }, states }: Site): Promise<void> {
  expect([...(await locksIn(states))]).toEqual([]);
  const cloud = await readdir(place.cloud);
  const known: string[] = [];
  for (const { name } of layers) known.push(...((await readStateFile(states, name))?.objects ?? []));
  expect(cloud.filter((object) => !known.includes(object))).toEqual([]);
}

async function statesOf({ scenario: { layers }, states }: Site): Promise<Map<string, StateSeen>> {
  const seen = new Map<string, StateSeen>();
  for (const { name } of layers) {
    const state = await readStateFile(states, name);
    if (state !== undefined) seen.set(name, state);
  }
  return seen;
}
