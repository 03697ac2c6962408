import { printable } from '../printable.ts';

/** Markup that may stand in the page as it is. Made by `html` alone, so that no text from outside can pass for it. */
export interface Html {
  readonly markup: string;
}

type Part = Html | string | number | undefined | readonly Html[];

/** Markup with its values as literal text: only what `html` itself made keeps its meaning. Undefined leaves no trace. */
export function html(fixed: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { markup: String.raw({ raw: fixed }, ...parts.map(markupOf)) };
}

/** Markup of Phoenix' own that no tag should touch: its style. */
export function trusted(markup: string): Html {
  return { markup };
}

function markupOf(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return escaped(part);
  return 'markup' in part ? part.markup : part.map(({ markup }) => markup).join('');
}

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For element content and quoted attributes; without control characters and the marks that reorder a line. */
function escaped(text: string): string {
  return printable(text)
    .toWellFormed()
    .replaceAll(/[&<>"']/g, (character) => references[character] ?? '');
}

/** At most that many characters of a text, and a sign where some are missing. */
export function cut(text: string, most: number): string {
  const characters = text.length > most ? [...text.slice(0, most * 2 + 2)] : [];
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : text;
}

const longestName = 120;

/** A name from outside: its direction of writing is its own, and does not turn what stands beside it. */
export function name(text: string): Html {
  return html`<bdi>${cut(text, longestName)}</bdi>`;
}

/** The names with commas between, and how many more there are past `most`. */
export function names(texts: readonly string[], most = 30): Html {
  const shown = texts.slice(0, most).map((text, index) => html`${index === 0 ? '' : ', '}${name(text)}`);
  return html`${shown}${texts.length > most ? ` and ${texts.length - most} more` : ''}`;
}
