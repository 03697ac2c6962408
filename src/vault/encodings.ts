/** Secrets shorter than this are neither masked nor searched: `on` or `8080` would match half the log. */
export const leastSecretLength = 6;

/**
 * The forms a secret takes on its way into logs and files, by name; none is there twice. Base64 in its three alignments,
 * without the edges.
 */
export function encodingsOf(secret: string): ReadonlyMap<string, string> {
  const bytes = Buffer.from(secret, 'utf8');
  const forms = new Map<string, string>([['raw', secret]]);
  for (const shift of [0, 1, 2]) {
    const core = alignedBase64(bytes, shift);
    if (core.length < leastSecretLength) continue;
    forms.set(`base64+${shift}`, core);
    const url = core.replaceAll('+', '-').replaceAll('/', '_');
    if (url !== core) forms.set(`base64url+${shift}`, url);
  }
  const hex = bytes.toString('hex');
  forms.set('hex', hex);
  if (hex.toUpperCase() !== hex) forms.set('HEX', hex.toUpperCase());
  const escaped = {
    json: JSON.stringify(secret).slice(1, -1),
    percent: encodeURIComponent(secret.toWellFormed()),
  };
  for (const [name, form] of Object.entries(escaped)) if (form !== secret) forms.set(name, form);
  return forms;
}

/** The part of the base64 text that does not depend on the bytes around it, for a secret that starts at `shift` mod 3. */
function alignedBase64(bytes: Buffer, shift: number): string {
  const padded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  const head = shift === 0 ? 0 : shift + 1;
  const tail = (bytes.length + shift) % 3 === 0 ? 0 : padded.endsWith('==') ? 3 : 2;
  return padded.slice(head, padded.length - tail);
}
