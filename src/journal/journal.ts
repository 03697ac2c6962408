import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { mkdir, readdir, readlink, rm } from 'node:fs/promises';
import { hostname, uptime } from 'node:os';
import { join } from 'node:path';
import { messageOf, PhoenixError } from '../errors.ts';
import { userName } from '../lease/who.ts';
import { identify } from '../process-identity.ts';
import type { JournalEntry, Machine } from './entries.ts';

export const journalFile = 'journal.jsonl';
/** Beside the journal: the processes that layers start, each written down by itself; see layer/starter.ts. */
export const processesFile = 'processes';

/** Enough for what several workflow runs of many legs leave on one machine. */
const keptRuns = 100;

type Note = JournalEntry extends infer Entry
  ? Entry extends JournalEntry
    ? Omit<Entry, 'at'>
    : never
  : never;

/** The run's diary on disk, append-only and without secrets: what a run that comes after a dead one goes by. */
export interface Journal extends Disposable {
  readonly dir: string;
  /** Written at once, in order. Entries that announce an act are on the disk when this returns. */
  write(note: Note): void;
}

/** Acts that must be known before they happen, also after a power cut. */
const durable = new Set<JournalEntry['type']>(['begin', 'vault', 'attempt', 'interrupt', 'end', 'settled']);

const begins = new Set<JournalEntry['type']>(['begin', 'vault', 'attempt']);

/** Opens the journal of run `id` below the castle's home (0700); one that is there goes on. */
export async function openJournal(home: string, id: string): Promise<Journal> {
  const dir = runFolder(home, id);
  const file = await mkdir(dir, { recursive: true, mode: 0o700 })
    .then(() => openSync(join(dir, journalFile), 'a', 0o600))
    .catch((cause: unknown) => {
      throw unwritten(dir, cause);
    });
  let open = true;
  return {
    dir,
    write(note) {
      if (!open) return;
      try {
        writeSync(file, `${JSON.stringify({ ...note, at: Date.now() })}\n`);
        if (durable.has(note.type)) fdatasyncSync(file);
      } catch (cause) {
        // What begins must be on record. What ends goes on also on a full disk: an engine is asked to stop all the same.
        if (begins.has(note.type)) throw unwritten(dir, cause);
      }
    },
    [Symbol.dispose]() {
      if (open) closeSync(file);
      open = false;
    },
  };
}

export function unwritten(dir: string, cause: unknown): PhoenixError {
  return new PhoenixError({
    code: 'PHX-STATE-HOME',
    class: 'input',
    what: `Phoenix cannot keep what it knows of its runs in ${dir}.`,
    why: `${messageOf(cause)}. Without it nobody could clean up after a run that was killed.`,
    next: 'Make the folder writable for this user and see that its disk has room, or set PHOENIX_STATE to another on a disk.',
    cause,
  });
}

/** A journal that keeps nothing: for what runs outside a run. */
export const noJournal: Journal = { dir: '', write() {}, [Symbol.dispose]() {} };

export function runFolder(home: string, id: string): string {
  return join(home, 'runs', id);
}

/** Who this machine and user are, as OpenTofu writes them into a lock (`user@host`), and its present boot. */
export async function thisMachine(): Promise<Machine> {
  const own = await identify(process.pid);
  return {
    host: hostname(),
    user: userName(),
    bootId: own?.bootId ?? '',
    bootedAt: Math.round(Date.now() - uptime() * 1000),
    pidSpace: await readlink('/proc/self/ns/pid').catch(() => ''),
  };
}

/** Forgets all but the newest of the runs that are over. They are kept that long to prove locks by. */
export async function pruneRuns(over: readonly { dir: string; at: number }[]): Promise<void> {
  for (const { dir } of over.toSorted((a, b) => b.at - a.at).slice(keptRuns)) {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The folders of all runs that the castle's home knows. */
export async function runFolders(home: string): Promise<string[]> {
  const names = await readdir(join(home, 'runs')).catch(() => [] as string[]);
  return names.map((name) => runFolder(home, name));
}
