import { describe, expect, test } from 'vitest';
import type { Key, Tree } from '../../src/gitops/model.ts';
import { kustomization } from '../support/gitops/files.ts';
import { cluster, flux, treeOf } from '../support/gitops/linted.ts';

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  template:
    spec:
      containers:
        - name: first
          image: first:1
        - name: second
          image: second:1
`;

/** `file:line:column` of what is written at a path of the object called \`name\`. */
function placeIn(tree: Tree, name: string, ...path: readonly Key[]): string {
  const found = tree.nodes.flatMap(({ resources }) => resources).find((each) => each.name === name);
  const { file, line, column } = found?.place(path) ?? { file: 'nowhere', line: 0, column: 0 };
  return `${file}:${line}:${column}`;
}

const containers = ['spec', 'template', 'spec', 'containers'] as const;

describe('the place of a value', () => {
  test('is in the patch that wrote it, else in the file, whatever order the merge gave to a list', () => {
    const patch = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  template:
    spec:
      containers:
        - name: added
          image: added:1
        - name: second
          image: second:2
`;
    const tree = treeOf({
      ...cluster({ apps: ['./apps'] }),
      'apps/kustomization.yaml': kustomization(['web.yaml'], 'patches:\n  - path: patch.yaml\n'),
      'apps/web.yaml': deployment,
      'apps/patch.yaml': patch,
    });
    const web = tree.nodes[1]?.resources[0];
    expect(web?.manifest).toMatchObject({
      spec: {
        replicas: 1,
        template: { spec: { containers: [{ name: 'added' }, { name: 'first' }, { image: 'second:2' }] } },
      },
    });
    expect(placeIn(tree, 'web', ...containers, 0, 'image')).toBe('apps/patch.yaml:9:18');
    expect(placeIn(tree, 'web', ...containers, 1, 'image')).toBe('apps/web.yaml:11:18');
    expect(placeIn(tree, 'web', ...containers, 2, 'image')).toBe('apps/patch.yaml:11:18');
    expect(placeIn(tree, 'web', 'spec', 'replicas')).toBe('apps/web.yaml:6:13');
    expect(placeIn(tree, 'web')).toBe('apps/web.yaml:1:1');
  });

  test('is on its own line in a patch that stands in the kustomization, and in the operation of a JSON patch', () => {
    const patches = `patches:
  - patch: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: { name: web }
      spec:
        replicas: 3
  - target: { kind: Deployment }
    patch: |
      - op: replace
        path: /spec/template/spec/containers/1/image
        value: second:3
`;
    const tree = treeOf({
      ...cluster({ apps: ['./apps'] }),
      'apps/kustomization.yaml': kustomization(['web.yaml'], patches),
      'apps/web.yaml': deployment,
    });
    expect(placeIn(tree, 'web', 'spec', 'replicas')).toBe('apps/kustomization.yaml:11:19');
    expect(placeIn(tree, 'web', ...containers, 1, 'image')).toBe('apps/kustomization.yaml:16:16');
    expect(placeIn(tree, 'web', ...containers, 0, 'image')).toBe('apps/web.yaml:11:18');
  });

  test('of what nobody wrote is the nearest thing around it', () => {
    const tree = treeOf({ ...cluster({ apps: ['./apps'] }), 'apps/web.yaml': deployment });
    expect(placeIn(tree, 'web', 'metadata', 'namespace')).toBe('apps/web.yaml:4:3');
    expect(placeIn(tree, 'web', 'spec', 'strategy', 'type')).toBe('apps/web.yaml:6:3');
  });

  test('counts the lines of schemas that are skipped', () => {
    const schema = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: as.x.io }
spec:
  versions:
    - schema:
        openAPIV3Schema:
          description: |
            spec:

              group: wrong
          type: object
      name: v1
  group: x.io
`;
    const tree = treeOf({ ...cluster({ apps: ['./apps'] }), 'apps/crd.yaml': schema });
    expect(placeIn(tree, 'as.x.io', 'spec', 'group')).toBe('apps/crd.yaml:14:10');
    expect(tree.nodes[1]?.resources[0]?.manifest).toMatchObject({
      spec: { group: 'x.io', versions: [{ name: 'v1' }] },
    });
  });
});

describe('a Kustomization of Flux', () => {
  test('is patched for each cluster from one base, and what the patch says holds', () => {
    const tree = treeOf({
      'cluster/kustomization.yaml': kustomization(
        ['../base'],
        'patches:\n  - target: { kind: Kustomization }\n    patch: |\n      - { op: add, path: /spec/wait, value: true }\n',
      ),
      'base/kustomization.yaml': kustomization(['apps.yaml']),
      'base/apps.yaml': flux('apps', './apps', '  wait: false\n'),
      'apps/web.yaml': deployment,
    });
    expect(tree.broken).toEqual([]);
    expect(tree.nodes.map(({ name, wait }) => [name, wait])).toEqual([
      ['flux-system', false],
      ['apps', true],
    ]);
  });

  test('writes its namespace, names, patches, images and components over its folder', () => {
    const more = `  targetNamespace: there
  namePrefix: p-
  images: [{ name: first, newTag: "2" }]
  components: [../part]
  patches:
    - patch: |
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec: { replicas: 2 }
`;
    const tree = treeOf({
      ...cluster({ apps: ['./apps', more] }),
      'apps/kustomization.yaml': kustomization(['web.yaml'], 'namespace: here\n'),
      'apps/web.yaml': deployment,
      'part/kustomization.yaml':
        'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [more.yaml]\n',
      'part/more.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: more }\n',
    });
    expect(tree.broken).toEqual([]);
    expect(
      tree.nodes[1]?.resources.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`),
    ).toEqual(['Deployment there/p-web', 'ConfigMap there/p-more']);
    expect(tree.nodes[1]?.resources[0]?.manifest).toMatchObject({
      spec: {
        replicas: 2,
        template: { spec: { containers: [{ image: 'first:2' }, { image: 'second:1' }] } },
      },
    });
  });

  test('of another source or another cluster is not looked at, and nothing of its path is said', () => {
    const other = (more: string) => flux('apps', './none', more);
    const ref = '  sourceRef: { kind: GitRepository, name: flux-system }\n';
    for (const text of [
      other('').replace(ref, '  sourceRef: { kind: OCIRepository, name: flux-system }\n'),
      other('').replace(ref, '  sourceRef: { kind: GitRepository, name: other }\n'),
      other('  kubeConfig: { secretRef: { name: x } }\n'),
    ]) {
      const tree = treeOf({ 'cluster/apps.yaml': text });
      expect(tree.broken).toEqual([]);
      expect(tree.nodes[1]).toMatchObject({ name: 'apps', whole: false, resources: [] });
    }
    expect(treeOf({ 'cluster/apps.yaml': other('') }).broken).toHaveLength(1);
  });

  test('is followed where the entry holds itself once more, as flux bootstrap writes it', () => {
    const tree = treeOf({
      'cluster/flux-system/gotk-sync.yaml': flux(
        'flux-system',
        './cluster',
        '  postBuild: { substitute: { folder: apps } }\n',
      ),
      'cluster/apps.yaml': flux('apps', './apps'),
      'apps/web.yaml': deployment,
    });
    expect(tree.nodes.map(({ name }) => name)).toEqual(['flux-system', 'apps']);
    expect(tree.nodes[0]?.substitutes).toBe(true);
  });
});
