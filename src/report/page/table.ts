import { type Html, html } from './html.ts';

export interface Column {
  readonly title: string;
  readonly numeric?: boolean;
}

/** A table of its own width: it scrolls inside the page, also by keyboard. The first column heads its row. */
export function table(
  label: string,
  columns: readonly Column[],
  rows: readonly (readonly (Html | string)[])[],
): Html {
  const kind = (index: number) => (columns[index]?.numeric === true ? html` class="num"` : undefined);
  const head = columns.map(({ title }, index) => html`<th scope="col"${kind(index)}>${title}</th>`);
  const body = rows.map((cells) => {
    const marked = cells.map((cell, index) =>
      index === 0 ? html`<th scope="row">${cell}</th>` : html`<td${kind(index)}>${cell}</td>`,
    );
    return html`<tr>${marked}</tr>
`;
  });
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}
