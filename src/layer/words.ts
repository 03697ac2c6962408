const keptLines = 40;
const longestLine = 400;
const longestWhy = 600;

/**
 * At most `limit` characters of a text, cut only where a word ends: secrets are taken out later, by whole values, and
 * half of one would be shown. A single word past the limit is told by its length instead.
 */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = text.slice(0, limit + 1).search(/\s\S*$/);
  return end > 0 ? `${text.slice(0, end).trimEnd()} …` : `(${text.length} characters without a space)`;
}

/** A text on one line, and short enough for a message. */
export function condense(text: string): string {
  return shorten(flat(text), longestWhy);
}

/** On one line: tools break theirs at some column, wherever that is. */
export function flat(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** `a, b, c and 4 more`. */
export function listed(names: readonly string[], most = 8): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ');
}

/** The last lines that something said, in bounded memory; empty lines do not count. */
export function createTail(): { add(text: string): void; readonly lines: readonly string[] } {
  const lines: string[] = [];
  return {
    lines,
    add(text) {
      const added = text.split(/\r?\n/).filter((line) => line.trim() !== '');
      lines.push(...added.slice(-keptLines).map((line) => shorten(line, longestLine)));
      lines.splice(0, lines.length - keptLines);
    },
  };
}
