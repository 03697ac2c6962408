import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import type { RunRecord } from '../journal/record.ts';
import { unfinished } from '../journal/record.ts';
import { type Engines, forbidStarts } from '../layer/engines.ts';
import type { Log } from '../log.ts';

const lookAgainMs = 200;
const tellAgainMs = 10_000;

/** A Terragrunt whose engine is gone has its report to write; it gets this long. */
const wrapperMs = 10_000;

export interface DrainOptions {
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Epoch milliseconds at which waiting ends, whatever still runs. */
  readonly until: number;
  /**
   * `at-once`: the run was cancelled, so its engines are asked to stop now. `at-timeout`: it only died; they may
   * finish, each until its layer's own timeout.
   */
  readonly interrupt: 'at-once' | 'at-timeout';
}

/**
 * Waits for the engines that a dead run left, asking each once to stop. Gives the layers whose engine still runs when
 * the time is over; nothing is killed.
 */
export async function drainRun(
  record: RunRecord,
  engines: Engines,
  { log, signal, until, interrupt }: DrainOptions,
): Promise<string[]> {
  const open = unfinished(record);
  for (const { layer, number } of open) {
    // On a full disk the engines that run are asked to stop all the same.
    await forbidStarts({ runDir: record.dir, layer, number }).catch((thrown: unknown) =>
      log.warn(`${layer}: its next program could not be held back: ${messageOf(thrown)}`),
    );
  }
  // By a clock that nobody sets.
  const began = performance.now();
  const over = began + (until - Date.now());
  let engineSeen = began;
  let told = began - tellAgainMs;
  for (;;) {
    signal.throwIfAborted();
    const alive = await engines.alive();
    const now = performance.now();
    if (alive.length > 0) engineSeen = now;
    else if (now - engineSeen > wrapperMs || (await engines.wrappers()).length === 0) return [];
    if (now > over) return [...new Set(alive.map(({ layer }) => layer))];
    for (const { layer, at, timeoutSeconds } of open) {
      if (interrupt === 'at-once' || Date.now() > at + timeoutSeconds * 1000) await engines.interrupt(layer);
    }
    if (now - told >= tellAgainMs) {
      told = now;
      const left = Math.round((over - now) / 1000);
      for (const { layer, pid } of alive) {
        log.info(
          `${layer}: its engine (process ${pid}) outlived its run and is finishing, ${Math.round((now - began) / 1000)} s; waited for up to ${left} s more`,
        );
      }
    }
    await sleep(lookAgainMs, undefined, { signal }).catch(() => {});
  }
}
