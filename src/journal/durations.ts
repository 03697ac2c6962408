import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Sample, sampleOf, sampleSchema } from '../insight/sample.ts';
import { parseJson } from '../json.ts';
import { median } from '../plan/expected.ts';
import type { Report } from '../report/schema.ts';

/** Of so many of its last runs a layer's median is taken: one that took long once moves nothing. */
const samples = 5;
/** Legs of a matrix each write a file of their own. */
const keptFiles = 100;

/**
 * Keeps how long each layer and gate took, below the castle's home: a file a run, so that legs on one machine write
 * side by side, in one move, so that none is ever half there. Throws what the file system throws.
 */
export async function keepDurations(home: string, report: Report): Promise<void> {
  const sample = sampleOf(report);
  if (sample === undefined) return;
  const folder = join(home, 'durations');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.${randomUUID()}`);
  await writeFile(temporary, `${JSON.stringify(sample)}\n`, { mode: 0o600, flag: 'wx' });
  // Their names sort by time; the same run's report, joined or handed on, is not counted twice.
  const name = `${report.ended}-${report.run}`.replaceAll(/[^0-9A-Za-z-]/g, '');
  await rename(temporary, join(folder, `${name}.json`));
  for (const old of (await namesIn(folder)).slice(keptFiles)) await rm(join(folder, old), { force: true });
}

/** What the earlier runs of the castle on this machine kept, the newest first; what cannot be read is passed over. */
export async function readSamples(home: string): Promise<Sample[]> {
  const folder = join(home, 'durations');
  const names = (await namesIn(folder)).slice(0, keptFiles);
  const read = names.map(async (name) =>
    sampleSchema.safeParse(parseJson(await readFile(join(folder, name), 'utf8').catch(() => ''))),
  );
  return (await Promise.all(read)).flatMap(({ data }) => data ?? []);
}

/** For each node that earlier runs timed (`newest` first), its seconds; a gate is called `gate:NAME`. */
export function timesOf(newest: readonly Sample[]): Map<string, number> {
  const seen = new Map<string, number[]>();
  for (const { layers, gates } of newest) {
    const ofGates = Object.entries(gates).map(([gate, seconds]) => [`gate:${gate}`, seconds] as const);
    for (const [id, seconds] of [...Object.entries(layers), ...ofGates]) {
      const known = seen.get(id) ?? [];
      if (known.length < samples) seen.set(id, [...known, seconds]);
    }
  }
  return new Map([...seen].map(([id, list]) => [id, median(list)]));
}

/** What one run timed; a layer that failed or was stopped is not in it. */
export interface Timed {
  /** Seconds by name. */
  readonly layers: Readonly<Record<string, number>>;
}

/** What the last runs of the castle timed on this machine, oldest first; what cannot be read is passed over. */
export async function readTimed(home: string): Promise<Timed[]> {
  return (await readSamples(home)).map(({ layers }) => ({ layers })).reverse();
}

/** The newest first. */
async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [] as string[]);
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .reverse();
}
