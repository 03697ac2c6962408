import type { Operation } from '../job.ts';

/** Classes of failure that may pass by themselves, and that a castle file may ask to be tried again. */
export const retryClasses = [
  'proxmox-lock',
  'http-5xx',
  'network',
  'provider-install',
  'rate-limit',
  'stall',
] as const;

export type RetryClass = (typeof retryClasses)[number];

/** What a next move may speak of. */
export interface Scene {
  readonly layer: string;
  /** What was being done to it. */
  readonly operation: Operation;
  /** The unit's folder, for commands that can be pasted. */
  readonly unit: string;
  /** The folder the engine ran in (a copy, in .terragrunt-cache); the unit's where none is known. */
  readonly engineDir: string;
  readonly engine: 'tofu' | 'terraform';
  /** The resource that failed, where the engine named one. */
  readonly address: string;
  /** The words that matched, and the whole text (on one line) they stand in. */
  readonly match: RegExpExecArray;
  readonly text: string;
}

/** A failure that is known by its words: what it means, and what to do. */
export interface Signature {
  /** Unique, for tests and documents. */
  readonly id: string;
  readonly code: string;
  readonly retry?: RetryClass;
  /** Matched, one after the other, against a text whose white space is single spaces. */
  readonly patterns: readonly RegExp[];
  /** What is the matter, in one sentence or two. */
  readonly cause: string | ((scene: Scene) => string);
  /** The next move: exact commands or edits. */
  readonly next: (scene: Scene) => string;
}

/** The end of most next moves. */
export function again({ layer, operation }: Pick<Scene, 'layer' | 'operation'>): string {
  return operation === 'destroy'
    ? 'Then run `destroy` again: it goes on with what still stands.'
    : `Then run again from this layer: --from ${layer}.`;
}

/** `(cd UNIT && COMMAND)`: a command that can be pasted from anywhere. */
export function inUnit({ unit }: Pick<Scene, 'unit'>, command: string): string {
  return `\`(cd ${quoted(unit)} && ${command})\``;
}

export function quoted(text: string): string {
  return /^[\w./@:=+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
