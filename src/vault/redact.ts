import { encodingsOf, leastSecretLength } from './encodings.ts';

const mask = '***';

/** Knows every secret of the run and takes them out of what people and files are shown. */
export interface Redactor {
  add(name: string, secret: string): void;
  /** A secret without a name of its own (yet): `kind` and a number stand for it until `add` gives it one. */
  addUnnamed(kind: string, secret: string): void;
  redact(text: string): string;
  /** Told every secret known so far and every one to come, with its name. */
  follow(listener: (name: string, secret: string) => void): void;
  /** Every secret known so far, by name: what the leak audit searches for. */
  readonly secrets: ReadonlyMap<string, string>;
}

/**
 * A redactor of whole lines. Secrets of several lines are also known line by line, since output arrives so; lines that
 * are shorter than 6 characters or only structure (`{`, `-----BEGIN …`) are left readable.
 */
export function createRedactor(onAdd: (secret: string) => void = () => {}): Redactor {
  const secrets = new Map<string, string>();
  const unnamed = new Map<string, string>();
  let nameless = 0;
  const needles = new Set<string>();
  const followers: ((name: string, secret: string) => void)[] = [];
  const tell = (name: string, secret: string) => {
    for (const follower of followers) follower(name, secret);
  };
  const learn = (secret: string) => {
    const lines = secret.includes('\n') ? secret.split(/\r?\n/).map((line) => line.trim()) : [];
    for (const part of [secret, ...lines.filter((line) => !isStructure(line))]) {
      if (part.length < leastSecretLength) continue;
      onAdd(part);
      for (const form of encodingsOf(part).values()) needles.add(form);
    }
  };
  return {
    secrets,
    add(name, secret) {
      if (secret === '') return;
      // Under two names it would be two leaks, and neither the one that the castle file speaks of.
      secrets.delete(unnamed.get(secret) ?? '');
      unnamed.delete(secret);
      if (secrets.get(name) !== secret) tell(name, secret);
      secrets.set(name, secret);
      learn(secret);
    },
    addUnnamed(kind, secret) {
      if (secret === '' || [...secrets.values()].includes(secret)) return;
      nameless += 1;
      const name = `${kind} ${nameless}`;
      unnamed.set(secret, name);
      secrets.set(name, secret);
      tell(name, secret);
      learn(secret);
    },
    follow(listener) {
      followers.push(listener);
      for (const [name, secret] of secrets) listener(name, secret);
    },
    redact: (text) => maskRanges(text, rangesOf(text, needles)),
  };
}

type Range = readonly [from: number, to: number];

/** Where the needles stand. All of them are looked for in the text as it came: two that overlap hide each other's rest. */
function rangesOf(text: string, needles: Iterable<string>): Range[] {
  const ranges: Range[] = [];
  for (const needle of needles) {
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1)) {
      ranges.push([at, at + needle.length]);
    }
  }
  return ranges.sort(([a], [b]) => a - b);
}

/** The text with one mask for each run of ranges that touch or overlap. */
function maskRanges(text: string, ranges: readonly Range[]): string {
  let clean = '';
  let end = 0;
  for (const [from, to] of ranges) {
    if (from > end || clean === '') clean += `${text.slice(end, from)}${mask}`;
    end = Math.max(end, to);
  }
  return clean + text.slice(end);
}

function isStructure(line: string): boolean {
  return /^-----(BEGIN|END) [A-Z0-9 ]+-----$/.test(line) || !/[A-Za-z0-9]/.test(line);
}
