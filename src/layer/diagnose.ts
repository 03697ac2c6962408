import type { Diagnostic } from './events.ts';
import type { Operation } from './job.ts';
import type { Observation } from './observe.ts';
import type { Scene, Signature } from './signatures/signature.ts';
import { signatures } from './signatures/table.ts';
import type { UnitReport } from './terragrunt.ts';
import { condense, flat } from './words.ts';

/** A failure that was recognised. */
export interface Diagnosis {
  readonly signature: Signature;
  /** The error that decided; undefined where only other output has the words. */
  readonly error: Diagnostic | undefined;
  readonly match: RegExpExecArray;
  /** The text that matched, on one line. */
  readonly text: string;
}

/** Where the layer ran, for next moves that can be pasted. */
export interface Place {
  readonly layer: string;
  /** `apply` where left out. */
  readonly operation?: Operation;
  readonly unit: string;
  readonly engineDir: string | undefined;
  /** The engine's file; tofu where it is left out. */
  readonly engine?: string;
}

/**
 * The first error that has a signature decides; where none has, whatever else was printed. What only follows from a
 * failure ("execution halted") has no signature, so it decides nothing.
 */
export function diagnose(errors: readonly Diagnostic[], otherText: string): Diagnosis | undefined {
  // Told last by the engine, and worse than whatever went before it.
  const unsaved = errors.find((error) => recognise(flat(error.summary))?.signature.id === 'state-unsaved');
  for (const error of unsaved === undefined ? errors : [unsaved]) {
    const text = flat(`${placeOf(error)}${error.summary}\n${error.detail}`);
    const found = recognise(text);
    if (found !== undefined) return { ...found, error, text };
  }
  const text = flat(otherText);
  const found = recognise(text);
  return found && { ...found, error: undefined, text };
}

/** A mistake in a unit's own file reads the same as one in a module; its file tells them apart. */
function placeOf({ range }: Diagnostic): string {
  return range?.filename.endsWith('.hcl') ? `${range.filename}: ` : '';
}

/** The first signature whose words are in `text`, which is on one line. */
export function recognise(text: string): Pick<Diagnosis, 'signature' | 'match'> | undefined {
  for (const signature of signatures) {
    for (const pattern of signature.patterns) {
      const match = pattern.exec(text);
      if (match !== null) return { signature, match };
    }
  }
  return undefined;
}

const closingLines = 12;

/** What may be consulted beside the engine's errors: Terragrunt's cause and the very last lines. */
export function otherWords(seen: Observation, report: UnitReport | undefined): string {
  return [...seen.tail.slice(-closingLines), report?.Cause ?? ''].join('\n');
}

/** The cause in words, the tool's own words condensed, and the next move. */
export function explainDiagnosis(
  diagnosis: Diagnosis,
  { layer, operation = 'apply', unit, engineDir, engine = 'tofu' }: Place,
): { readonly cause: string; readonly said: string; readonly next: string } {
  const { signature, match, text, error } = diagnosis;
  const scene: Scene = {
    layer,
    operation,
    unit,
    engineDir: engineDir ?? unit,
    engine: engine.endsWith('terraform') ? 'terraform' : 'tofu',
    address: error?.address ?? 'ADDRESS',
    match,
    text,
  };
  const { cause } = signature;
  return {
    cause: typeof cause === 'string' ? cause : cause(scene),
    said: error === undefined ? around(text, match) : condense(error.detail || error.summary),
    next: signature.next(scene),
  };
}

/** The words that matched with some before and after them, whole words only. */
function around(text: string, { index, 0: words }: RegExpExecArray): string {
  const from = Math.max(0, index - 120);
  const before = from === 0 ? text.slice(0, index) : text.slice(from, index).replace(/^\S*\s/, '… ');
  return condense(`${before}${words}${text.slice(index + words.length, index + words.length + 4000)}`);
}
