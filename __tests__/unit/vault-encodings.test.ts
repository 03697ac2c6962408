import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodingsOf } from '../../src/vault/encodings.ts';
import { holds } from '../support/property.ts';

/** Any text at all, from half a surrogate pair to NUL, of six bytes or more. */
const secret = fc
  .string({ unit: 'binary', minLength: 6, maxLength: 50 })
  .filter((text) => Buffer.byteLength(text) >= 6);
const bytes = fc.uint8Array({ maxLength: 20 });

const around = (before: Uint8Array, text: string, after: Uint8Array) =>
  Buffer.concat([before, Buffer.from(text, 'utf8'), after]);

describe('the forms of a secret', () => {
  test('have its base64 at any place in a longer text, by what stands before it', () => {
    holds(
      fc.property(secret, bytes, bytes, (value, before, after) => {
        const form = encodingsOf(value).get(`base64+${before.length % 3}`);
        expect(form).toMatch(/^.{6,}$/);
        expect(around(before, value, after).toString('base64')).toContain(form);
      }),
    );
  });

  test('have its base64url at any place in a longer text', () => {
    holds(
      fc.property(secret, bytes, bytes, (value, before, after) => {
        const [shift, forms] = [before.length % 3, encodingsOf(value)];
        const form = forms.get(`base64url+${shift}`) ?? forms.get(`base64+${shift}`);
        expect(around(before, value, after).toString('base64url')).toContain(form);
      }),
    );
  });

  test('have its hex in both cases, and the escapes of JSON and URLs, inside longer texts', () => {
    holds(
      fc.property(secret, (value) => {
        const forms = [...encodingsOf(value).values()];
        const has = (text: string) => forms.some((form) => text.includes(form));
        expect(has(`00${Buffer.from(value).toString('hex')}ff`)).toBe(true);
        expect(has(`00${Buffer.from(value).toString('hex').toUpperCase()}FF`)).toBe(true);
        expect(has(JSON.stringify({ password: `x${value}y` }))).toBe(true);
        expect(has(`https://user:${encodeURIComponent(value.toWellFormed())}@host`)).toBe(true);
      }),
    );
  });

  test('are each there once, however many names they could have', () => {
    holds(
      fc.property(secret, (value) => {
        const forms = [...encodingsOf(value).values()];
        expect(new Set(forms).size).toBe(forms.length);
      }),
    );
  });

  test('are not found in a text that has nothing of it', () => {
    const forms = encodingsOf('correct horse battery');
    const other = around(Buffer.from('a'), 'correct mouse flattery', Buffer.from('b'));
    for (const text of [other.toString(), other.toString('base64'), other.toString('hex')]) {
      expect([...forms.values()].filter((form) => text.includes(form))).toEqual([]);
    }
  });
});
