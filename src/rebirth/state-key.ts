import type { StateSettings } from '../castle/state.ts';
import { PhoenixError } from '../errors.ts';
import type { Vault } from '../vault/vault.ts';

const keyBytes = 32;
const fileName = 'state-key';

/**
 * Puts the key of the states into the vault, as OpenTofu's external key provider is answered (protocol version 1), and
 * returns the variable that makes every engine use it. It holds a path and no secret, so that it may stand in an
 * environment, and it serves each call alike: init, apply, `output` for a dependency, a state that is pushed back.
 */
export async function placeStateKey(
  vault: Vault,
  { key, previousKey, migrate }: NonNullable<StateSettings['encryption']>,
  secretOf: (secret: string) => string,
  onSecret: (name: string, form: string) => void,
): Promise<Readonly<Record<string, string>>> {
  const place = (name: string, file: string) => placeKey(vault, name, secretOf(name), file, onSecret);
  const now = await place(key, fileName);
  const before = previousKey === undefined ? undefined : await place(previousKey, `${fileName}-before`);
  return { TF_ENCRYPTION: encryptionOf(now, before, migrate) };
}

async function placeKey(
  vault: Vault,
  name: string,
  value: string,
  file: string,
  onSecret: (name: string, form: string) => void,
): Promise<string> {
  const bytes = keyOf(name, value);
  const key = bytes.toString('base64');
  // However the source writes it down, the engine may show it in its own way.
  onSecret(`${name} (base64)`, key);
  onSecret(`${name} (hex)`, bytes.toString('hex'));
  const answer = [
    { magic: 'OpenTofu-External-Key-Provider', version: 1 },
    { keys: { encryption_key: key, decryption_key: key }, meta: { external_data: {} } },
  ];
  return vault.write(vault.dir, file, answer.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/**
 * The engine's configuration. `enforced`: a module's own block cannot turn it off. What the first method does not open
 * the next is tried on, and the state is then written with the first, also where nothing in it changed.
 */
function encryptionOf(file: string, before: string | undefined, migrate: boolean): string {
  const older = [
    ...(before === undefined ? [] : ['method.aes_gcm.before']),
    ...(migrate ? ['method.unencrypted.clear'] : []),
  ];
  const fallback = older.reduceRight(
    (inner, method) => `\n  fallback {\n    method = ${method}${inner}\n  }`,
    '',
  );
  return [
    'key_provider "external" "vault" {',
    `  command = ["cat", ${JSON.stringify(file)}]`,
    '}',
    'method "aes_gcm" "vault" {',
    '  keys = key_provider.external.vault',
    '}',
    ...(before === undefined ? [] : previousMethod(before)),
    ...(migrate ? ['method "unencrypted" "clear" {}'] : []),
    'state {',
    '  method   = method.aes_gcm.vault',
    // OpenTofu takes no fallback in the clear beside `enforced`.
    `  enforced = ${!migrate}${fallback}`,
    '}',
    'plan {',
    '  method   = method.aes_gcm.vault',
    '  enforced = true',
    '}',
    'remote_state_data_sources {',
    '  default {',
    `    method = method.aes_gcm.vault${before === undefined ? '' : '\n    fallback {\n      method = method.aes_gcm.before\n    }'}`,
    '  }',
    '}',
  ].join('\n');
}

/** Its name need not be that under which the states were written: a key from outside keeps nothing beside what it encrypts. */
function previousMethod(file: string): string[] {
  return [
    'key_provider "external" "before" {',
    `  command = ["cat", ${JSON.stringify(file)}]`,
    '}',
    'method "aes_gcm" "before" {',
    '  keys = key_provider.external.before',
    '}',
  ];
}

function keyOf(name: string, value: string): Buffer {
  const text = value.trim();
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex');
  const bytes = /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0);
  if (bytes.length === keyBytes) return bytes;
  throw new PhoenixError({
    code: 'PHX-STATE-KEY',
    class: 'identity',
    what: `The secret ${name} is no key for the states.`,
    why: `state.encryption needs ${keyBytes} bytes, written as 44 characters of base64 or 64 of hex; it has ${text.length} characters.`,
    next: 'Make one with `openssl rand -base64 32`, store it under that name, and keep a copy: without it the states are lost.',
  });
}
