import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { type Answer, askEngine, defaultDeadlineSeconds, type EngineContext } from './ask-engine.ts';
import { findLock, type LockInfo } from './lock-info.ts';

/** Where the lock is kept, as far as that decides what may be believed and done; by what the engine says of it. */
export type LockBackend = 'local' | 'http' | 's3' | 'pg' | 'kubernetes' | 'other';

export type Probe =
  | { readonly state: 'free' }
  | {
      readonly state: 'held';
      /** Undefined where the backend does not tell whose it is, or what it tells is not to be believed. */
      readonly lock: LockInfo | undefined;
      readonly backend: LockBackend;
      /** The engine's folder, and whether it was asked there by itself or through Terragrunt. */
      readonly dir: string | undefined;
      readonly direct: boolean;
    }
  | {
      readonly state: 'unknown';
      readonly why: string;
      /** Where the question itself may have left a lock: between which times (epoch milliseconds). */
      readonly mayHaveLeft?: { readonly from: number; readonly to: number };
    };

/** What `state rm` writes as the operation of its lock. */
export const probeOperation = 'state-rm';

/** No resource: the type does not exist, and nobody would give it this name. */
const nowhere = 'phoenix_nowhere.asked_for_the_lock_only';

/**
 * Whether the state of a layer is locked, and by whom. It is asked by `state rm -dry-run` of an address that does not
 * exist: that takes the lock, reads the state, writes nothing and gives the lock back (OpenTofu 1.12.6,
 * internal/command/state_rm.go). Throws only the abort's reason.
 */
export async function probeLock(given: EngineContext, lockTimeoutSeconds = 0): Promise<Probe> {
  const deadlineSeconds = (given.deadlineSeconds ?? defaultDeadlineSeconds) + lockTimeoutSeconds;
  const context = { ...given, deadlineSeconds };
  const args = [
    ...['state', 'rm', '-dry-run', '-no-color', `-lock-timeout=${lockTimeoutSeconds}s`],
    ...varFileArguments(context),
    nowhere,
  ];
  const { engineDir } = context;
  if (engineDir !== undefined && (await stat(engineDir).catch(() => undefined)) !== undefined) {
    const direct = read(await askEngine(context, engineDir, args), engineDir, true);
    // What Terragrunt adds (credentials, variables) may be all that was missing; a question that hung would hang again.
    if (direct.state !== 'unknown' || direct.mayHaveLeft !== undefined) return direct;
  }
  const answer = await askEngine(context, undefined, args);
  return read(answer, folderIn(answer.output, context.unit), false);
}

/** Terraform's state commands take no var files. */
export function varFileArguments({ engine, varFiles }: Pick<EngineContext, 'engine' | 'varFiles'>): string[] {
  return basename(engine).startsWith('terraform') ? [] : varFiles.map((file) => `-var-file=${file}`);
}

const lockedBy: readonly (readonly [LockBackend, RegExp])[] = [
  ['http', /HTTP remote state already locked/],
  ['pg', /Workspace is already locked|already locked for workspace creation/],
  ['kubernetes', /state is already locked by another \w+ client/],
  ['local', /Error message: resource temporarily unavailable/i],
];
const s3 = /operation error (?:S3|DynamoDB)|PreconditionFailed|ConditionalCheckFailed/;

function read(answer: Answer, dir: string | undefined, direct: boolean): Probe {
  const { output, code, trouble, killed, from, to } = answer;
  const found = findLock(output);
  // The engine breaks long messages into lines, anywhere between two words.
  const flat = output.replaceAll(/[\s│]+/g, ' ');
  const named = lockedBy.find(([, words]) => words.test(flat))?.[0];
  const backend = named ?? (s3.test(flat) ? 's3' : 'other');
  // PostgreSQL's backend, and a lock server whose answer is none, are reported with the info of whoever *asks*
  // (remote-state/pg/client.go, http/client.go): that says nothing of the holder.
  const echo = backend === 'pg' || (found !== undefined && isOurs(found, answer));
  if (named !== undefined || (found !== undefined && !echo)) {
    return { state: 'held', lock: echo ? undefined : found, backend, dir, direct };
  }
  if (trouble !== undefined) {
    return { state: 'unknown', why: trouble, ...(killed ? { mayHaveLeft: { from, to } } : {}) };
  }
  if (/Error releasing the state lock/.test(flat)) {
    return { state: 'unknown', why: 'the lock was free, but was not given back', mayHaveLeft: { from, to } };
  }
  // A layer that was never applied has no state; what was asked for is never in one.
  const answered = code === 0 || /No state file was found|No matching objects found/.test(flat);
  if (answered && !/Error acquiring the state lock/.test(flat)) return { state: 'free' };
  return { state: 'unknown', why: firstError(output) ?? `the engine ended with ${code} and no word` };
}

/** Where Terragrunt says that the engine failed, as it does where the state is locked. */
function folderIn(output: string, unit: string): string | undefined {
  const dir = /Failed to execute ".*" in (.+)$/m.exec(output)?.[1];
  return dir === undefined ? undefined : resolve(unit, dir.trim());
}

/** Whether a lock is the one that the question itself wanted to take. */
function isOurs({ operation, created }: LockInfo, { from, to }: Answer): boolean {
  return (operation === probeOperation || operation === 'init') && from <= created && created <= to;
}

/** The first error that an output tells, on one line. */
export function firstError(output: string): string | undefined {
  const text = /(?:^|[\s│])Error: ([\s\S]*)/.exec(output)?.[1] ?? /\bERROR\s+([\s\S]*)/.exec(output)?.[1];
  const flat = text?.replaceAll(/[│╷╵]/g, ' ').replaceAll(/\s+/g, ' ').trim();
  return flat === undefined || flat === '' ? undefined : flat.length > 300 ? `${flat.slice(0, 300)} …` : flat;
}
