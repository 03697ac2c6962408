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
  { key: name, migrate }: NonNullable<StateSettings['encryption']>,
  value: string,
  onSecret: (name: string, form: string) => void,
): Promise<Readonly<Record<string, string>>> {
  const bytes = keyOf(name, value);
  const key = bytes.toString('base64');
  // However the source writes it down, the engine may show it in its own way.
  onSecret(`${name} (base64)`, key);
  onSecret(`${name} (hex)`, bytes.toString('hex'));
  const answer = [
    { magic: 'OpenTofu-External-Key-Provider', version: 1 },
    { keys: { encryption_key: key, decryption_key: key }, meta: { external_data: {} } },
  ];
  const file = await vault.write(
    vault.dir,
    fileName,
    answer.map((line) => `${JSON.stringify(line)}\n`).join(''),
  );
  return { TF_ENCRYPTION: encryptionOf(file, migrate) };
}

/** The engine's configuration. `enforced`: a module's own block cannot turn it off. */
function encryptionOf(file: string, migrate: boolean): string {
  const fallback = migrate ? '\n  fallback {\n    method = method.unencrypted.before\n  }' : '';
  return [
    'key_provider "external" "vault" {',
    `  command = ["cat", ${JSON.stringify(file)}]`,
    '}',
    'method "aes_gcm" "vault" {',
    '  keys = key_provider.external.vault',
    '}',
    ...(migrate ? ['method "unencrypted" "before" {}'] : []),
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
    '    method = method.aes_gcm.vault',
    '  }',
    '}',
  ].join('\n');
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
