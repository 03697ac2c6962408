import { encodingsOf } from '../../../src/vault/encodings.ts';

/** A job's log as the runner keeps it: line by line, what is masked by then masked, nothing masked afterwards. */
export interface JobLog {
  /** Takes a chunk of a stream; lines are put together per stream. */
  take(stream: string, chunk: string): void;
  /** A line of the runner's own. */
  say(text: string): void;
  /** Masks a value from here on. */
  mask(value: string): void;
  /** The log that people see, and every store behind it. */
  masked(): string;
  /** What the steps really wrote. Holds what `::add-mask::` was told, so it is for tests alone. */
  raw(): string;
  /** Told after each line. */
  onLine(listener: () => void): () => void;
}

/** The forms for which the runner makes a mask by itself; hex, base64url and others it does not know. */
const runnerKnows = /^(raw|base64\+\d|json|percent)$/;

export function createJobLog(): JobLog {
  const lines: string[] = [];
  const raw: string[] = [];
  const masks = new Set<string>();
  const partial = new Map<string, string>();
  const listeners = new Set<() => void>();
  const mask = (value: string) => {
    // The whole value and each of its lines; there is no least length, so a masked `{` hides every brace.
    for (const part of [value, ...value.split(/\r?\n/).map((line) => line.trim())]) {
      if (part === '') continue;
      for (const [form, text] of encodingsOf(part)) if (runnerKnows.test(form)) masks.add(text);
    }
  };
  const hide = (line: string) => {
    let shown = line;
    for (const text of [...masks].toSorted((a, b) => b.length - a.length))
      shown = shown.replaceAll(text, '***');
    return shown;
  };
  const add = (line: string) => {
    raw.push(line);
    const asked = /^::add-mask::(.*)$/.exec(line)?.[1];
    if (asked !== undefined) mask(unescapeData(asked));
    else lines.push(hide(line));
    for (const listener of listeners) listener();
  };
  return {
    mask,
    say: add,
    take(stream, chunk) {
      const all = `${partial.get(stream) ?? ''}${chunk}`.split('\n');
      partial.set(stream, all.pop() ?? '');
      for (const line of all) add(line.replace(/\r$/, ''));
    },
    masked: () => [...lines, ...[...partial.values()].filter((rest) => rest !== '').map(hide)].join('\n'),
    raw: () => [...raw, ...[...partial.values()].filter((rest) => rest !== '')].join('\n'),
    onLine(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The escapes of a workflow command's text. */
function unescapeData(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
}
