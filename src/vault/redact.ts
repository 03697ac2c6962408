import { encodingsOf, leastSecretLength } from './encodings.ts';

const mask = '***';

/** Knows every secret of the run and takes them out of what people and files are shown. */
export interface Redactor {
  add(name: string, secret: string): void;
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
  const needles = new Set<string>();
  let ordered: string[] = [];
  return {
    secrets,
    add(name, secret) {
      if (secret === '') return;
      secrets.set(name, secret);
      const lines = secret.includes('\n') ? secret.split(/\r?\n/).map((line) => line.trim()) : [];
      for (const part of [secret, ...lines.filter((line) => !isStructure(line))]) {
        if (part.length < leastSecretLength) continue;
        onAdd(part);
        for (const form of encodingsOf(part).values()) needles.add(form);
      }
      ordered = [...needles].sort((a, b) => b.length - a.length);
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
