import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Trace } from '../../../campaign/state-files.ts';
import { readTrace } from '../../../campaign/state-files.ts';
import { type JournalEntry, journalEntry } from '../../../src/journal/entries.ts';

const lookMs = 10;

/** Resolves as soon as `look` gives a value; fails where it gives none for `seconds`. */
export async function soon<T>(what: string, look: () => Promise<T | undefined>, seconds = 60): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${seconds} s`);
    await sleep(lookMs);
  }
}

/** Every entry of every journal below a home, in no order. */
export async function journalOf(home: string): Promise<JournalEntry[]> {
  const files = await readdir(home, { recursive: true }).catch(() => []);
  const entries: JournalEntry[] = [];
  for (const file of files.filter((name) => name.endsWith('/journal.jsonl'))) {
    const text = await readFile(join(home, file), 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      const entry = journalEntry.safeParse(parsed(line));
      if (entry.success) entries.push(entry.data);
    }
  }
  return entries;
}

/** The first entry of a journal below `home` that is looked for. */
export function journalTells(
  home: string,
  what: string,
  is: (entry: JournalEntry) => boolean,
): Promise<JournalEntry> {
  return soon(`journal: ${what}`, async () => (await journalOf(home)).find(is));
}

/** The first thing that the state server did after `after`, which it did too. */
export function serverTells(folder: string, what: Trace['what'], after?: Trace['what']): Promise<Trace> {
  return soon(`state server: ${what}`, async () => {
    const trace = await readTrace(folder);
    const from = after === undefined ? 0 : trace.findIndex((entry) => entry.what === after);
    return from < 0 ? undefined : trace.slice(from).find((entry) => entry.what === what);
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
