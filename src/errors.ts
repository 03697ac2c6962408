import { loggable, logLine } from './report/printable.ts';

/**
 * One error type for the whole of Phoenix: a code to search for, what happened, why, and the next move.
 * Exit codes follow the class, so that a caller can tell a bad castle file from a dead cluster.
 */
export const exitCodes = {
  internal: 1,
  input: 2,
  toolchain: 3,
  identity: 4,
  vault: 5,
  plan: 6,
  layer: 7,
  cluster: 8,
  verify: 9,
  report: 10,
  cancelled: 130,
} as const;

export type ErrorClass = keyof typeof exitCodes;

export interface Explanation {
  /** Stable, searchable, upper case: `PHX-<PART>-<CASE>`, e.g. `PHX-CASTLE-UNKNOWN-KEY`. */
  readonly code: string;
  readonly class: ErrorClass;
  readonly what: string;
  readonly why: string;
  /** The next move, as an instruction: an exact command or edit where there is one. */
  readonly next: string;
  readonly cause?: unknown;
  /** Where in a file the error stands; lines and columns count from 1. */
  readonly at?: { readonly file: string; readonly line?: number; readonly column?: number };
  /** The last lines of what failed, oldest first and not yet redacted: nothing may show them before that. */
  readonly tail?: readonly string[];
}

export class PhoenixError extends Error {
  readonly code: string;
  readonly class: ErrorClass;
  readonly what: string;
  readonly why: string;
  readonly next: string;
  readonly at: Explanation['at'];
  readonly tail: readonly string[];

  constructor(explanation: Explanation) {
    super(explanation.what, explanation.cause === undefined ? undefined : { cause: explanation.cause });
    this.name = 'PhoenixError';
    this.code = explanation.code;
    this.class = explanation.class;
    this.what = explanation.what;
    this.why = explanation.why;
    this.next = explanation.next;
    this.at = explanation.at;
    this.tail = explanation.tail ?? [];
  }

  get exitCode(): number {
    return exitCodes[this.class];
  }
}

/** Whatever was thrown (an Error, a string, nothing at all) as a PhoenixError: nothing thrown may pass green. */
export function toPhoenixError(thrown: unknown): PhoenixError {
  if (thrown instanceof PhoenixError) return thrown;
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return toPhoenixError(thrown.errors[0]);
  return new PhoenixError({
    code: 'PHX-INTERNAL',
    class: 'internal',
    what: 'Phoenix met an error that it does not know.',
    why: messageOf(thrown),
    next: 'Run again with --debug to see the stack, and report it with the command that led here.',
    cause: thrown,
  });
}

export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  return typeof thrown === 'string' && thrown !== '' ? thrown : `a value of type ${typeof thrown} was thrown`;
}

/** What happened and, where that stands in a file, at which place: `… (FILE:LINE:COLUMN)`. */
export function whatAndWhere({ what, at }: Pick<PhoenixError, 'what' | 'at'>): string {
  if (at === undefined) return what;
  const place = [at.file, at.line, at.column].filter((part) => part !== undefined).join(':');
  return `${what} (${place})`;
}

/** The error as people read it: what, why and next, then the last lines of what failed; no stack. */
export function explain(error: PhoenixError): string {
  const own = [`${error.code}: ${whatAndWhere(error)}`, `  why:  ${error.why}`, `  next: ${error.next}`];
  return [...own.map(loggable), ...tailLines(error.tail)].join('\n');
}

/** Lines of a program's output, each behind a mark so that none can pass for a line of Phoenix's own. */
export function tailLines(tail: readonly string[]): string[] {
  if (tail.length === 0) return [];
  return ['  last lines:', ...tail.map((line) => `      | ${logLine(line)}`)];
}
