import { createPublicKey, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as der from '../../src/rehearsal/der.ts';
import { createAuthority, createSigningKey } from '../../src/rehearsal/pki.ts';

describe('the authority of a box', () => {
  const authority = createAuthority('box');
  const own = new X509Certificate(authority.certificate);

  it('signs itself, as an authority', () => {
    expect(own.verify(own.publicKey)).toBe(true);
    expect(own.ca).toBe(true);
  });

  it('makes server certificates for exactly the hosts and addresses named', () => {
    const { certificate, key } = authority.server({ commonName: 'api' }, ['127.0.0.1', 'localhost']);
    const made = new X509Certificate(certificate);
    expect(made.verify(own.publicKey)).toBe(true);
    expect(made.checkIssued(own)).toBe(true);
    expect(made.checkHost('localhost')).toBe('localhost');
    expect(made.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(made.checkHost('example.org')).toBeUndefined();
    expect(made.checkIP('127.0.0.2')).toBeUndefined();
    expect(made.ca).toBe(false);
    expect(made.publicKey.equals(createPublicKey(key))).toBe(true);
  });

  it('makes client certificates that carry user and group and serve no host', () => {
    const made = new X509Certificate(
      authority.client({ commonName: 'phoenix', organization: 'system:masters' }).certificate,
    );
    expect(made.subject).toBe('O=system:masters\nCN=phoenix');
    expect(made.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(made.subjectAltName).toBeUndefined();
  });

  it('is valid now and for a day, and gives no serial number twice', () => {
    const [one, two] = [1, 2].map(
      () => new X509Certificate(authority.client({ commonName: 'c' }).certificate),
    );
    const now = Date.now();
    expect(Date.parse(one?.validFrom ?? '')).toBeLessThan(now);
    expect(Date.parse(one?.validTo ?? '') - now).toBeGreaterThan(23 * 3600_000);
    expect(Date.parse(one?.validTo ?? '') - now).toBeLessThan(25 * 3600_000);
    expect(one?.serialNumber).not.toBe(two?.serialNumber);
  });

  it('is not another authority, also under the same name', () => {
    const stranger = new X509Certificate(createAuthority('box').certificate);
    const made = new X509Certificate(authority.client({ commonName: 'c' }).certificate);
    expect(made.verify(stranger.publicKey)).toBe(false);
  });
});

it('the public half of the signing key belongs to the private one', () => {
  const { privateKey, publicKey } = createSigningKey();
  expect(createPublicKey(privateKey).equals(createPublicKey(publicKey))).toBe(true);
});

describe('DER', () => {
  it('writes lengths in the fewest octets', () => {
    const header = (length: number) => der.octets(Buffer.alloc(length)).subarray(0, -length).toString('hex');
    expect([127, 128, 255, 256, 65536].map(header)).toEqual([
      '047f',
      '048180',
      '0481ff',
      '04820100',
      '0483010000',
    ]);
  });

  it('writes integers minimal and never negative, so that they read back as they were', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (bytes) => {
        const [, length = 0, ...content] = der.integer(Buffer.from(bytes));
        expect(content).toHaveLength(length);
        expect((content[0] ?? 0) & 0x80).toBe(0);
        expect(content[0] === 0 && length > 1 && ((content[1] ?? 0) & 0x80) === 0).toBe(false);
        const value = (from: readonly number[]) => BigInt(`0x${Buffer.from(from).toString('hex') || '0'}`);
        expect(value(content)).toBe(value([...bytes]));
      }),
    );
  });

  it('writes object identifiers in base 128', () => {
    expect(der.oid('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302');
    expect(der.oid('2.5.29.17').toString('hex')).toBe('0603551d11');
  });

  it('writes times to the second', () => {
    expect(der.utcTime(new Date('2026-11-23T07:08:09.987Z')).toString('latin1')).toBe(
      '\u0017\r261123070809Z',
    );
  });
});
