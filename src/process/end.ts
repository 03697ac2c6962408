import { setTimeout as sleep } from 'node:timers/promises';
import { isStill, type ProcessRecord } from './stat.ts';
import { type Marker, processesMarked } from './tree.ts';

export interface Ended {
  readonly pid: number;
  readonly name: string;
  /** It did not go when it was asked to. */
  readonly killed: boolean;
}

const lookAgainMs = 50;
/** A killed process may take a while to go (it writes back memory, or hangs in the kernel and never does). */
const killedWithinMs = 2_000;

/**
 * Ends every process that bears the marker, wherever it went: asks each once (SIGTERM), waits up to `graceMs`, then
 * kills, also what was started meanwhile. The engine is not for this function: it is interrupted and waited for before.
 * What was started before `since` (clock ticks since boot) is left alone. Returns what is gone; what still stands at the end (it hangs in the kernel) is not among it.
 */
export async function endMarked(
  marker: Marker,
  options: { readonly graceMs: number; readonly since?: number },
): Promise<Ended[]> {
  const met = new Map<string, ProcessRecord>();
  const killed = new Set<string>();
  const round = async (signal: NodeJS.Signals) => {
    const all = await processesMarked(marker.name, marker.value, options.since);
    const here = all.filter(({ pid }) => pid !== process.pid);
    for (const found of here) {
      const asked = met.has(key(found));
      met.set(key(found), found);
      if (signal === 'SIGKILL') killed.add(key(found));
      if (signal === 'SIGKILL' || !asked) signalExactly(found, signal);
    }
    return here.length;
  };
  await until(options.graceMs, async () => (await round('SIGTERM')) === 0);
  await until(killedWithinMs, async () => (await round('SIGKILL')) === 0);
  return [...met.values()]
    .filter((found) => !isStill(found))
    .map((found) => ({ pid: found.pid, name: found.name, killed: killed.has(key(found)) }));
}

/**
 * A signal to this very process and to no later one with its pid. Whether it is still the same is looked at in the same
 * turn, so what remains of the race is some microseconds within a pid's whole way round.
 */
export function signalExactly(
  target: Pick<ProcessRecord, 'pid' | 'startTime'>,
  signal: NodeJS.Signals,
): boolean {
  if (!isStill(target)) return false;
  try {
    return process.kill(target.pid, signal);
  } catch {
    // Gone between the look and the signal, or not ours to signal: either way nothing was signalled.
    return false;
  }
}

async function until(milliseconds: number, done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + milliseconds;
  while (!(await done()) && performance.now() < deadline) {
    await sleep(Math.min(lookAgainMs, Math.max(0, deadline - performance.now())));
  }
}

function key({ pid, startTime }: Pick<ProcessRecord, 'pid' | 'startTime'>): string {
  return `${pid}:${startTime}`;
}
