/** What one bench found: a title, its table as markdown, and the same as data for `--json`. */
export interface Section {
  readonly title: string;
  readonly text: string;
  readonly data: unknown;
}

export function markdownTable(
  heads: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)].join('\n');
}

const begin = '<!-- bench: begin -->';
const end = '<!-- bench: end -->';

/** The text of a page with the sections between its markers. Throws where the page has none. */
export function withSections(page: string, where: string, sections: readonly Section[]): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no ${begin} … ${end}`);
  const parts = sections.map(({ title, text }) => `### ${title}\n\n${text}\n`);
  return `${page.slice(0, from + begin.length)}\n\n${where}\n\n${parts.join('\n')}\n${page.slice(to)}`;
}
