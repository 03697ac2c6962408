type Escape = (secret: string) => Readonly<Record<string, string>>;

const unit = (char: string) => char.charCodeAt(0).toString(16).padStart(4, '0');
const asciiOnly = (text: string) => text.replaceAll(/[\u007f-\uffff]/g, (char) => `\\u${unit(char)}`);
const htmlSafe = (text: string) => text.replaceAll(/[<>&\u2028\u2029]/g, (char) => `\\u${unit(char)}`);

/**
 * JSON as JavaScript writes it, as Go does (OpenTofu, kubectl and Flux: `<` becomes `\u003c`), and as Python does
 * (everything that is not ASCII). Each once more inside a JSON string: Terragrunt logs the engine's JSON as a field.
 */
export const jsonEscapes: Escape = (secret) => {
  const json = inJson(secret);
  const go = htmlSafe(json);
  const olderGo = go.replaceAll('\\b', '\\u0008').replaceAll('\\f', '\\u000c');
  return {
    json,
    'json html': go,
    'json html older': olderGo,
    'json ascii': asciiOnly(json),
    'json in json': inJson(json),
    'json html in json': inJson(go),
    'json html in json html': htmlSafe(inJson(go)),
  };
};

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Go's `%q` and `%+q`: how its programs quote a value in an error. */
export const goEscapes: Escape = (secret) => {
  const short: Readonly<Record<string, string>> = {
    '\u0007': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v',
    '\\': '\\\\',
    '"': '\\"',
  };
  const quoted = [...secret]
    .map((char) => {
      if (short[char] !== undefined) return short[char];
      const code = char.codePointAt(0) ?? 0;
      return code < 0x20 || code === 0x7f ? `\\x${code.toString(16).padStart(2, '0')}` : char;
    })
    .join('');
  const ascii = [...quoted]
    .map((char) => {
      const code = char.codePointAt(0) ?? 0;
      if (code < 0x80) return char;
      return code > 0xffff
        ? `\\U${code.toString(16).padStart(8, '0')}`
        : `\\u${code.toString(16).padStart(4, '0')}`;
    })
    .join('');
  return { 'go %q': quoted, 'go %+q': ascii };
};

/** Text, attributes, and the numeric forms of Go's `html` and `encoding/xml`. */
export const xmlEscapes: Escape = (secret) => {
  const text = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quotes = (double: string, single: string) => text.replaceAll('"', double).replaceAll("'", single);
  const go = quotes('&#34;', '&#39;');
  return {
    'xml text': text,
    xml: quotes('&quot;', '&apos;'),
    'xml attribute': text.replaceAll('"', '&quot;'),
    'html python': quotes('&quot;', '&#x27;'),
    'html php': quotes('&quot;', '&#039;'),
    html: quotes('&quot;', '&#39;'),
    'html go': go,
    'xml go': go.replaceAll('\t', '&#x9;').replaceAll('\n', '&#xA;').replaceAll('\r', '&#xD;'),
  };
};

/** Inside each kind of quotes, and as `printf %q` and `set -x` print a word. */
export const shellEscapes: Escape = (secret) => {
  const ansi = secret
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return {
    "shell '": secret.replaceAll("'", "'\\''"),
    'shell \'"': secret.replaceAll("'", `'"'"'`),
    'shell "': secret.replaceAll(/["\\$`]/g, '\\$&'),
    'shell "!': secret.replaceAll(/["\\$`!]/g, '\\$&'),
    "shell $'": ansi,
    'shell %q': secret.replaceAll(/[^A-Za-z0-9@%_+=:,./\n\u0080-\uffff-]/g, '\\$&'),
  };
};

/** HCL's quoted strings: a template sign is doubled, where it would begin a template. */
export const hclEscapes: Escape = (secret) => {
  const quoted = secret
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  const signs = (text: string) => text.replaceAll('${', '$${').replaceAll('%{', '%%{');
  return { hcl: signs(quoted), 'hcl heredoc': signs(secret) };
};

/** Single quotes doubled; double quotes as JSON's, but with YAML's own names for control characters. */
export const yamlEscapes: Escape = (secret) => {
  const names: Readonly<Record<string, string>> = {
    '\0': '\\0',
    '\u0007': '\\a',
    '\b': '\\b',
    '\t': '\\t',
    '\n': '\\n',
    '\v': '\\v',
    '\f': '\\f',
    '\r': '\\r',
    '\u001b': '\\e',
    '"': '\\"',
    '\\': '\\\\',
    '\u0085': '\\N',
    '\u00a0': '\\_',
    '\u2028': '\\L',
    '\u2029': '\\P',
  };
  const double = [...secret]
    .map((char) => {
      const code = char.charCodeAt(0);
      return (
        names[char] ?? (code < 0x20 || code === 0x7f ? `\\x${code.toString(16).padStart(2, '0')}` : char)
      );
    })
    .join('');
  return { "yaml '": secret.replaceAll("'", "''"), 'yaml "': double };
};
