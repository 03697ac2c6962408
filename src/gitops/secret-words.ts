/** Whether a text is a secret, by its form or by the name it bears. Nothing here ever returns the text itself. */

const forms: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\s*[A-Za-z0-9+/=:,\s-]{16,}/, 'a private key'],
  [/\bAGE-SECRET-KEY-1[0-9A-Z]{50,}/i, 'an age key'],
  [/\bgh[pousr]_[A-Za-z0-9]{30,}/, 'a token of GitHub'],
  [/\bgithub_pat_[A-Za-z0-9_]{30,}/, 'a token of GitHub'],
  [/\bglpat-[\w-]{18,}/, 'a token of GitLab'],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/, 'an access key of AWS'],
  [/\bxox[abeoprs]-[A-Za-z0-9-]{10,}/, 'a token of Slack'],
  [/\bhvs\.[\w-]{20,}/, 'a token of Vault'],
  [/\b[sr]k_live_[A-Za-z0-9]{16,}/, 'a key of Stripe'],
  [/\btskey-(?:auth|client|api)-\w{6,}-\w{8,}/, 'a key of Tailscale'],
  [/\beyJ[\w-]{8,1000}\.eyJ[\w-]{8,4000}\.[\w-]{16}/, 'a JWT'],
];

const credentials = /\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@"'<>]{0,200}:([^\s/@"'<>]{1,500})@[^\s"'<>]/gi;

/** What kind of secret a text holds, by its form alone: `a private key`. */
export function secretForm(text: string): string | undefined {
  if (isEncrypted(text)) return undefined;
  const form = forms.find(([pattern]) => pattern.test(text));
  if (form !== undefined) return form[1];
  for (const [, password = ''] of text.matchAll(credentials))
    if (!isPlaceholder(decoded(password))) return 'a URL with a password';
  return undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** SOPS leaves the key readable and the value so. */
export function isEncrypted(text: string): boolean {
  return /^ENC\[[A-Z0-9_]+,data:[^\]]*\]$/.test(text.trim());
}

/** A whole file that SOPS or age encrypted, as a generator puts it into a Secret. */
export function isEncryptedFile(text: string): boolean {
  return /ENC\[[A-Z0-9_]+,data:/.test(text) || text.trim().startsWith('-----BEGIN AGE ENCRYPTED FILE-----');
}

const placeholders =
  /^(?:change[-_ ]?(?:me|it|this)|replace[-_ ]?(?:me|this|with.*)|your[-_ ].*|insert[-_ ].*|set[-_ ]?me|to[-_ ]?do|tbd|fixme|placeholder|example|sample|dummy|none|null|nil|redacted|removed|secret|password|passwd|pass|pwd|token|x{3,}|\*+|\.{3,}|-+|_+)!*$/i;

/** What stands for a value: a variable, a template, a word for one, or nothing. */
export function isPlaceholder(text: string): boolean {
  const value = text.trim();
  // Nobody writes so long a word for nothing; and what searches a text is not to take long over it.
  if (value.length > 2000) return false;
  if (value === '' || placeholders.test(value)) return true;
  // ${VAR}, $__file{/x} of Grafana, $(VAR), $VAR, {{ .value }}, <value>, %(value)s, @value@: all of it, beside punctuation.
  const rest = value.replace(
    /\$\{[^{}]*\}|\$__\w+\{[^{}]*\}|\$\([^()]*\)|\{\{[^{}]*\}\}|<[^<>]*>|%\([^()]*\)s|%[sdv]|\$[A-Za-z_]\w*|@@?[A-Z_]{3,}@@?/g,
    '',
  );
  return rest !== value && !/[A-Za-z0-9]{3,}/.test(rest);
}

const words = (text: string) => new Set(text.split(' '));
/** Before `key`: what makes it one that opens something. */
const opening = words(
  'api access secret private encryption signing auth master account license app client session cookie jwt storage admin root',
);
/** Before `KEY` in capitals: what makes it a name of something else. */
const naming = words(
  'public partition sort primary foreign cache routing object label group host known tls ssl map lookup registry node index row',
);
/** Before `password`, `token` or `secret`: a switch, a count, or the name of a Secret. */
const switching = words(
  'existing name ref pull tls image use enable enabled require required max min num has is allow rotate next with generate random show reset',
);

/** `adminPassword`, `DB_PASSWORD`, `db.password-2` → their words in small letters. */
function wordsOf(name: string): string[] {
  return name
    .slice(-200)
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+|(?<=[A-Za-z])\d+$/)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}

export type Kind = 'password' | 'token';

/** What the name of a field or variable promises: `DB_PASSWORD`, `adminPassword`, `API_KEY`. */
export function secretName(name: string): Kind | undefined {
  const [before = '', last = ''] = ['', ...wordsOf(name)].slice(-2);
  if (switching.has(before)) return undefined;
  if (/^(?:pass|pwd)$|(?:password|passwd|passphrase)$/.test(last)) return 'password';
  if (/(?:token|secret|apikey)$|^credentials?$/.test(last)) return 'token';
  if (last !== 'key') return undefined;
  return opening.has(before) || (/_KEY\d*$/.test(name) && !naming.has(before)) ? 'token' : undefined;
}

/** Whether a text can be the value that such a name promises, and not a reference to it or a switch. */
export function isSecretValue(text: string, kind: Kind): boolean {
  const value = text.trim();
  if (isPlaceholder(value) || isEncrypted(value)) return false;
  if (/^(?:true|false|yes|no|on|off|disabled|enabled|always|never|optional|required|string)$/i.test(value))
    return false;
  // A path, an address without credentials, or a Vault reference.
  if (/^(?:\.{0,2}\/|~\/|file:|vault:|ref\+|op:\/\/)/.test(value) || /^[a-z][a-z0-9+.-]*:\/\//i.test(value))
    return false;
  if (kind === 'password') return value.length >= 3 && !/^\d{1,3}$/.test(value);
  if (value.length < 8 || /\s/.test(value) || /^\d+$/.test(value)) return false;
  return value.length > 200 || !isName(value);
}

/** `my-secret`, `db.creds-v2`, `DB_PASSWORD`, `clientSecret`: what people call things, not what machines draw. */
function isName(value: string): boolean {
  if (/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(value)) return true;
  if (uuid.test(value)) return false;
  const parts = value.split(/[-._/:]/);
  // Of several parts each may be a number or have one in it: `1password-credentials.json`, `rsa-2048`, `k8s-tls`.
  const form = parts.length > 1 ? partOfName : /^[A-Za-z]{0,24}\d{0,3}$/;
  return /[A-Za-z]{2}/.test(value) && parts.every((part) => form.test(part) && !isDrawn(part));
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const partOfName =
  /^(?:[A-Za-z]{0,24}\d{0,3}|\d{1,4}[A-Za-z]{0,24}|[A-Za-z]{1,12}\d{1,2}[A-Za-z]{1,12}|(?:ed|x|curve)25519)$/;

/** Letters of both cases that change often: base64, not words run together. */
function isDrawn(part: string): boolean {
  const changes = part.match(/[a-z][A-Z]|[A-Z]{2,}[a-z]/g)?.length ?? 0;
  return part.length >= 12 && changes > part.length / 4;
}

/** What may stand in the clear: certificates and public keys. */
export function isPublic(text: string): boolean {
  const value = text.trim();
  const blocks = [...value.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label = '']) => label);
  if (blocks.length > 0) return blocks.every((label) => /CERTIFICATE|PUBLIC KEY|PARAMETERS|CRL/.test(label));
  return /^(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-\S+|age1)/.test(value) || /^\S+ (?:ssh-|ecdsa-)/.test(value);
}
