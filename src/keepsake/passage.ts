import type { Log } from '../log.ts';
import type { Passage } from './record.ts';
import type { KeepsakeStore } from './store.ts';

/** After so long nobody remembers what the mark was about, and the castle may have changed under other hands. */
const freshMs = 7 * 24 * 3600 * 1000;

export function isFresh({ at }: Pick<Passage, 'at'>, now: number): boolean {
  return now - at <= freshMs;
}

/** Marks how far the castle has come. Throws PHX-KEEPSAKE-STORE: without the mark a next run would begin anew. */
export async function markPassage(keepsake: KeepsakeStore, passage: Omit<Passage, 'at'>): Promise<void> {
  await keepsake.write((kept) => ({ ...kept, passage: { ...passage, at: Date.now() } }));
}

/** Takes the mark away, if there is one: the castle stands whole. Never throws; what stays is told. */
export async function clearPassage(keepsake: KeepsakeStore, log: Log): Promise<void> {
  try {
    if ((await keepsake.read()).passage === undefined) return;
    await keepsake.write(({ passage: _, ...kept }) => kept);
  } catch (error) {
    log.warn(
      `The mark of a destroy may still stand in ${keepsake.place}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
