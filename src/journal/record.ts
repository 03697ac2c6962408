import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../json.ts';
import type { ProcessIdentity } from '../process-identity.ts';
import { type JournalEntry, journalEntry } from './entries.ts';
import { journalFile, runFolders } from './journal.ts';

type Of<Type extends JournalEntry['type']> = Extract<JournalEntry, { type: Type }>;

/** A run as its journal tells it. */
export interface RunRecord {
  readonly dir: string;
  readonly begin: Of<'begin'>;
  readonly vault: string | undefined;
  /** The last phase that began. */
  readonly phase: string | undefined;
  /** By layer, the last attempt. */
  readonly attempts: ReadonlyMap<string, Of<'attempt'>>;
  /** By layer, its last verdict; a layer with an attempt and none was under way when the run died. */
  readonly layers: ReadonlyMap<string, Of<'layer'>>;
  /** Engines that were interrupted already. */
  readonly interrupted: readonly Pick<ProcessIdentity, 'pid' | 'startTime'>[];
  readonly predecessors: readonly Of<'predecessor'>[];
  /** How far it brought the castle on its way through death, in order. */
  readonly passages: readonly Of<'passage'>[];
  readonly cancelled: Of<'cancel'> | undefined;
  readonly ended: Of<'end'> | undefined;
  readonly settled: Of<'settled'> | undefined;
}

/** Reads a run's folder; undefined where it holds no journal of this version. Half a last line (a power cut) is no harm. */
export async function readRun(dir: string): Promise<RunRecord | undefined> {
  const text = await readFile(join(dir, journalFile), 'utf8').catch(() => '');
  const entries = text.split('\n').flatMap((line) => {
    const entry = journalEntry.safeParse(parseJson(line));
    return entry.success ? [entry.data] : [];
  });
  const begin = entries.find((entry) => entry.type === 'begin');
  return begin === undefined ? undefined : recordOf(dir, begin, entries);
}

/** Every run that the castle's home knows, the newest first. */
export async function readRuns(home: string): Promise<RunRecord[]> {
  const records = await Promise.all((await runFolders(home)).map(readRun));
  return records.filter((record) => record !== undefined).sort((a, b) => b.begin.at - a.begin.at);
}

/** Whether nothing of the run is left to do, for it ended in order or somebody settled it. */
export function isOver({ ended, settled }: RunRecord): boolean {
  return ended !== undefined || settled !== undefined;
}

/** The layers that were under way when the run stopped, with their last attempt. */
export function unfinished({ attempts, layers }: RunRecord): Of<'attempt'>[] {
  return [...attempts.values()].filter(({ layer }) => {
    const last = layers.get(layer);
    return last === undefined || last.verdict === 'handed-over';
  });
}

/** Where the run was when it stopped, for people: `while engine was under way`, `in identity`. */
export function whereItDied(record: RunRecord): string {
  const layers = unfinished(record).map(({ layer }) => layer);
  if (layers.length > 0)
    return `while ${layers.join(', ')} ${layers.length === 1 ? 'was' : 'were'} under way`;
  return record.phase === undefined ? 'as it began' : `in ${record.phase}`;
}

function recordOf(dir: string, begin: Of<'begin'>, entries: readonly JournalEntry[]): RunRecord {
  const all = <Type extends JournalEntry['type']>(type: Type) =>
    entries.filter((entry): entry is Of<Type> => entry.type === type);
  const byLayer = <Entry extends { layer: string }>(list: readonly Entry[]) =>
    new Map(list.map((entry) => [entry.layer, entry]));
  const attempts = byLayer(all('attempt'));
  // A rebirth from nothing is at a layer twice: that it was destroyed is not how its rebirth ended.
  const latest = all('layer').filter(({ layer, at }) => at >= (attempts.get(layer)?.at ?? 0));
  return {
    dir,
    begin,
    vault: all('vault').at(-1)?.dir,
    phase: all('phase').at(-1)?.name,
    attempts,
    layers: byLayer(latest),
    interrupted: all('interrupt'),
    predecessors: all('predecessor'),
    passages: all('passage'),
    cancelled: all('cancel')[0],
    ended: all('end').at(-1),
    settled: all('settled').at(-1),
  };
}
