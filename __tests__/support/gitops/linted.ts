import { lint } from '../../../src/gitops/lint.ts';
import type { GitopsFinding, Tree } from '../../../src/gitops/model.ts';
import { type Asked, readTree } from '../../../src/gitops/read.ts';
import { treeRules } from '../../../src/gitops/rules/tree.ts';
import { kustomization, type Written, writtenFiles } from './files.ts';

export type Asking = Partial<Pick<Asked, 'fastTrack' | 'milestones' | 'entry'>> & {
  readonly namespaces?: readonly string[];
  readonly crds?: readonly string[];
  readonly configMaps?: Readonly<Record<string, readonly string[]>>;
};

const entryAt = { file: '../phoenix.yaml', line: 3, column: 1 };

/** The tree that is written down, from its entry `cluster`. */
export function treeOf(written: Written, asking: Asking = {}): Tree {
  const { namespaces = [], crds = [], configMaps = {}, ...more } = asking;
  return readTree({
    root: '/tree',
    entry: 'cluster',
    entryAt,
    files: writtenFiles(written),
    given: {
      namespaces: new Set(['flux-system', ...namespaces]),
      crds: new Set([
        '*.kustomize.toolkit.fluxcd.io',
        '*.source.toolkit.fluxcd.io',
        '*.helm.toolkit.fluxcd.io',
        ...crds,
      ]),
      configMaps: new Map(Object.entries(configMaps).map(([name, keys]) => [name, new Set(keys)])),
    },
    ...more,
  });
}

/** What the rules about the tree as a whole find. */
export function findingsOf(written: Written, asking: Asking = {}): GitopsFinding[] {
  return lint(treeOf(written, asking), treeRules);
}

/** `file:line:column rule`, in the order in which they are shown. */
export function shownFindings(findings: readonly GitopsFinding[]): string[] {
  return findings.map(({ at, rule }) => `${at.file}:${at.line}:${at.column} ${rule}`);
}

/** A Kustomization of Flux; `path` is on line 9. */
export function flux(name: string, path: string, more = ''): string {
  return `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: ${name}
  namespace: flux-system
spec:
  interval: 1h
  retryInterval: 5s
  path: ${path}
  prune: true
  timeout: 2m
  sourceRef: { kind: GitRepository, name: flux-system }
${more}`;
}

/** A tree whose entry applies these Kustomizations of Flux, one a file: name → path and more lines of its spec. */
export function cluster(nodes: Readonly<Record<string, readonly [path: string, more?: string]>>): Written {
  const files = Object.entries(nodes).map(([name, [path, more]]) => [
    `cluster/${name}.yaml`,
    flux(name, path, more),
  ]);
  return {
    'cluster/kustomization.yaml': kustomization(Object.keys(nodes).map((name) => `${name}.yaml`)),
    ...Object.fromEntries(files),
  };
}

/** A folder of one file with these documents. */
export function folder(path: string, ...documents: readonly string[]): Written {
  return {
    [`${path}/kustomization.yaml`]: kustomization(['all.yaml']),
    [`${path}/all.yaml`]: documents.join('---\n'),
  };
}

export const dependsOn = (...names: readonly string[]): string =>
  `  dependsOn:\n${names.map((name) => `    - name: ${name}\n`).join('')}`;

export const namespace = (name: string): string =>
  `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`;

export const crd = (group: string, kind: string, plural: string, version = 'v1'): string =>
  `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ${plural}.${group} }
spec:
  group: ${group}
  names: { kind: ${kind}, plural: ${plural} }
  scope: Namespaced
  versions:
    - name: ${version}
      served: true
      schema:
        openAPIV3Schema:
          type: object
          x-kubernetes-preserve-unknown-fields: true
`;

export const object = (apiVersion: string, kind: string, name: string, space = '', more = ''): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${name}\n${space && `  namespace: ${space}\n`}${more}`;

export const release = (name: string, chart: string, space = 'flux-system', more = ''): string =>
  object(
    'helm.toolkit.fluxcd.io/v2',
    'HelmRelease',
    name,
    space,
    `spec:\n  chart: { spec: { chart: ${chart} } }\n${more}`,
  );
