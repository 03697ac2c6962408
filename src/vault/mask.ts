export const mask = '***';

export type Range = readonly [from: number, to: number];

export interface Masked {
  readonly text: string;
  /** The last range went to the end of the text or beyond: what follows there still belongs to the same mask. */
  readonly open: boolean;
}

/**
 * The text up to `until` with one mask for each run of ranges that touch or overlap. `open`: the text goes on where a
 * mask ended, so a range at its very start adds none.
 */
export function maskRanges(
  text: string,
  ranges: readonly Range[],
  until = text.length,
  open = false,
): Masked {
  let clean = '';
  let end = 0;
  let masked = open;
  for (const [from, to] of ranges) {
    if (from >= until) break;
    if (from > end || !masked) clean += `${text.slice(end, from)}${mask}`;
    masked = true;
    end = Math.max(end, to);
  }
  return { text: clean + text.slice(end, until), open: masked && end >= until };
}
