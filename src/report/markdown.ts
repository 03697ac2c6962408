import { printable } from './printable.ts';

/** An underscore inside a word means nothing to GitHub and stays, so that links and names can be copied. */
const special = /[&<>|`*[\]~#$\\{}@!]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;
/** What makes a list, a rule or a heading where a line begins with it. */
const lineStart = /^(?:[-+](?=\s|$)|[-=](?=[-=\s]*$)|\d+[.)](?=\s|$))/;

const reference = (character: string) => `&#${character.codePointAt(0)};`;

/**
 * Text as literal inline markdown on one line. Character references instead of backslashes, since GitHub's tables,
 * raw HTML and expressions (`${{`) each have their own rules for those, and none for references.
 */
export function literal(text: string): string {
  return printable(text)
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(special, reference)
    .replace(lineStart, (mark) => `${mark.slice(0, -1)}${reference(mark.slice(-1))}`);
}

/** Text of several lines as a block that markdown leaves alone: no fence that the text itself could close. */
export function preformatted(text: string): string {
  const escaped = printable(text)
    .trim()
    .replaceAll(/[&<>$]/g, reference);
  return `<pre>${escaped}</pre>`;
}

/** A page that never grows past its limit: what does not fit is counted, not cut in the middle. */
export interface Page {
  /** Adds the block whole, with a blank line after it. False where it did not fit. */
  add(block: string): boolean;
  /** Adds a table row by row, as many as fit. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void;
  /** The page; where something was left out it ends with `notice`, given the number of parts left out. */
  text(notice: (leftOut: number) => string): string;
}

/** Room kept for the notice, in bytes. */
const noticeBytes = 1024;

export function createPage(limitBytes: number): Page {
  const blocks: string[] = [];
  let left = limitBytes - noticeBytes;
  let leftOut = 0;
  const push = (text: string): boolean => {
    const bytes = Buffer.byteLength(text);
    if (bytes > left) {
      leftOut += 1;
      return false;
    }
    left -= bytes;
    blocks.push(text);
    return true;
  };
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return {
    add: (block) => push(`${block}\n\n`),
    table(head, rows) {
      if (rows.length === 0 || !push(`${row(head)}${row(head.map(() => '---'))}`)) return;
      for (const cells of rows) push(row(cells));
      push('\n');
    },
    text: (notice) => `${blocks.join('')}${leftOut === 0 ? '' : `\n\n${notice(leftOut)}\n`}`,
  };
}
