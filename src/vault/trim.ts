/**
 * Takes off the closing newline and one pair of quotes around a single-line value. A value of several lines is kept
 * byte for byte: the original's `tr -d` over everything joined the lines of PEM keys and broke them.
 */
export function trimSecret(text: string): string {
  const line = text.replace(/\r?\n$/, '');
  if (line.includes('\n')) return text;
  const quoted = /^(["'])(.*)\1$/s.exec(line);
  return quoted?.[2] ?? line;
}
