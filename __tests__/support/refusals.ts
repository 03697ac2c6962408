import { expect } from 'vitest';
import { encodingsOf } from '../../src/vault/encodings.ts';
import type { Ended } from './cli.ts';
import type { World } from './world.ts';

export interface Refusal {
  readonly code: string;
  readonly exit: number;
  /** Values that must show nowhere, by name. */
  readonly secrets?: ReadonlyMap<string, string>;
  /** Texts that the explanation must have. */
  readonly says?: readonly (string | RegExp)[];
}

/**
 * What the end of every run with a mistake in it must be: the class's exit code; code, what, why and next move; no
 * stack, no secret; and nothing that outlives it.
 */
export async function expectRefusal(world: World, ended: Ended, expected: Refusal): Promise<void> {
  const { code, exit, secrets = new Map(), says = [] } = expected;
  const { output } = ended;
  expect({ exit: ended.code, output }).toMatchObject({ exit });
  expect(output).toMatch(
    new RegExp(String.raw`^${code}(?: \[[^\]]+\])?: \S.*\n {2}why: {2}\S[\s\S]*?\n {2}next: \S`, 'm'),
  );
  for (const text of says) expect(output).toMatch(text);
  expectClean(output, secrets);
  if (ended.report !== undefined) {
    expect(ended.report.verdict).toBe('failed');
    expect(ended.report.error?.code).toBe(code);
    expectClean(JSON.stringify(ended.report), secrets);
  }
  expect(await world.leftovers()).toEqual([]);
}

/** No stack of anybody's, and none of the secrets in any form that they take. */
export function expectClean(text: string, secrets: ReadonlyMap<string, string>): void {
  expect(text).not.toMatch(/^ {2,}at \S+/m);
  const shown = [...secrets].flatMap(([name, value]) =>
    [...encodingsOf(value)].filter(([, form]) => text.includes(form)).map(([form]) => `${name} (${form})`),
  );
  expect(shown).toEqual([]);
}
