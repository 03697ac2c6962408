import { literal } from './markdown.ts';

/** Where GitHub notifies nobody, links to nothing and obeys no markup. */
export const code = (text: string) => `<code>${literal(text)}</code>`;

const mostListed = 40;

/** `a, b and 3 more`. */
export function listedCodes(names: readonly string[]): string {
  const more = names.length - mostListed;
  return `${names.slice(0, mostListed).map(code).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Of one cell's text. */
export const longestCell = 300;

export function shortCell(text: string): string {
  return text.length > longestCell ? `${text.slice(0, longestCell)}…` : text;
}
