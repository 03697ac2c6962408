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

/** Text as it may stand in a job's log, where nothing of it is a command. Line ends stay. */
export function loggable(text: string): string {
  return defused(printable(text));
}

/** The same on one line. */
export function logLine(text: string): string {
  return defused(printable(text).replaceAll(/\s/g, ' '));
}

/** The runner obeys `##[` wherever it stands, and `::` where a line begins with it, blanks before it or not. */
function defused(text: string): string {
  return text.replaceAll('##[', '## [').replaceAll(/^([^\S\n\u2028\u2029]*)::/gm, '$1: :');
}
