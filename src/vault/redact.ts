import { encodingsOf, leastSecretLength } from './encodings.ts';

const mask = '***';

/** Knows every secret of the run and takes them out of what people and files are shown. */
export interface Redactor {
  add(name: string, secret: string): void;
  /** A secret without a name of its own (yet): `kind` and a number stand for it until `add` gives it one. */
  addUnnamed(kind: string, secret: string): void;
  redact(text: string): string;
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
  let ordered: string[] = [];
  const learn = (secret: string) => {
    const lines = secret.includes('\n') ? secret.split(/\r?\n/).map((line) => line.trim()) : [];
    for (const part of [secret, ...lines.filter((line) => !isStructure(line))]) {
      if (part.length < leastSecretLength) continue;
      onAdd(part);
      for (const form of encodingsOf(part).values()) needles.add(form);
    }
    ordered = [...needles].sort((a, b) => b.length - a.length);
  };
  return {
    secrets,
    add(name, secret) {
      if (secret === '') return;
      // Under two names it would be two leaks, and neither the one that the castle file speaks of.
      secrets.delete(unnamed.get(secret) ?? '');
      unnamed.delete(secret);
      secrets.set(name, secret);
      learn(secret);
    },
    addUnnamed(kind, secret) {
      if (secret === '' || [...secrets.values()].includes(secret)) return;
      nameless += 1;
      const name = `${kind} ${nameless}`;
      unnamed.set(secret, name);
      secrets.set(name, secret);
      learn(secret);
    },
    redact(text) {
      let clean = text;
      for (const needle of ordered) if (clean.includes(needle)) clean = clean.replaceAll(needle, mask);
      return clean;
    },
  };
}

function isStructure(line: string): boolean {
  return /^-----(BEGIN|END) [A-Z0-9 ]+-----$/.test(line) || !/[A-Za-z0-9]/.test(line);
}
