import { isSecretValue, secretName } from './secret-words.ts';

/** What a Secret's `data` means: its base64 decoded, where that gives text; else the value, as a generator has it. */
export function textOfData(value: string): string {
  const packed = value.replace(/\s/g, '');
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) return value;
  const text = Buffer.from(packed, 'base64').toString('utf8');
  // Control characters or no UTF-8: it was no base64, or it is binary, which says no more than the value does.
  const odd = [...text].some((letter) => letter === '\uFFFD' || (letter < ' ' && !'\t\n\r'.includes(letter)));
  return odd ? value : text;
}

const setting =
  /^[ \t"'-]*(?:(?:export|set)[ \t]+)?["']?([A-Za-z][\w.-]*)["']?[ \t]*(?::=|:|=)[ \t]*(?:"([^"]*)"|'([^']*)'|([^\s"'#,;][^\s#,;]*))[ \t]*[,;]?[ \t]*(?:#.*)?$/;

/** Longer than any setting that a person wrote. */
const longest = 2000;

/** The first line of a file of settings that has a secret, as `a password (db.password)`; undefined where none has. */
export function secretLine(text: string): string | undefined {
  for (const line of text.split(/\r?\n/)) {
    if (line.length > longest || !/[:=]/.test(line)) continue;
    const [, name = '', double, single, bare] = setting.exec(line) ?? [];
    const kind = secretName(name);
    const value = double ?? single ?? bare ?? '';
    if (kind !== undefined && isSecretValue(value, kind) && !isCode(value)) return `a ${kind} (${name})`;
  }
  return undefined;
}

/** `config.get("x")`, `$1`, `user.password`: an expression, not a value. */
function isCode(value: string): boolean {
  return (
    value.startsWith('$') ||
    /^[A-Za-z_][\w.]*\(/.test(value) ||
    /^(?:process|os|config|env|self|this)\./.test(value)
  );
}
