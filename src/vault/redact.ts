import { bigSecretLength } from './big.ts';
import { encodingsOf, leastSecretLength } from './encodings.ts';
import { maskRanges } from './mask.ts';
import { createNeedles } from './needles.ts';
import { isStructure, linesOf } from './parts.ts';
import { createTextStream, type TextStream } from './redact-stream.ts';

/** Knows every secret of the run and takes them out of what people and files are shown. */
export interface Redactor {
  add(name: string, secret: string): void;
  /** A secret without a name of its own (yet): `kind` and a number stand for it until `add` gives it one. */
  addUnnamed(kind: string, secret: string): void;
  redact(text: string): string;
  /** What may be shown of a text that went on behind its end: a secret that began there is not known by its half. */
  redactCut(text: string): string;
  /** For text that arrives in pieces cut anywhere: what comes out together is what `redact` makes of the whole. */
  stream(): TextStream;
  /** Told every secret known so far and every one to come, with its name, until what it returns is called. */
  follow(listener: (name: string, secret: string) => void): () => void;
  /** Every secret known so far, by name: what the leak audit searches for. */
  readonly secrets: ReadonlyMap<string, string>;
}

/**
 * A redactor of whole texts and lines. Secrets of several lines are also known line by line, since output arrives so;
 * lines that are shorter than 6 characters or only structure (`{`, `-----BEGIN …`) are left readable.
 *
 * `onAdd` is told each single line that others (the runner) may mask too, and never a brace: the runner masks every line
 * of what it is given, and then drops each output of the job that has one of them. A secret that is too short, or too
 * much like structure, is not masked.
 */
export function createRedactor(onAdd: (part: string) => void = () => {}): Redactor {
  const secrets = new Map<string, string>();
  const unnamed = new Map<string, string>();
  let nameless = 0;
  const needles = createNeedles();
  const followers = new Set<(name: string, secret: string) => void>();
  const learn = (name: string, secret: string) => {
    if (secrets.get(name) === secret) return;
    secrets.set(name, secret);
    for (const follower of followers) follower(name, secret);
    if (secret.length < leastSecretLength || isStructure(secret)) return;
    needles.add(secret);
    for (const part of singleLines(secret)) onAdd(part);
  };
  return {
    secrets,
    add(name, secret) {
      if (secret === '') return;
      // Under two names it would be two leaks, and neither the one that the castle file speaks of.
      secrets.delete(unnamed.get(secret) ?? '');
      unnamed.delete(secret);
      learn(name, secret);
    },
    addUnnamed(kind, secret) {
      if (secret === '' || [...secrets.values()].includes(secret)) return;
      nameless += 1;
      const name = `${kind} ${nameless}`;
      unnamed.set(secret, name);
      learn(name, secret);
    },
    follow(listener) {
      followers.add(listener);
      for (const [name, secret] of secrets) listener(name, secret);
      return () => void followers.delete(listener);
    },
    redact: (text) => {
      const ranges = needles.rangesIn(text);
      return ranges.length === 0 ? text : maskRanges(text, ranges).text;
    },
    redactCut(text) {
      const stream = createTextStream(needles);
      return stream.push(text) + stream.cut();
    },
    stream: () => createTextStream(needles),
  };
}

/** Of a secret of several lines: its lines, and its whole in the forms of one line, as the runner would make them. */
function singleLines(secret: string): string[] {
  if (!/[\r\n]/.test(secret)) return [secret];
  if (secret.length > bigSecretLength) return linesOf(secret);
  const forms = [...encodingsOf(secret)].filter(([name]) => /^(?:json|base64\+\d)$/.test(name));
  return [...linesOf(secret), ...forms.map(([, form]) => form)];
}
