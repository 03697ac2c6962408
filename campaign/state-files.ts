import { readdir, readFile, writeFile } from 'node:fs/promises';
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
/** A file of epoch milliseconds until which every read, or write, under way is held; the server looks at it meanwhile. */
export const holdFile = (folder: string, what: 'reads' | 'writes') => join(folder, `hold-${what}`);
export const traceFile = (folder: string) => join(folder, 'trace.jsonl');

/** Lets the server hold every read, or write, for so long from now. */
export function hold(folder: string, what: 'reads' | 'writes', seconds: number): Promise<void> {
  return writeFile(holdFile(folder, what), String(Date.now() + seconds * 1000));
}

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
