import { describe, expect, test } from 'vitest';
import type { Secret } from '../../src/castle/secrets.ts';
import { PhoenixError } from '../../src/errors.ts';
import { assertForm } from '../../src/rebirth/secret-form.ts';

/** What is said against the value; undefined where nothing is. */
function against(as: Secret['as'], value: string): string | undefined {
  try {
    assertForm({ name: 'KEY', layers: ['a'], as, variable: 'key' }, value);
    return undefined;
  } catch (error) {
    if (!(error instanceof PhoenixError)) throw error;
    expect(error).toMatchObject({ code: 'PHX-SECRET-FORM', class: 'identity' });
    expect(`${error.what} ${error.why} ${error.next}`).not.toContain(value);
    return error.why;
  }
}

describe('the form of a secret', () => {
  test('is no matter for a var file or a file, with NUL, quotes or a megabyte in it', () => {
    for (const value of ['a\0b', `"'\${x}`, 'x'.repeat(1024 * 1024), 'é composed', '😀'])
      for (const as of ['tfvar', 'file'] as const) expect(against(as, value)).toBeUndefined();
  });

  test('that the engine would compose is refused as a variable, and passes as a file', () => {
    expect(against('tfvar', 'cafe\u0301-secret')).toContain('composes the text of every variable');
    expect(against('file', 'cafe\u0301-secret')).toBeUndefined();
    expect(against('env', 'cafe\u0301-secret')).toBeUndefined();
  });

  test('that no UTF-8 text can have is refused everywhere', () => {
    for (const as of ['tfvar', 'file', 'env'] as const)
      expect(against(as, 'half-a-pair-\ud800')).toContain('surrogate');
  });

  test('that no environment takes is refused there', () => {
    expect(against('env', 'before\0after')).toContain('NUL');
    // The kernel's limit is 131072 bytes with the closing NUL.
    expect(against('env', 'x'.repeat(131_071 - 'key='.length))).toBeUndefined();
    expect(against('env', 'x'.repeat(131_072 - 'key='.length))).toContain('128 KiB');
  });
});
