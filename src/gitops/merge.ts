import { isMap, type Manifest } from './draft.ts';

/** Lists of the built-in kinds whose items are merged by a key, not replaced; the first key that an item has. */
const mergeKeys: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    containers: ['name'],
    initContainers: ['name'],
    ephemeralContainers: ['name'],
    volumes: ['name'],
    env: ['name'],
    imagePullSecrets: ['name'],
    secrets: ['name'],
    volumeMounts: ['mountPath'],
    volumeDevices: ['devicePath'],
    ports: ['containerPort', 'port'],
    hostAliases: ['ip'],
    topologySpreadConstraints: ['topologyKey'],
  }),
);

/**
 * A strategic merge as Kustomize does it: maps are merged, null removes a key, `$patch: delete` and `$patch: replace` are
 * obeyed. Lists are replaced, but for those of the built-in kinds that have a merge key (`builtIn`), where new items come
 * first. Undefined where the whole is deleted.
 */
export function merged(target: Manifest, patch: Readonly<Manifest>, builtIn: boolean): Manifest | undefined {
  if (patch['$patch'] === 'delete') return undefined;
  if (patch['$patch'] === 'replace') return plain(patch);
  // Without a prototype, so that `__proto__` is a key as any other.
  const result: Manifest = Object.assign(Object.create(null) as Manifest, target);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    if (value === null) delete result[key];
    else if (isMap(value)) {
      const before = result[key];
      const inner = merged(isMap(before) ? before : {}, value, builtIn);
      if (inner === undefined) delete result[key];
      else result[key] = inner;
    } else if (Array.isArray(value) && builtIn && Array.isArray(result[key])) {
      result[key] = mergedList(key, result[key] as unknown[], value);
    } else result[key] = value;
  }
  return result;
}

function mergedList(field: string, target: readonly unknown[], patch: readonly unknown[]): unknown[] {
  const items = patch.filter(isMap);
  const key = mergeKeys
    .get(field)
    ?.find((name) => items.every((item) => Object.hasOwn(item, name) || Object.hasOwn(item, '$patch')));
  if (key === undefined || items.length < patch.length) return [...patch];
  if (items.some((item) => item['$patch'] === 'replace' && !(key in item))) {
    return items.filter((item) => !('$patch' in item));
  }
  const same = (a: unknown, b: Manifest) => isMap(a) && a[key] === b[key];
  const added = items.filter(
    (item) => !target.some((each) => same(each, item)) && item['$patch'] !== 'delete',
  );
  const kept = target.flatMap((each) => {
    const change = items.find((item) => same(each, item));
    if (change === undefined || !isMap(each)) return [each];
    const inner = merged(each, change, true);
    return inner === undefined ? [] : [inner];
  });
  return [...added.map(plain), ...kept];
}

function plain(patch: Readonly<Manifest>): Manifest {
  return Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith('$')));
}
