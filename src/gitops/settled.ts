import type { FluxNode } from './model.ts';
import { variablesIn } from './substitution.ts';

/**
 * The text as Flux would apply it, as far as the tree tells: with the variables that `postBuild` writes out, and the
 * defaults of those that nothing is known of. Undefined where a variable stays unknown, so that nothing can be judged.
 */
export function settled(node: FluxNode, text: string): string | undefined {
  if (!node.substitutes) return text;
  let result = '';
  let end = 0;
  for (const { name, text: whole, offset } of variablesIn(text)) {
    const fallback = /^\$\{[^:=+?-]+:?[-=](.*)\}$/s.exec(whole)?.[1];
    // A ConfigMap or Secret may yet give another value than the default.
    const value = node.substitute.get(name) ?? (node.substituteFrom.length === 0 ? fallback : undefined);
    if (value === undefined) return undefined;
    result += text.slice(end, offset) + value;
    end = offset + whole.length;
  }
  return result + text.slice(end);
}
