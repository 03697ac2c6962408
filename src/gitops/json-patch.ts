import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { isMap } from './draft.ts';

const operation = z.object({
  op: z.enum(['add', 'remove', 'replace', 'move', 'copy', 'test']),
  path: z.string(),
  from: z.string().optional(),
  value: z.unknown().optional(),
});

/** A JSON patch (RFC 6902), as Kustomize takes it besides strategic merges. */
export const jsonPatch = z.array(operation).min(1);
export type JsonPatch = z.output<typeof jsonPatch>;

/** `/a/b~1c` → `a`, `b/c` */
export function pointer(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Changes `document` in place. Says what does not apply, as a sentence without its full stop. */
export function applyJsonPatch(document: unknown, operations: JsonPatch): string | undefined {
  for (const { op, path, from = '', value } of operations) {
    const source = op === 'move' || op === 'copy' ? taken(document, pointer(from)) : { value };
    if (source === undefined) return `There is nothing at \`${from}\``;
    if (op === 'test') {
      if (!isDeepStrictEqual(taken(document, pointer(path))?.value, value))
        return `\`${path}\` is not as tested`;
      continue;
    }
    if (op === 'move') change(document, pointer(from), 'remove', undefined);
    const kind = op === 'remove' || op === 'replace' ? op : 'add';
    if (!change(document, pointer(path), kind, structuredClone(source.value))) {
      return `There is nothing to ${kind === 'add' ? 'add to' : kind} at \`${path}\``;
    }
  }
  return undefined;
}

function taken(document: unknown, path: readonly string[]): { readonly value: unknown } | undefined {
  let value = document;
  for (const key of path) {
    if (Array.isArray(value)) {
      if (!/^\d+$/.test(key) || Number(key) >= value.length) return undefined;
      value = value[Number(key)];
    } else if (isMap(value) && Object.hasOwn(value, key)) value = value[key];
    else return undefined;
  }
  return { value };
}

function change(
  document: unknown,
  path: readonly string[],
  op: 'add' | 'remove' | 'replace',
  value: unknown,
): boolean {
  const key = path.at(-1);
  const holder = taken(document, path.slice(0, -1))?.value;
  if (key === undefined) return false;
  if (Array.isArray(holder)) {
    const index = key === '-' && op === 'add' ? holder.length : Number(key);
    const last = op === 'add' ? holder.length : holder.length - 1;
    if (!Number.isInteger(index) || index < 0 || index > last) return false;
    holder.splice(index, op === 'add' ? 0 : 1, ...(op === 'remove' ? [] : [value]));
    return true;
  }
  if (!isMap(holder) || (op !== 'add' && !Object.hasOwn(holder, key))) return false;
  if (op === 'remove') delete holder[key];
  else Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
  return true;
}
