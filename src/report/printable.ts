const escapeSequence = new RegExp(`${String.fromCodePoint(27)}\\[[0-9;?]*[ -/]*[@-~]`, 'g');

/**
 * Text from outside without what only a screen would obey: escape sequences, control characters and the invisible
 * marks that reorder a line. Line ends stay; tabs become spaces.
 */
export function printable(text: string): string {
  return text
    .replaceAll(escapeSequence, '')
    .replaceAll('\t', ' ')
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/(?!\n)[\p{Cc}\p{Cf}]/gu, '');
}
