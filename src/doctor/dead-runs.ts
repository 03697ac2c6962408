import { thisMachine } from '../journal/journal.ts';
import { isOver, type RunRecord, readRuns } from '../journal/record.ts';
import { isAlive } from '../process-identity.ts';

/** Runs of the castle that ended without a word and that nobody has cleaned up after, the newest first. */
export async function deadRuns(home: string): Promise<RunRecord[]> {
  const [runs, here] = await Promise.all([readRuns(home), thisMachine()]);
  const dead: RunRecord[] = [];
  for (const record of runs) {
    const { machine, owner } = record.begin;
    // The home may be shared: a process of another machine or container cannot be looked at from here.
    const elsewhere =
      machine.host !== here.host || (machine.bootId === here.bootId && machine.pidSpace !== here.pidSpace);
    if (elsewhere || isOver(record) || (await isAlive(owner))) continue;
    dead.push(record);
  }
  return dead;
}

/** `run 3f2a1b0c of 2026-11-24T11:03:16Z` */
export function shownRun({ begin }: RunRecord): string {
  return `run ${begin.run.slice(0, 8)} of ${new Date(begin.at).toISOString().replace(/\.\d+Z$/, 'Z')}`;
}
