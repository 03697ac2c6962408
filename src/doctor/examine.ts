import { PhoenixError, toPhoenixError } from '../errors.ts';
import { didYouMean } from '../near.ts';
import { type Check, type Finding, failed, failedBy, type Subject } from './check.ts';

/** A check's finding, with why it matters. */
export interface Examined extends Finding {
  readonly id: string;
  readonly why: string;
}

const deadlineMs = 70_000;

/** The checks that are named, by id or by group; all where none is. Throws PHX-DOCTOR-CHECK-UNKNOWN. */
export function chosen(checks: readonly Check[], names: readonly string[]): readonly Check[] {
  const groupOf = (id: string) => id.split('.')[0] ?? id;
  const ids = checks.map(({ id }) => id);
  const known = new Set([...ids, ...ids.map(groupOf)]);
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw new PhoenixError({
      code: 'PHX-DOCTOR-CHECK-UNKNOWN',
      class: 'input',
      what: `There is no check \`${unknown}\`.`,
      why: `The checks are ${ids.join(', ')}.${didYouMean(unknown, known)}`,
      next: 'Name checks, or groups of them (what stands before the dot), separated by commas.',
    });
  }
  return names.length === 0
    ? checks
    : checks.filter(({ id }) => names.includes(id) || names.includes(groupOf(id)));
}

/** Runs the checks side by side; each has a deadline, and none can hide the others. Throws the reason of a cancel. */
export async function examine(
  checks: readonly Check[],
  subject: Omit<Subject, 'signal'>,
  signal: AbortSignal,
  withinMs = deadlineMs,
): Promise<Examined[]> {
  signal.throwIfAborted();
  const each = await Promise.all(checks.map((check) => lookAt(check, subject, signal, withinMs)));
  signal.throwIfAborted();
  return each;
}

async function lookAt(
  check: Check,
  subject: Omit<Subject, 'signal'>,
  cancelled: AbortSignal,
  withinMs: number,
): Promise<Examined> {
  const { id, why } = check;
  const late = new AbortController();
  const signal = AbortSignal.any([cancelled, late.signal]);
  const { promise: ended, resolve: end } = Promise.withResolvers<Finding>();
  const timer = setTimeout(() => late.abort(), withinMs);
  const giveUp = () =>
    end(failed(`no answer within ${withinMs / 1000} s`, 'Run again with --debug; report it if it stays.'));
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const looked = check
      .look({ ...subject, signal })
      .catch((thrown: unknown) => failedBy(toPhoenixError(thrown)));
    const { status, saw, ...more } = await Promise.race([looked, ended]);
    return { id, status, saw, why, ...more };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}
