import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodingsOf } from '../../src/vault/encodings.ts';
import { frameOf } from '../../src/vault/pem-frame.ts';

type Make = () => string;
const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;
const curve =
  (namedCurve: string, type: 'pkcs8' | 'sec1' = 'pkcs8'): Make =>
  () =>
    generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type, format: 'pem' }).toString();
const rsa =
  (modulusLength: number, type: 'pkcs8' | 'pkcs1'): Make =>
  () =>
    generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ type, format: 'pem' }).toString();

const kinds: readonly (readonly [string, Make])[] = [
  ['P-256 in PKCS #8', curve('P-256')],
  ['P-384 in PKCS #8', curve('P-384')],
  ['P-521 in PKCS #8', curve('P-521')],
  ['P-256 in SEC 1', curve('P-256', 'sec1')],
  ['P-384 in SEC 1', curve('P-384', 'sec1')],
  ['Ed25519 in PKCS #8', () => generateKeyPairSync('ed25519').privateKey.export(pkcs8).toString()],
  ['RSA 2048 in PKCS #8', rsa(2048, 'pkcs8')],
  ['RSA 2048 in PKCS #1', rsa(2048, 'pkcs1')],
];

describe('a private key', () => {
  it.each(kinds)('of %s is not found in another of its kind, and always in itself', (_, make) => {
    for (let round = 0; round < 3; round += 1) {
      const [mine, others] = [make(), make()];
      const kubeconfig = Buffer.from(others).toString('base64');
      const forms = [...encodingsOf(mine)];
      expect(forms.filter(([, form]) => others.includes(form) || kubeconfig.includes(form))).toEqual([]);
      const own = Buffer.from(mine).toString('base64');
      for (const columns of [64, 76]) {
        const lines = own.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
        const found = lines.filter((line) => forms.some(([, form]) => form === line));
        // All but the frame: the first line or two, and the last or two.
        expect(found.length).toBeGreaterThanOrEqual(lines.length - 4);
        expect(found.length).toBeGreaterThan(0);
      }
    }
  });

  it('has a frame only where it is one: what looks like one and is none is searched whole', () => {
    for (const text of [
      '-----BEGIN PRIVATE KEY-----',
      'x'.repeat(200),
      `-----BEGIN CERTIFICATE-----\nMIIB\n`,
    ])
      expect(frameOf(text)).toEqual({ head: 0, tail: text.length });
  });
});
