import { leastSecretLength } from './encodings.ts';
import { isStructure, looksRandom, tokensOf } from './parts.ts';
import type { Redactor } from './redact.ts';

/** A secret that no source gave: a layer made it, and its state holds it by right. */
export interface Made {
  /** Says where it comes from, in words: no secret of a source has a name with a space in it. */
  readonly name: string;
  readonly value: string;
}

/** Whether a secret of that name was made by a layer. */
export function isMade(name: string): boolean {
  return /^(?:output|private key in output|kubeconfig) /.test(name);
}

/** Tells the redactor, and by it the audit, what is secret in a layer's sensitive outputs. */
export function learnMade(
  redactor: Pick<Redactor, 'add' | 'secrets'>,
  layer: string,
  outputs: ReadonlyMap<string, unknown>,
): void {
  for (const { name, value } of madeSecrets(layer, outputs)) learnOnce(redactor, name, value);
}

/** What is known already keeps its name: under two it would be two leaks, and a source's secret no longer one of its own. */
export function learnOnce(
  { add, secrets }: Pick<Redactor, 'add' | 'secrets'>,
  name: string,
  value: string,
): void {
  for (const [other, known] of secrets) if (known === value && other !== name) return;
  add(name, value);
}

/**
 * The secrets in sensitive outputs: each text in them; of a text around a private key that and the tokens (the rest of a
 * kubeconfig is addresses, names and certificates). The engine makes an output sensitive for whatever touched something that is, so
 * what is plainly an address, a name or a number is left out: it would be found in every file.
 */
export function madeSecrets(layer: string, outputs: ReadonlyMap<string, unknown>): Made[] {
  return [...outputs].flatMap(([output, value]) =>
    textsIn(output, value).flatMap(([path, text]) => {
      const name = `output ${path} of layer ${layer}`;
      const whole = saysNothing(path, text) ? [] : [{ name, value: text }];
      const keys = privateKeysIn(text).filter((key) => key.trim() !== text.trim());
      // A text around a key is a kubeconfig or the like: of that only the key and the tokens are secret.
      if (keys.length === 0) return whole;
      return [
        ...keys.map(numbered(`private key in ${name}`)),
        ...tokensOf(text).map(numbered(`${name}, token`)),
      ];
    }),
  );
}

function numbered(name: string): (value: string, index: number) => Made {
  return (value, index) => ({ name: index === 0 ? name : `${name} (${index + 1})`, value });
}

function textsIn(path: string, value: unknown): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]];
  if (Array.isArray(value)) return value.flatMap((each, index) => textsIn(`${path}[${index}]`, each));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => textsIn(`${path}.${key}`, each));
}

function privateKeysIn(text: string): string[] {
  const decoded = [...text.matchAll(/LS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}/g)].map(([base64]) =>
    Buffer.from(base64, 'base64').toString('utf8'),
  );
  const plain = text.match(
    /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z0-9 ]*PRIVATE KEY-----/g,
  );
  return [...new Set([...decoded.filter((key) => key.includes('PRIVATE KEY-----')), ...(plain ?? [])])];
}

/** A URL without credentials, an address with or without its port, a path, a mail address. */
const addresses = [
  /^[a-z][a-z0-9+.-]*:\/\/[^\s@?#]*$/i,
  /^(?:[\w-]+\.)*[\w-]+(?::\d{1,5})?(?:\/\d{1,3})?$/,
  /^\[?[0-9a-f]*:[0-9a-f:.]*\]?(?::\d{1,5}|\/\d{1,3})?$/i,
  /^\/[\w./-]*$/,
  /^[\w.+-]+@[\w.-]+$/,
];
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const certificates = /^\s*(?:-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----\s*)+$/;
/** What an output, or a key in one, is called that is a secret whatever it looks like. */
const speaking = /pass|token|secret|credential|private|key$/i;

function saysNothing(path: string, text: string): boolean {
  if (text.length < leastSecretLength || isStructure(text) || isCertificate(text)) return true;
  if (speaking.test(path.split('.').at(-1) ?? '')) return false;
  if (uuid.test(text)) return true;
  return addresses.some((form) => form.test(text)) && !isDrawn(text);
}

function isCertificate(text: string): boolean {
  const inside = text.startsWith('LS0tLS1CRUdJTi') ? Buffer.from(text, 'base64').toString('utf8') : text;
  return certificates.test(inside);
}

/** Whether it looks drawn by lot: as a whole, or a part that mixes letters and digits as no name with a number does. */
function isDrawn(text: string): boolean {
  const parts = text.split(/[^A-Za-z0-9]+/);
  const mixed = (part: string) =>
    part.length >= 10 &&
    /\d/.test(part) &&
    /[A-Za-z]/.test(part) &&
    !/^(?:[A-Za-z]+\d{1,4}|\d+[A-Za-z]{1,3})$/.test(part);
  return (
    looksRandom(parts.join('')) ||
    parts.some((part) => mixed(part) || (part.length >= 16 && looksRandom(part)))
  );
}
