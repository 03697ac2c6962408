import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, type ProcessIdentity, startTimeIn } from '../process-identity.ts';
import { processesFile } from './journal.ts';

/** A process of a layer, as it wrote itself down before it became what it is. */
export interface LayerProcessRecord extends ProcessIdentity {
  readonly layer: string;
  readonly attempt: number;
  /** `terragrunt`, or `engine`: the one that holds the state's lock and alone may be interrupted. */
  readonly role: string;
  /** The folder it runs in. */
  readonly dir: string;
  /** Its first argument: `init`, `apply`, `output` … */
  readonly command: string;
}

/** A line: LAYER, ATTEMPT, ROLE, PID, its /proc/PID/stat, BOOT, FOLDER, FIRST-ARGUMENT, with tabs between. */
export function parseProcesses(text: string): LayerProcessRecord[] {
  return text.split('\n').flatMap((line) => {
    const [layer, attempt, role, pid, stat, bootId, dir, command] = line.split('\t');
    const whole = layer !== undefined && role !== undefined && dir !== undefined && command !== undefined;
    if (!whole || stat === undefined || bootId === undefined) return [];
    if (!/^\d+$/.test(attempt ?? '') || !/^[1-9]\d*$/.test(pid ?? '')) return [];
    const startTime = startTimeIn(stat) ?? '';
    return [{ layer, attempt: Number(attempt), role, pid: Number(pid), startTime, bootId, dir, command }];
  });
}

/** All processes that the run in `runDir` has written down so far. */
export async function readProcesses(runDir: string): Promise<LayerProcessRecord[]> {
  return parseProcesses(await readFile(join(runDir, processesFile), 'utf8').catch(() => ''));
}

/** Those that still live: same pid, same start, same boot. */
export async function stillAlive<Known extends ProcessIdentity>(known: readonly Known[]): Promise<Known[]> {
  const alive = await Promise.all(known.map((each) => isAlive(each)));
  return known.filter((_, index) => alive[index]);
}
