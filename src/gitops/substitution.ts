import { isMap } from './draft.ts';
import type { Key } from './model.ts';

/** One `${…}` of a text, as Flux reads it. */
export interface Variable {
  readonly name: string;
  /** Its whole text, e.g. `${domain:=example.org}`. */
  readonly text: string;
  /** Whether it says itself what holds where there is no such variable. */
  readonly hasDefault: boolean;
  /** Offset of the `$`. */
  readonly offset: number;
}

/** The variables of a text. `$${x}` is none: it writes `${x}`. See fluxcd/pkg, envsubst. */
export function variablesIn(text: string): Variable[] {
  return [...text.matchAll(/(\$+)\{(#?)([\p{L}\p{Nd}_]+)([^}]*)\}/gu)].flatMap((match) => {
    const [whole, dollars = '', , name = '', rest = ''] = match;
    // Read from the left, each `$$` writes one `$`.
    if (dollars.length % 2 === 0) return [];
    const offset = match.index + dollars.length - 1;
    return [{ name, text: whole.slice(dollars.length - 1), hasDefault: /^:?[-=?+]/.test(rest), offset }];
  });
}

/** Every text in a value, keys too, and where it stands. */
export function* textsIn(
  value: unknown,
  path: readonly Key[] = [],
): Generator<{ text: string; path: readonly Key[] }> {
  if (typeof value === 'string') yield { text: value, path };
  else if (Array.isArray(value))
    for (const [index, each] of value.entries()) yield* textsIn(each, [...path, index]);
  else if (isMap(value)) {
    for (const [key, each] of Object.entries(value)) {
      yield { text: key, path: [...path, key] };
      yield* textsIn(each, [...path, key]);
    }
  }
}

/** The value with the known variables put in; the others are left as they are written. */
export function substituted(value: unknown, values: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((each) => substituted(each, values));
  if (isMap(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, substituted(each, values)]));
  }
  if (typeof value !== 'string' || !value.includes('${')) return value;
  return value.replaceAll(/(?<!\$)\$\{(\w+)\}/g, (whole, name: string) => values.get(name) ?? whole);
}
