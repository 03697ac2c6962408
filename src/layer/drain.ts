import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../log.ts';
import { endMarked } from '../process/end.ts';
import { ownStart } from '../process/tree.ts';
import type { LayerJob } from './job.ts';
import type { Exit, LayerProcess } from './process.ts';
import { marks } from './starter.ts';

const lookAgainMs = 200;
const tellAgainMs = 10_000;
/** A wrapper whose engine is gone, or never came, has nothing to save; it gets this long to say what it has to say. */
const wrapperMs = 10_000;

/** Waits for an interrupted layer to end by itself, within its grace; then ends it. */
export async function drain(running: LayerProcess, job: LayerJob, log: Log): Promise<Exit> {
  const began = performance.now();
  let told = began;
  let engineSeen = began;
  for (;;) {
    const exit = await Promise.race([running.exited, sleep(lookAgainMs, undefined)]);
    if (exit !== undefined) return exit;
    const now = performance.now();
    if (await job.run.engines.interrupt(job.name)) engineSeen = now;
    const seconds = Math.round((now - began) / 1000);
    if (now - began > job.graceSeconds * 1000) {
      log.warn(
        `${job.name}: still running ${seconds} s after the interrupt; it is killed, and its lock may stay.`,
      );
      break;
    }
    if (now - engineSeen > wrapperMs) break;
    if (now - told >= tellAgainMs) {
      told = now;
      log.info(
        `${job.name}: its engine is finishing what it is at, ${seconds} s of up to ${job.graceSeconds} s`,
      );
    }
  }
  running.kill();
  return running.exited;
}

/**
 * After the leader is gone: ends what it left in its group. An engine that outlived its wrapper is asked once to stop
 * and waited for; what is there then, or was never an engine, is killed.
 */
export async function endRest(running: LayerProcess, job: LayerJob, log: Log): Promise<void> {
  const deadline = performance.now() + job.graceSeconds * 1000;
  for (
    let first = true;
    (await job.run.engines.interrupt(job.name)) && performance.now() < deadline;
    first = false
  ) {
    if (first) {
      log.warn(
        `${job.name}: Terragrunt is gone, but its engine still runs; it is asked to stop (up to ${job.graceSeconds} s).`,
      );
    }
    await sleep(lookAgainMs);
  }
  running.kill();
  // Also what left the group: a daemon that a provisioner started holds the layer's output, and nobody's orders.
  const marker = { name: marks.layer, value: `${job.run.id}/${job.name}` };
  const left = await endMarked(marker, { graceMs: 2_000, since: ownStart() });
  const names = left.map(({ name, pid }) => `${name} (${pid})`);
  if (names.length > 0) log.warn(`${job.name}: ended what it had left running: ${names.join(', ')}`);
}
