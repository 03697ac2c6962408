import { goEscapes, hclEscapes, jsonEscapes, shellEscapes, xmlEscapes, yamlEscapes } from './escapes.ts';
import { frameOf } from './pem-frame.ts';

/** Secrets shorter than this are neither masked nor searched: `on` or `8080` would match half the log. */
export const leastSecretLength = 6;

/** Where tools wrap base64: PEM and OpenSSL at 64 columns, MIME and coreutils at 76. */
const wraps = [64, 76] as const;

/**
 * The forms a secret takes on its way into logs and files, by name; none is there twice. Base64 in its three alignments,
 * without the edges, which depend on what stands around it: so padding or none makes no difference.
 */
export function encodingsOf(secret: string): ReadonlyMap<string, string> {
  const bytes = Buffer.from(secret, 'utf8');
  const forms = new Map<string, string>([['raw', secret]]);
  const known = new Set([secret]);
  const put = (name: string, form: string) => {
    if (form.length < leastSecretLength || known.has(form)) return;
    known.add(form);
    forms.set(name, form);
  };
  for (const shift of [0, 1, 2]) {
    const core = alignedBase64(bytes, shift);
    put(`base64+${shift}`, core);
    put(`base64url+${shift}`, urlSafe(core));
  }
  const base64 = bytes.toString('base64');
  const frame = frameOf(secret);
  for (const columns of wraps) {
    if (base64.length <= columns) continue;
    for (const [index, line] of slices(base64, columns).entries()) {
      // What every key of its kind has in that place is nobody's secret, and is found in other people's keys.
      const from = (index * columns * 3) / 4;
      if (from + (columns * 3) / 4 <= frame.head || from >= frame.tail) continue;
      put(`base64/${columns} line ${index + 1}`, line);
      put(`base64url/${columns} line ${index + 1}`, urlSafe(line));
    }
  }
  const hex = bytes.toString('hex');
  put('hex', hex);
  put('HEX', hex.toUpperCase());
  for (const [name, form] of percentForms(secret)) put(name, form);
  const escapes = [jsonEscapes, goEscapes, xmlEscapes, shellEscapes, hclEscapes, yamlEscapes];
  for (const [name, form] of escapes.flatMap((of) => Object.entries(of(secret)))) put(name, form);
  return forms;
}

/** The usual forms of a line of a big secret: as it is, in JSON, and in base64. */
export function lineEncodingsOf(line: string): readonly string[] {
  const bytes = Buffer.from(line, 'utf8');
  const base64 = [0, 1, 2].map((shift) => alignedBase64(bytes, shift));
  return [line, JSON.stringify(line).slice(1, -1), ...base64].filter(
    ({ length }) => length >= leastSecretLength,
  );
}

/** What only files hold: the audit looks for these too, and a log never shows them. */
export function fileFormsOf(secret: string): ReadonlyMap<string, Buffer> {
  const utf16 = Buffer.from(secret, 'utf16le');
  return new Map([
    ['utf-16le', utf16],
    ['utf-16be', Buffer.from(utf16).swap16()],
    ['reversed', Buffer.from([...secret].reverse().join(''))],
  ]);
}

/** The part of the base64 text that does not depend on the bytes around it, for a secret that starts at `shift` mod 3. */
function alignedBase64(bytes: Buffer, shift: number): string {
  const padded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  const head = shift === 0 ? 0 : shift + 1;
  const tail = (bytes.length + shift) % 3 === 0 ? 0 : padded.endsWith('==') ? 3 : 2;
  return padded.slice(head, padded.length - tail);
}

function urlSafe(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function slices(text: string, columns: number): string[] {
  return Array.from({ length: Math.ceil(text.length / columns) }, (_, index) =>
    text.slice(index * columns, (index + 1) * columns),
  );
}

/** As JavaScript, Go and RFC 3986 do it, which differ in what they leave; hex digits are capitals nearly everywhere. */
function percentForms(secret: string): [string, string][] {
  const usual = encodeURIComponent(secret.toWellFormed());
  const strict = usual.replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const go = strict.replaceAll(/%(?:24|26|2B|3A|3D|40)/g, (code) => decodeURIComponent(code));
  const forms = { percent: usual, 'percent strict': strict, 'percent path': go };
  return Object.entries(forms).flatMap(([name, form]): [string, string][] => [
    [name, form],
    [`${name} lower`, form.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())],
    [`${name} plus`, form.replaceAll('%20', '+')],
  ]);
}
