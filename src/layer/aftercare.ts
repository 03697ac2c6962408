import { thisMachine } from '../journal/journal.ts';
import { holdersOf } from '../journal/read.ts';
import { type LockOutcome, settleLock } from '../locks/settle.ts';
import type { Log } from '../log.ts';
import { engineContext } from './context.ts';
import type { LayerJob } from './job.ts';
import { type Rescue, rescueState } from './rescue.ts';

/** What became of a layer's state and lock after an end that was not clean. */
export interface Aftercare {
  readonly lock: LockOutcome;
  readonly rescue: Rescue;
}

/**
 * Looks after a layer whose engine died or was stopped: a lock that it left is released where it is proved ours and
 * dead, then a state that it could not save is brought to its backend. In that order, for the push takes the lock.
 */
export async function careForState(
  job: LayerJob,
  engineDir: string | undefined,
  options: { readonly log: Log; readonly signal: AbortSignal; readonly withinSeconds: number },
): Promise<Aftercare> {
  const lock = await releaseOwnLock(job, engineDir, options);
  return { lock, rescue: await rescueState(job, engineDir, options) };
}

async function releaseOwnLock(
  job: LayerJob,
  engineDir: string | undefined,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<LockOutcome> {
  const engine = engineContext(job, engineDir, signal);
  const [holders, here] = await Promise.all([holdersOf(job.run.home), thisMachine()]);
  return settleLock(engine, job.name, holders, here, log);
}

/** What people must know of it, one sentence each; empty where nothing was left. */
export function careWords({ lock, rescue }: Aftercare): string[] {
  const words: string[] = [];
  if (lock.status !== 'free')
    words.push(lock.command === undefined ? lock.words : `${lock.words} ${lock.command}`);
  if (rescue.status === 'pushed')
    words.push('The state that its engine could not save is in its backend now.');
  if (rescue.status === 'kept')
    words.push(
      `Its backend did not take the state (${rescue.why}); it is kept in ${rescue.file}, ${rescue.sealed ? 'encrypted' : 'secrets in the clear'}, and the next run brings it there.`,
    );
  if (rescue.status === 'conflict')
    words.push(
      `The state in ${rescue.file} does not fit the one in its backend (${rescue.why}): compare it with \`terragrunt state pull\`, then push or delete it.`,
    );
  return words;
}
