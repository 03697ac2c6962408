import type { FluxNode } from './model.ts';

const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?[-=]([^}]*))?\}/g;

/**
 * The text as Flux would apply it, as far as the tree tells: with the variables that `postBuild` writes out, and the
 * defaults of those that nothing is known of. Undefined where a variable stays unknown, so that nothing can be judged.
 */
export function settled(node: FluxNode, text: string): string | undefined {
  if (!node.substitutes || !text.includes('${')) return text;
  let unknown = false;
  const result = text.replace(variable, (_, name: string, fallback: string | undefined) => {
    const written = node.substitute.get(name);
    if (written !== undefined) return written;
    // A ConfigMap or Secret may yet give another value than the default.
    if (fallback !== undefined && node.substituteFrom.length === 0) return fallback;
    unknown = true;
    return '';
  });
  return unknown ? undefined : result;
}
