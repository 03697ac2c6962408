import { setTimeout as sleep } from 'node:timers/promises';
import { signalGroup } from '../records.ts';
import type { Program } from '../supervisor.ts';

const lookEveryMs = 100;

/** Kills a program that is started again when it dies, so many `times`, each time so long after its start. */
export async function killAgain(
  program: Program,
  {
    times,
    afterMs,
    signal,
  }: { readonly times: number; readonly afterMs: number; readonly signal: AbortSignal },
): Promise<void> {
  let over = false;
  void program.ended.then(() => {
    over = true;
  });
  for (let kills = 0; kills < times && !over; kills += 1) {
    await sleep(afterMs, undefined, { signal });
    const { pid } = program;
    signalGroup(pid, 'SIGKILL');
    while (!over && program.pid === pid) await sleep(lookEveryMs, undefined, { signal });
  }
}
