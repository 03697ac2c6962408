import { inspect } from 'node:util';
import { expect } from 'vitest';

/** That something ended with `code`; where not, the failure shows all that it said. */
export function expectCode(ended: { readonly code: number | null }, code: number): void {
  const { code: got, ...said } = ended;
  expect(got, inspect(said, { maxStringLength: 8_000, breakLength: 120 })).toBe(code);
}
