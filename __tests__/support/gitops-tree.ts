import { parseAllDocuments } from 'yaml';
import type { FluxNode, Key, Resource, Tree } from '../../src/gitops/model.ts';

interface Extra {
  readonly whole?: boolean;
  readonly given?: Partial<Tree['given']>;
  readonly pins?: Readonly<Record<string, string>>;
  readonly substitute?: Readonly<Record<string, string>>;
  readonly substituteFrom?: FluxNode['substituteFrom'];
}

/** A tree of one Kustomization that applies the documents of `yaml` as they are. Places are paths, as the line says. */
export function treeOf(yaml: string, extra: Extra = {}): Tree {
  return treeFrom(
    parseAllDocuments(yaml).map((document) => document.toJS()),
    extra,
  );
}

/** As `treeOf`, of what the documents hold. */
export function treeFrom(manifests: readonly unknown[], extra: Extra = {}): Tree {
  const resources = manifests.flatMap((manifest, index) =>
    isMap(manifest) ? [resourceOf(manifest, index)] : [],
  );
  const substitutes = extra.substitute !== undefined || extra.substituteFrom !== undefined;
  const node: FluxNode = {
    name: 'flux-system',
    namespace: 'flux-system',
    path: './',
    dependsOn: [],
    wait: false,
    suspended: false,
    substitute: new Map(Object.entries(extra.substitute ?? {})),
    substituteFrom: extra.substituteFrom ?? [],
    substitutes,
    resource: resourceOf({ apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization' }, 0),
    resources,
    whole: extra.whole ?? true,
  };
  return {
    root: '/tree',
    entry: '.',
    nodes: [node],
    broken: [],
    given: { namespaces: new Set(), crds: new Set(), configMaps: new Map(), ...extra.given },
    ...(extra.pins === undefined ? {} : { pins: new Map(Object.entries(extra.pins)) }),
  };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function resourceOf(manifest: Record<string, unknown>, index: number): Resource {
  const metadata = isMap(manifest['metadata']) ? manifest['metadata'] : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const place = (path: readonly Key[]) => ({ file: path.join('.') || 'object', line: index + 1, column: 1 });
  return {
    apiVersion: text(manifest['apiVersion']),
    kind: text(manifest['kind']),
    name: text(metadata['name']),
    namespace: text(metadata['namespace']),
    manifest,
    at: place([]),
    place,
  };
}
