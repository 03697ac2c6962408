import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** What the state server does, a line each, as it does it. */
export interface Trace {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly what: 'locked' | 'unlocked' | 'writing' | 'write lost' | 'written' | 'reading' | 'read';
  readonly name: string;
  /** The lock's. */
  readonly id?: string;
  /** The state's. */
  readonly serial?: number;
  readonly lineage?: string;
}

export const stateFile = (folder: string, name: string) => join(folder, `${name}.tfstate`);
export const lockFile = (folder: string, name: string) => join(folder, `${name}.lock`);
/** Epoch milliseconds until which every write under way is held, as text; the server looks at it as it writes. */
export const drainFile = (folder: string) => join(folder, 'drain-until');
export const traceFile = (folder: string) => join(folder, 'trace.jsonl');

/** The server's trace so far. */
export async function readTrace(folder: string): Promise<Trace[]> {
  const text = await readFile(traceFile(folder), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Trace);
}

const stateText = z.object({
  serial: z.number(),
  lineage: z.string(),
  resources: z.array(
    z.object({
      mode: z.string(),
      instances: z.array(
        z.object({ index_key: z.union([z.string(), z.number()]).optional(), status: z.string().optional() }),
      ),
    }),
  ),
});

export interface StateSeen {
  readonly serial: number;
  readonly lineage: string;
  /** The keys of its managed instances: the objects' names. */
  readonly objects: ReadonlySet<string>;
}

/** A layer's state as it lies in the backend's folder, of either kind; undefined where there is none. */
export async function readStateFile(folder: string, name: string): Promise<StateSeen | undefined> {
  const text = await readFile(stateFile(folder, name), 'utf8').catch(() => '');
  if (text === '') return undefined;
  const { serial, lineage, resources } = stateText.parse(JSON.parse(text));
  const instances = resources.filter(({ mode }) => mode === 'managed').flatMap((each) => each.instances);
  return { serial, lineage, objects: new Set(instances.map(({ index_key: key }) => String(key))) };
}

/** The locks that are held in the backend's folder: state → the lock's id. */
export async function locksIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const locks = new Map<string, string>();
  for (const file of await readdir(folder)) {
    const name = /^(.+)\.lock$/.exec(file)?.[1] ?? /^\.(.+)\.tfstate\.lock\.info$/.exec(file)?.[1];
    if (name === undefined) continue;
    const text = await readFile(join(folder, file), 'utf8').catch(() => '');
    locks.set(name, /"ID":\s*"([^"]+)"/.exec(text)?.[1] ?? '');
  }
  return locks;
}
