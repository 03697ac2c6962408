import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../json.ts';
import { median } from '../plan/expected.ts';
import type { Report } from '../report/schema.ts';

/** Seconds by name, of what a run did whole: a part that failed or was stopped says nothing of how long it takes. */
const timed = z.object({
  layers: z.record(z.string(), z.number().nonnegative()),
  gates: z.record(z.string(), z.number().nonnegative()),
});

/** Of so many of its last runs a layer's median is taken: one that took long once moves nothing. */
const samples = 5;
/** Legs of a matrix each write a file of their own. */
const keptFiles = 100;

/**
 * Keeps how long each layer and gate took, below the castle's home: a file a run, so that legs on one machine write
 * side by side, in one move, so that none is ever half there. Throws what the file system throws.
 */
export async function keepDurations(home: string, report: Report): Promise<void> {
  const layers = report.layers.filter(({ verdict }) => verdict === 'applied' || verdict === 'unchanged');
  const gates = report.gates.filter(({ verdict }) => verdict === 'passed');
  if (layers.length + gates.length === 0) return;
  const secondsOf = (parts: readonly { readonly name: string; readonly seconds: number }[]) =>
    Object.fromEntries(parts.map(({ name, seconds }) => [name, seconds]));
  const folder = join(home, 'durations');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.${randomUUID()}`);
  const text = JSON.stringify({ layers: secondsOf(layers), gates: secondsOf(gates) });
  await writeFile(temporary, `${text}\n`, { mode: 0o600, flag: 'wx' });
  // Their names sort by time; the same run's report, joined or handed on, is not counted twice.
  const name = `${report.ended}-${report.run}`.replaceAll(/[^0-9A-Za-z-]/g, '');
  await rename(temporary, join(folder, `${name}.json`));
  for (const old of (await namesIn(folder)).slice(keptFiles)) await rm(join(folder, old), { force: true });
}

/** For each node that earlier runs of the castle timed on this machine, its seconds; a gate is called `gate:NAME`. */
export async function readDurations(home: string): Promise<Map<string, number>> {
  const folder = join(home, 'durations');
  const seen = new Map<string, number[]>();
  for (const name of (await namesIn(folder)).slice(0, keptFiles)) {
    const { data } = timed.safeParse(parseJson(await readFile(join(folder, name), 'utf8').catch(() => '')));
    const gates = Object.entries(data?.gates ?? {}).map(
      ([gate, seconds]) => [`gate:${gate}`, seconds] as const,
    );
    for (const [id, seconds] of [...Object.entries(data?.layers ?? {}), ...gates]) {
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
  const folder = join(home, 'durations');
  const names = (await namesIn(folder)).slice(0, keptFiles).reverse();
  const all = await Promise.all(
    names.map(async (name) =>
      timed.safeParse(parseJson(await readFile(join(folder, name), 'utf8').catch(() => ''))),
    ),
  );
  return all.flatMap(({ data }) => (data === undefined ? [] : [{ layers: data.layers }]));
}

/** The newest first. */
async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [] as string[]);
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .reverse();
}
