import { leastSecretLength } from './encodings.ts';

/**
 * The lines of a secret that may be masked by themselves, since output arrives line by line. Without those that say
 * nothing: a masked brace makes the runner drop every output that has one.
 */
export function linesOf(secret: string): string[] {
  if (!secret.includes('\n')) return [];
  return secret
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= leastSecretLength && !isStructure(line));
}

/** Words, short numbers, and what is made of numbers: addresses, versions. A long number may be a password. */
const empty = /^(?:null|true|false|none|undefined|yes|no|on|off|\d{1,7}|(?=.*[.+-])[\d.+-]+)?$/i;

/** Letters and digits in one long piece: no setting is called so, but a key in hex or base64 may look so. */
const drawn = /^(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9]{20,}$/;

/**
 * Only structure, and nothing to hide: a line without a letter or digit, the frame of a PEM block, a tag, a word such as
 * `false`, or a key of JSON, YAML, HCL or INI with no value, or one too short to be masked.
 */
export function isStructure(text: string): boolean {
  const line = text.trim();
  if (!/[A-Za-z0-9\u0080-\uffff]/.test(line) || empty.test(line)) return true;
  if (/^-----(?:BEGIN|END) [A-Z0-9 ]+-----(?:\\n)?$/.test(line)) return true;
  if (/^<\/?[\w:.-]+>$/.test(line) || /^\[{1,2}[\w .-]+\]{1,2}$/.test(line)) return true;
  const [, , key = '', value] =
    /^[-\s{[]*(["']?)([\w.-]+)\1\s*[:=]\s*([[{|>]?[-+]?|.*?)[,;]?$/.exec(line) ?? [];
  // A key in base64 may well be letters, digits and the `=` that fills it up.
  if (value === undefined || drawn.test(key)) return false;
  const bare = value.replace(/^(["'])(.*)\1$/, '$2');
  return (
    empty.test(bare) || (/^\w*$/.test(bare) && bare.length < leastSecretLength) || /^[[{|>][-+]?$/.test(bare)
  );
}

/** A secret shorter than this is only ever looked for whole. */
const leastWhole = 16;

/**
 * The pieces of a secret of which a part is a leak too: tokens and passwords, but not what stands in many files that are
 * no secret. So without PEM blocks (their first line is the same in all keys of a kind, and a certificate is public),
 * without the head and claims of a JWT, and without the words and names around a token.
 */
export function tokensOf(secret: string): string[] {
  if (secret.length < leastWhole) return [];
  const jwt = /^eyJ[\w-]+\.[\w-]+\.([\w-]{16,})$/.exec(secret)?.[1];
  if (jwt !== undefined) return [jwt];
  if (/^[^\s{["':/][^\s{:]*$/.test(secret) && !isPem(secret)) return [secret];
  return (secret.replaceAll(pemBlock, '\n').match(/[A-Za-z0-9+/_=-]{16,}/g) ?? []).filter(
    (token) => !isPem(token) && hasDrawnPart(token),
  );
}

const pemBlock = /-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)/g;

/** `certificate-authority-data` is a word in every kubeconfig, and its base64 stands in many a program. */
function hasDrawnPart(token: string): boolean {
  for (let at = 0; at + 12 <= token.length; at += 4) if (looksRandom(token.slice(at, at + 12))) return true;
  return false;
}

/** The base64 of a PEM block: kubeconfigs are full of certificates in it. */
function isPem(token: string): boolean {
  return token.startsWith('LS0tLS1CRUdJTi');
}

/**
 * Whether a few characters look drawn by lot, by how often lower case, capitals and digits take turns. Words, names and
 * versions do not pass (`external-secrets.io/v1beta1`), nor do all windows of a token; enough of them do.
 */
export function looksRandom(window: string): boolean {
  let [turns, before] = [0, ''];
  for (const char of window) {
    const kind = kindOf(char);
    if (kind !== '' && before !== '' && kind !== before) turns += 1;
    before = kind;
  }
  return turns * 3 >= window.length && new Set(window).size * 2 >= window.length;
}

function kindOf(char: string): string {
  if (char >= '0' && char <= '9') return 'digit';
  if (char >= 'a' && char <= 'z') return 'lower';
  return char >= 'A' && char <= 'Z' ? 'capital' : '';
}
