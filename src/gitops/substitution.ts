import { isMap } from './draft.ts';
import type { Key } from './model.ts';

/** One `${…}` of a text, as Flux reads it. */
export interface Variable {
  readonly name: string;
  /** Its whole text, e.g. `${domain:=example.org}`; the default may be a secret, and is shown to nobody. */
  readonly text: string;
  /** Whether it says itself what holds where there is no such variable. */
  readonly hasDefault: boolean;
  /** Offset of the `$`. */
  readonly offset: number;
}

/** The variables of a text, in linear time. `$${x}` is none: it writes `${x}`. See fluxcd/pkg, envsubst. */
export function variablesIn(text: string): Variable[] {
  const found: Variable[] = [];
  let end = 0;
  for (const match of text.matchAll(/(?<!\$)(\$+)\{(#?)([\p{L}\p{Nd}_]+)/gu)) {
    const [begin, dollars = '', , name = ''] = match;
    if (match.index < end) continue;
    const after = match.index + begin.length;
    const close = text.indexOf('}', after);
    if (close === -1) break;
    end = close + 1;
    // Read from the left, each `$$` writes one `$`.
    if (dollars.length % 2 === 0) continue;
    const offset = match.index + dollars.length - 1;
    const hasDefault = /^:?[-=?+]/.test(text.slice(after, after + 2));
    found.push({ name, text: text.slice(offset, end), hasDefault, offset });
  }
  return found;
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
