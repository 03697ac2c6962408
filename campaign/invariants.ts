import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { processesOf } from '../__tests__/support/processes.ts';
import type { JobRecord } from '../__tests__/support/runner/job.ts';
import { auditFiles } from '../src/vault/audit.ts';
import { encodingsOf } from '../src/vault/encodings.ts';
import type { Place } from './place.ts';
import type { Scenario, WayName } from './scenario.ts';
import { locksIn, readStateFile, readTrace, type StateSeen } from './state-files.ts';

export const invariants = {
  INV1: 'no process of the runs is alive',
  INV2: 'no vault is left',
  INV3: "every state's lock is free, or the next run printed the command that frees it",
  INV4: 'every object that exists is in its state; lineage kept, serial never lower; no errored.tfstate',
  INV5: 'the secret is nowhere outside vault and secrets folder',
  INV6: 'the next run succeeded, and the whole castle stands',
} as const;
export type Invariant = keyof typeof invariants;
export const invariantNames = Object.keys(invariants) as Invariant[];

export interface Aftermath {
  readonly way: WayName;
  readonly scenario: Scenario;
  readonly place: Place;
  readonly canary: string;
  readonly first: JobRecord;
  readonly next: JobRecord;
  /** The states as they stood between the two runs. */
  readonly between: ReadonlyMap<string, StateSeen>;
}

/** What is broken after the next run, and how; empty where every invariant held. */
export async function brokenInvariants(after: Aftermath): Promise<ReadonlyMap<Invariant, string>> {
  const checks: Record<Invariant, () => Promise<string[]>> = {
    INV1: () => living(after.place),
    INV2: () => vaults(after.place),
    INV3: () => locks(after),
    INV4: () => states(after),
    INV5: () => leaks(after),
    INV6: () => success(after),
  };
  const broken = new Map<Invariant, string>();
  for (const name of invariantNames) {
    const wrong = await checks[name]();
    if (wrong.length > 0) broken.set(name, wrong.join('; '));
  }
  return broken;
}

/** The backend's folder: what the server keeps, or the local backend. */
export function backendFolder({ backend }: Scenario, { served, states }: Place): string {
  return backend === 'http' ? served : states;
}

/** What INV6 needs of a report; the bundle that is struck may be of another day than this file. */
const verdicts = z.object({
  verdict: z.string(),
  layers: z.array(z.object({ name: z.string(), verdict: z.string() })),
  error: z.object({ code: z.string(), what: z.string(), why: z.string() }).nullish(),
});

/** A killed process may take a moment to go. */
const settleMs = 500;

async function living({ mark }: Place): Promise<string[]> {
  if ((await processesOf(mark)).length > 0) await sleep(settleMs);
  return (await processesOf(mark)).map(({ pid, command }) => `${pid} lives: ${command.slice(0, 100)}`);
}

async function vaults({ vaultRoot }: Place): Promise<string[]> {
  return (await readdir(vaultRoot)).map((name) => `${name} is left`);
}

async function locks({ way, scenario, place, next }: Aftermath): Promise<string[]> {
  const held = [...(await locksIn(backendFolder(scenario, place)))];
  // Phoenix must free them: each holder in this campaign is provably dead.
  const unsaid = held.filter(
    ([, id]) => way === 'phoenix' || !(next.log.includes('force-unlock') && next.log.includes(id)),
  );
  return unsaid.map(([name, id]) => `the state of ${name} is locked (${id})`);
}

async function states({ scenario, place, between }: Aftermath): Promise<string[]> {
  const folder = backendFolder(scenario, place);
  const wrong: string[] = [];
  const cloud = new Set(await readdir(place.cloud));
  for (const { name, objects } of scenario.layers) {
    const state = await readStateFile(folder, name);
    for (const object of Object.keys(objects)) {
      if (cloud.has(object) && state?.objects.has(object) !== true)
        wrong.push(`${object} exists, and the state of ${name} does not know it`);
    }
    const earlier = await versionsOf(folder, name, between.get(name));
    const lineages = new Set([...earlier, ...(state ? [state] : [])].map(({ lineage }) => lineage));
    if (lineages.size > 1) wrong.push(`the state of ${name} has another lineage than before`);
    const highest = Math.max(0, ...earlier.map(({ serial }) => serial));
    if ((state?.serial ?? 0) < highest)
      wrong.push(`the state of ${name} fell from serial ${highest} to ${state?.serial ?? 'none'}`);
  }
  const files = await readdir(place.dir, { recursive: true });
  const errored = files.filter((file) => file.endsWith('errored.tfstate'));
  return [...wrong, ...errored.map((file) => `${file} is left`)];
}

/** Every version of a state that the backend has stored or given out. */
async function versionsOf(folder: string, name: string, seen: StateSeen | undefined) {
  const traced = (await readTrace(folder)).flatMap(({ what, name: of, serial, lineage }) =>
    of === name && (what === 'written' || what === 'read') && serial !== undefined && lineage !== undefined
      ? [{ serial, lineage }]
      : [],
  );
  return seen === undefined ? traced : [...traced, seen];
}

async function leaks({ place, canary, first, next }: Aftermath): Promise<string[]> {
  const { found } = await auditFiles(new Map([['the secret', canary]]), [place.dir, place.served]);
  const logged = [first, next].flatMap(({ log, summary }, index) =>
    [...encodingsOf(canary)]
      .filter(([, form]) => log.includes(form) || summary.includes(form))
      .map(([form]) => `the log of run ${index + 1} has it (${form})`),
  );
  return [...found.map(({ place: file, encoding }) => `${file} has it (${encoding})`), ...logged];
}

async function success({ way, scenario, place, next }: Aftermath): Promise<string[]> {
  const wrong: string[] = [];
  if (next.main.code !== 0) wrong.push(`the next run ended with ${next.main.signal ?? next.main.code}`);
  if (next.post !== undefined && next.post.code !== 0)
    wrong.push(`its post ended with ${next.post.signal ?? next.post.code}`);
  const cloud = new Set(await readdir(place.cloud));
  const missing = scenario.layers
    .flatMap(({ objects }) => Object.keys(objects))
    .filter((each) => !cloud.has(each));
  if (missing.length > 0) wrong.push(`${missing.join(', ')} was never made`);
  if (way !== 'phoenix') return wrong;
  const text = await readFile(join(place.repository, 'phoenix-report.json'), 'utf8').catch(() => '{}');
  const report = verdicts.safeParse(JSON.parse(text)).data;
  if (report?.verdict !== 'reborn') {
    const why = report?.error && `: ${report.error.code} ${report.error.what} ${report.error.why}`;
    wrong.push(`its verdict is ${report?.verdict ?? 'missing'}${why ?? ''}`);
  }
  const undone =
    report?.layers.filter(({ verdict }) => verdict !== 'applied' && verdict !== 'unchanged') ?? [];
  return [...wrong, ...undone.map(({ name, verdict }) => `${name} is ${verdict}`)];
}
