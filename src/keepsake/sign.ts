import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Witness } from './record.ts';

/** A key for witnesses alone, from the secret that the castle's states are encrypted with. */
function keyFrom(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret.trim(), '', 'phoenix witness v1', 32));
}

/** The witness with its signature; null where the castle has no key of its states. */
export function signed(witness: Omit<Witness, 'signature'>, secret: string | undefined): Witness {
  return { ...witness, signature: secret === undefined ? null : signatureOf(witness, secret) };
}

/** Whether nobody without the key has written or changed it. Without a key nothing can be said, and it is taken as it is. */
export function isGenuine({ signature, ...witness }: Witness, secret: string | undefined): boolean {
  if (secret === undefined) return true;
  if (signature === null) return false;
  const [given, right] = [signature, signatureOf(witness, secret)].map((hex) => Buffer.from(hex, 'hex'));
  return (
    given !== undefined &&
    right !== undefined &&
    given.length === right.length &&
    timingSafeEqual(given, right)
  );
}

/** By names in one order at every depth, for a store may hand the fields back in another. */
function signatureOf(witness: Omit<Witness, 'signature'>, secret: string): string {
  return createHmac('sha256', keyFrom(secret))
    .update(JSON.stringify(inOrder(witness)))
    .digest('hex');
}

/** Objects as lists of their fields by name; the order of a list itself stays. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => [name, inOrder(field)]);
}
