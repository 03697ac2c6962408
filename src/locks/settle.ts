import { join } from 'node:path';
import type { Machine } from '../journal/entries.ts';
import type { Holder } from '../journal/holders.ts';
import type { Log } from '../log.ts';
import { askEngine, type EngineContext } from './ask-engine.ts';
import { judgeLock, toleranceMs } from './judge.ts';
import { livingEngines } from './living.ts';
import type { LockInfo } from './lock-info.ts';
import { firstError, type Probe, probeLock, probeOperation, varFileArguments } from './probe.ts';
import { describeLock, fuserCommand, lookCommand, sessionsCommand, unlockCommand } from './words.ts';

export interface LockOutcome {
  readonly layer: string;
  readonly status: /** Nobody holds it. */
    | 'free'
    /** Its holder was proved dead, and it is free now. */
    | 'released'
    /** A living engine holds it. */
    | 'held'
    /** It may be dead, but that is not proved: for a person to decide. */
    | 'kept'
    /** Whether it is locked could not be found out. */
    | 'unknown';
  /** For people: whose it is, since when, why. */
  readonly words: string;
  /** What a person runs next, where there is such a command. */
  readonly command?: string;
}

/** A question of another's, or our own of a moment ago, is over within that; its lock is then waited for. */
const questionSeconds = 5;
const rounds = 5;

/**
 * Finds out whether a layer's state is locked, and releases the lock if its holder is proved dead, by its ID, so that a
 * lock which came meanwhile stays. `holders` are our engines as the journals know them. Throws only the abort's reason.
 */
export async function settleLock(
  engine: EngineContext,
  layer: string,
  holders: readonly Holder[],
  here: Pick<Machine, 'host' | 'user'>,
  log: Log,
): Promise<LockOutcome> {
  const ours = holders.filter((holder) => holder.layer === layer);
  const settled = (status: LockOutcome['status'], words: string, command?: string): LockOutcome => ({
    layer,
    status,
    words,
    ...(command === undefined ? {} : { command }),
  });
  const about = ours.find((holder) => mayBeTaking(holder, here, Date.now()));
  if (about !== undefined) return settled('held', `${about.how}: it is at work on the state`);

  const questions: Holder[] = [];
  let released: LockInfo | undefined;
  let refusal: string | undefined;
  let wait = 0;
  for (let round = 1; ; round += 1) {
    const probe = await probeLock(engine, wait);
    if (probe.state === 'free') {
      return released === undefined || refusal !== undefined
        ? settled('free', 'not locked')
        : settled('released', `released the lock ${describeLock(released, Date.now())}`);
    }
    if (probe.state === 'unknown') {
      if (probe.mayHaveLeft === undefined || round > 1) {
        const left = probe.mayHaveLeft === undefined ? '' : '; the question itself may have left a lock';
        return settled('unknown', `whether it is locked cannot be told: ${probe.why}${left}`);
      }
      questions.push(questionHolder(layer, here, probe.mayHaveLeft));
      continue;
    }
    const { lock } = probe;
    if (lock === undefined || probe.backend === 'local') return settled(...withoutJudge(probe, engine));
    const known = lock.operation === probeOperation ? [...ours, ...questions] : ours;
    const engines = await livingEngines({ unit: engine.unit, engineDir: probe.dir }, layer);
    const verdict = judgeLock(lock, known, here, Date.now(), engines);
    const words = describeLock(lock, Date.now());
    if (verdict.verdict === 'stale' && usable(lock.id) && refusal === undefined && round < rounds) {
      log.from(layer, `releasing the lock ${words}: ${verdict.proof}`);
      refusal = await release(engine, probe.direct ? probe.dir : undefined, lock.id);
      released = lock;
      continue;
    }
    if (lock.operation === probeOperation && wait === 0) {
      wait = questionSeconds;
      continue;
    }
    if (verdict.verdict === 'held') return settled('held', `locked ${words}: ${verdict.by}`);
    const why =
      verdict.verdict === 'stale'
        ? `it could not be released (${refusal ?? 'it has no ID that could be given'})`
        : verdict.why;
    return settled(
      'kept',
      `locked ${words}; kept, for ${why}`,
      !usable(lock.id) ? undefined : unlockCommand(engine.unit, lock.id),
    );
  }
}

/** An ID comes from the backend: one that looks like an option would be taken for one. */
function usable(id: string): boolean {
  return id !== '' && !id.startsWith('-');
}

/** A living engine of ours that has begun a moment ago: a question now could take the lock from under it. */
function mayBeTaking(holder: Holder, here: Pick<Machine, 'host'>, now: number): boolean {
  return holder.alive && holder.host === here.host && holder.from <= now && now <= holder.to + toleranceMs;
}

/** Locks that no force-unlock is for: they end with their holder. */
function withoutJudge(
  probe: Probe & { readonly state: 'held' },
  engine: EngineContext,
): readonly [LockOutcome['status'], string, string | undefined] {
  const { lock, backend, dir } = probe;
  if (backend === 'pg') {
    return [
      'held',
      'locked by a session of the database, which PostgreSQL does not name; the lock ends with that session',
      sessionsCommand,
    ];
  }
  if (backend === 'local') {
    const file = dir === undefined || lock === undefined ? undefined : join(dir, lock.path);
    const whose = lock === undefined ? '' : ` ${describeLock(lock, Date.now())}`;
    return [
      'held',
      `locked${whose}: a living process holds the state file`,
      file === undefined ? undefined : fuserCommand(file),
    ];
  }
  return ['kept', 'locked, and the backend does not tell by whom', lookCommand(engine.unit)];
}

/** Why the lock was not released; undefined where the engine says it was. */
async function release(
  engine: EngineContext,
  dir: string | undefined,
  id: string,
): Promise<string | undefined> {
  const args = ['force-unlock', '-force', '-no-color', ...varFileArguments(engine), id];
  const { code, output, trouble } = await askEngine(engine, dir, args);
  if (code === 0) return undefined;
  return trouble ?? firstError(output) ?? `force-unlock ended with ${code}`;
}

/** A question that was killed, or could not give its lock back, as the dead holder that it is. */
function questionHolder(
  layer: string,
  { host, user }: Pick<Machine, 'host' | 'user'>,
  { from, to }: { readonly from: number; readonly to: number },
): Holder {
  return {
    run: '',
    layer,
    host,
    user,
    from,
    to,
    alive: false,
    how: 'the question for the lock itself is over',
  };
}
