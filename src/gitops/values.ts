import { isMap, resourceOf } from './draft.ts';
import type { FluxNode, Resource } from './model.ts';
import { substituted } from './substitution.ts';

/** What a node's `postBuild` gives as far as the tree tells: its ConfigMaps, and over them what is written out. */
export function valuesOf(node: FluxNode, nodes: readonly FluxNode[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const { kind, name } of node.substituteFrom) {
    if (kind !== 'ConfigMap') continue;
    const data = nodes
      .flatMap(({ resources }) => resources)
      .find((each) => each.kind === kind && each.name === name && each.namespace === node.namespace)
      ?.manifest['data'];
    for (const [key, value] of Object.entries(isMap(data) ? data : {}))
      if (typeof value === 'string') values.set(key, value);
  }
  for (const [key, value] of node.substitute) values.set(key, value);
  return values;
}

/** The resource with the values that its node's `postBuild` puts in. */
export function withValues(
  resource: Resource,
  node: FluxNode,
  values: ReadonlyMap<string, string>,
): Resource {
  if (!node.substitutes || values.size === 0) return resource;
  const manifest = substituted(resource.manifest, values) as Record<string, unknown>;
  return { ...resourceOf({ manifest, known: [], place: resource.place }), at: resource.at };
}
