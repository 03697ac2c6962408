import { type Draft, idOf, isMap, type Manifest } from './draft.ts';

/** Fields that hold a name, or a map with `name`, of a resource of that kind. */
const named: ReadonlyMap<string, string> = new Map(
  Object.entries({
    serviceAccountName: 'ServiceAccount',
    configMap: 'ConfigMap',
    configMapRef: 'ConfigMap',
    configMapKeyRef: 'ConfigMap',
    secretName: 'Secret',
    secretRef: 'Secret',
    secretKeyRef: 'Secret',
    claimName: 'PersistentVolumeClaim',
    serviceName: 'Service',
    service: 'Service',
  }),
);

/** After names or namespaces were changed: what refers to them goes with them, as Kustomize has it. */
export function followNames(drafts: readonly Draft[]): void {
  const now = new Map<string, { readonly name: string; readonly namespace: string }>();
  for (const { known, manifest } of drafts) {
    const { kind, name, namespace } = idOf(manifest);
    for (const old of known) now.set(`${kind} ${old.name}`, { name, namespace });
  }
  for (const { manifest } of drafts) follow(manifest, now);
}

type Names = ReadonlyMap<string, { readonly name: string; readonly namespace: string }>;

function follow(value: unknown, now: Names): void {
  if (Array.isArray(value)) for (const each of value) follow(each, now);
  if (!isMap(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    const kind = named.get(key);
    if (kind !== undefined && typeof inner === 'string')
      value[key] = now.get(`${kind} ${inner}`)?.name ?? inner;
    if (kind !== undefined && isMap(inner)) point(inner, kind, now);
    if (key === 'subjects' && Array.isArray(inner))
      for (const each of inner.filter(isMap)) subject(each, now);
    if ((key === 'roleRef' || key === 'scaleTargetRef') && isMap(inner))
      point(inner, String(inner['kind']), now);
    follow(inner, now);
  }
}

function point(reference: Manifest, kind: string, now: Names): void {
  const { name } = reference;
  if (typeof name === 'string') reference['name'] = now.get(`${kind} ${name}`)?.name ?? name;
}

function subject(reference: Manifest, now: Names): void {
  const { kind, name } = reference;
  if (kind !== 'ServiceAccount') return;
  const found = now.get(`ServiceAccount ${name}`);
  if (found === undefined) return;
  reference['name'] = found.name;
  if (found.namespace !== '') reference['namespace'] = found.namespace;
}
