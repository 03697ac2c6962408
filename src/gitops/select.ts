import { type Draft, type Id, idOf, isMap } from './draft.ts';
import { groupOf } from './kinds.ts';
import type { Target } from './kustomization.ts';

/**
 * The drafts that the target of a patch selects, by what they are or were called; undefined where the target is one that
 * Kustomize refuses, or whose patterns could take for ever.
 */
export function selected(drafts: readonly Draft[], target: Target): Draft[] | undefined {
  const patterns = [target.group, target.version, target.kind, target.name, target.namespace].map(anchored);
  if (patterns.includes(undefined)) return undefined;
  if (target.labelSelector.length > longest || target.annotationSelector.length > longest) return undefined;
  const [group, version, kind, name, namespace] = patterns;
  const fits = (id: Id) =>
    matches(group, groupOf(id)) &&
    matches(version, id.apiVersion.split('/').at(-1) ?? '') &&
    matches(kind, id.kind) &&
    matches(name, id.name) &&
    matches(namespace, id.namespace);
  return drafts.filter(
    ({ known, manifest }) =>
      [...known, idOf(manifest)].some(fits) &&
      fitsSelector(target.labelSelector, metadataMap(manifest, 'labels')) &&
      fitsSelector(target.annotationSelector, metadataMap(manifest, 'annotations')),
  );
}

/** Characters; of names, Kubernetes takes 253. */
const [longest, longestName] = [1000, 300];

function matches(pattern: RegExp | undefined, name: string): boolean {
  return pattern !== undefined && name.length <= longestName && pattern.test(name);
}

function anchored(pattern: string): RegExp | undefined {
  if (pattern === '') return /^/;
  if (pattern.length > longest) return undefined;
  // Go's patterns take linear time whatever they say; these might not.
  const plain = pattern.replaceAll('(?', '(');
  if (/\)[*+{]/.test(plain) || (plain.match(/[*+{?]/g)?.length ?? 0) > 3) return undefined;
  if ((plain.match(/\(/g)?.length ?? 0) > 3) return undefined;
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch {
    return undefined;
  }
}

function metadataMap(manifest: Draft['manifest'], field: 'labels' | 'annotations'): Record<string, unknown> {
  const metadata = manifest['metadata'];
  const found = isMap(metadata) ? metadata[field] : undefined;
  return isMap(found) ? found : {};
}

/** `a=b,c!=d,e in (f,g),h notin (i),j,!k` */
function fitsSelector(selector: string, values: Readonly<Record<string, unknown>>): boolean {
  const parts = selector.match(/[^,(]+(?:\([^)]*\))?/g) ?? [];
  return parts.every((part) => {
    const text = part.trim();
    const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(text);
    if (set !== null) {
      const [, key = '', how, list = ''] = set;
      const among = list.split(',').some((each) => each.trim() === values[key]);
      return how === 'in' ? among : !among;
    }
    const [key = '', value = ''] = text.split(/\s*!?={1,2}\s*/);
    if (text.includes('!=')) return values[key] !== value;
    if (text.includes('=')) return values[key] === value;
    return text.startsWith('!') ? !Object.hasOwn(values, text.slice(1)) : Object.hasOwn(values, text);
  });
}
