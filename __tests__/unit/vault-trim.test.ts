import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { trimSecret } from '../../src/vault/trim.ts';
import { holds } from '../support/property.ts';

test.each([
  ['value\n', 'value'],
  ['value\r\n', 'value'],
  ['"value"\n', 'value'],
  ["'value'", 'value'],
  ['"value\'', '"value\''],
  ['""', ''],
  ['it"s', 'it"s'],
  [' spaced out ', ' spaced out '],
  ['', ''],
])('the line %j is the secret %j', (text, value) => {
  expect(trimSecret(text)).toBe(value);
});

test('a value of several lines is kept byte for byte', () => {
  const line = fc.string({ unit: fc.constantFrom(...'ab"\'= \r') });
  holds(
    fc.property(fc.array(line, { minLength: 2 }), (lines) => {
      const text = `${lines.join('\n')}x\ny\n`;
      expect(trimSecret(text)).toBe(text);
    }),
  );
});
