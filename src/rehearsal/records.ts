import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { identify, isAlive, type ProcessIdentity } from '../process-identity.ts';
import { cgroupOf, removeCgroup } from './real/cgroups.ts';

const identity = z.object({ pid: z.number(), startTime: z.string(), bootId: z.string() });

const boxRecord = z.object({
  id: z.string(),
  /** The RAM directory; holds a file `markerFile` with the box's id, so that nothing else is ever removed. */
  dir: z.string(),
  host: identity,
  processes: z.array(identity.extend({ name: z.string() })),
});

/** What the disk knows of a box: who hosts it, what it started, where its RAM directory is. Holds no secret. */
export type BoxRecord = z.infer<typeof boxRecord>;

const markerFile = '.phoenix-box';
const endWithinMs = 3_000;

const recordsDir = (stateDir: string) => join(stateDir, 'boxes');
const recordFile = (stateDir: string, id: string) => join(recordsDir(stateDir), `${id}.json`);

/** Marks `dir` (an existing directory) as the RAM directory of box `id`. */
export async function markBoxDirectory(dir: string, id: string): Promise<void> {
  await writeFile(join(dir, markerFile), id, { mode: 0o600 });
}

/** Writes the record whole or not at all: a host killed in the middle leaves the former one. */
export async function writeRecord(stateDir: string, record: BoxRecord): Promise<void> {
  await mkdir(recordsDir(stateDir), { recursive: true, mode: 0o700 });
  const file = recordFile(stateDir, record.id);
  await writeFile(`${file}.new`, JSON.stringify(record, null, 2), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

export async function removeRecord(stateDir: string, id: string): Promise<void> {
  await rm(recordFile(stateDir, id), { force: true });
}

/** Removes the RAM directory of box `id`, and only that: a directory of ours that says it belongs to this box. */
export async function removeBoxDirectory(dir: string, id: string): Promise<void> {
  const stat = await lstat(dir).catch(() => undefined);
  if (stat === undefined || !stat.isDirectory() || stat.uid !== process.getuid?.()) return;
  const marker = await readFile(join(dir, markerFile), 'utf8').catch(() => undefined);
  if (marker === id) await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

export interface Swept {
  /** Names of the processes that were still there and were ended. */
  readonly processes: readonly string[];
  readonly boxes: number;
}

/**
 * Ends what boxes left whose host was killed: exactly the recorded processes (pid, start time and boot all match)
 * with their groups, then a node's cgroup and their RAM directories. A box whose host lives is another run's and is not touched.
 */
export async function sweepBoxes(stateDir: string): Promise<Swept> {
  const files = await readdir(recordsDir(stateDir)).catch(() => [] as string[]);
  const ended: string[] = [];
  let boxes = 0;
  for (const file of files.filter((name) => name.endsWith('.json'))) {
    const record = await readRecord(join(recordsDir(stateDir), file));
    if (record === undefined || (await isAlive(record.host))) continue;
    for (const known of record.processes) {
      if (await endLeftover(known)) ended.push(known.name);
    }
    await removeCgroup(cgroupOf(record.id));
    await removeBoxDirectory(record.dir, record.id);
    await removeRecord(stateDir, record.id);
    boxes += 1;
  }
  return { processes: ended, boxes };
}

async function readRecord(file: string): Promise<BoxRecord | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  try {
    return boxRecord.parse(JSON.parse(text));
  } catch {
    // Not written by this version of Phoenix: it names no process that could be ended safely.
    return undefined;
  }
}

/** Whether `known` still ran. Nobody reads what it would save on a polite end: its data goes with it. */
async function endLeftover(known: ProcessIdentity): Promise<boolean> {
  if (!(await isAlive(known))) return false;
  signalGroup(known.pid, 'SIGKILL');
  const deadline = Date.now() + endWithinMs;
  while ((await identify(known.pid)) !== undefined && Date.now() < deadline) await sleep(20);
  return true;
}

/** Sends a signal to a process group; a group that is gone is as good as one that obeyed. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
