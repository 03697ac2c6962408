import { writeFile } from 'node:fs/promises';
import type { Journal } from '../journal/journal.ts';
import { type LayerProcessRecord, readProcesses, stillAlive } from '../journal/processes.ts';
import { signalQuietly } from '../signal.ts';
import { type AttemptMarks, stopFileOf } from './starter.ts';

/** The engines of a run's layers, as they wrote themselves down: the same for the run itself and for who comes after. */
export interface Engines {
  /** Those of a layer (of all layers, where none is named) that live now. */
  alive(layer?: string): Promise<LayerProcessRecord[]>;
  /**
   * Asks each live engine of the layer, once in its life, to stop at the next safe point; whether there is any. Twice
   * would make it drop its state. Terragrunt is never signalled: it passes a signal on 15 s late and kills after 30 s.
   */
  interrupt(layer: string): Promise<boolean>;
  /** Terragrunts that live now, of all layers: what they have to write once their engine is gone takes a moment. */
  wrappers(): Promise<LayerProcessRecord[]>;
  /** The folder in which the layer's engine last ran `apply`, `destroy` or `plan`; undefined where it never did. */
  applyFolder(layer: string): Promise<string | undefined>;
}

export function enginesOf(
  journal: Pick<Journal, 'dir' | 'write'>,
  alreadyInterrupted: readonly { readonly pid: number; readonly startTime: string }[] = [],
): Engines {
  const interrupted = new Set(alreadyInterrupted.map(key));
  const recorded = async (role: string) =>
    (await readProcesses(journal.dir)).filter((record) => record.role === role);
  const records = async (layer?: string) =>
    (await recorded('engine')).filter((record) => layer === undefined || record.layer === layer);
  return {
    alive: async (layer) => stillAlive(await records(layer)),
    async interrupt(layer) {
      const alive = await stillAlive(await records(layer));
      for (const { pid, startTime } of alive) {
        if (interrupted.has(key({ pid, startTime }))) continue;
        interrupted.add(key({ pid, startTime }));
        journal.write({ type: 'interrupt', layer, pid, startTime });
        signalQuietly(pid, 'SIGINT');
      }
      return alive.length > 0;
    },
    wrappers: async () => stillAlive(await recorded('terragrunt')),
    applyFolder: async (layer) =>
      (await records(layer)).findLast(({ command }) => ['apply', 'destroy', 'plan'].includes(command))?.dir,
  };
}

/** From here on no program of the attempt starts any more; see starter.ts. */
export async function forbidStarts(attempt: Omit<AttemptMarks, 'run'>): Promise<void> {
  await writeFile(stopFileOf(attempt), '', { mode: 0o600 });
}

function key({ pid, startTime }: { readonly pid: number; readonly startTime: string }): string {
  return `${pid}/${startTime}`;
}
