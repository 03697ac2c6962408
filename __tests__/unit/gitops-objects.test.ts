import { describe, expect, test } from 'vitest';
import { lint } from '../../src/gitops/lint.ts';
import type { Rule } from '../../src/gitops/model.ts';
import { apiNotServed } from '../../src/gitops/rules/api-not-served.ts';
import { imageUnpinned } from '../../src/gitops/rules/image-unpinned.ts';
import { initWithoutRbac } from '../../src/gitops/rules/init-without-rbac.ts';
import { secretInClear } from '../../src/gitops/rules/secret-in-clear.ts';
import { kustomization, type Written } from '../support/gitops/files.ts';
import { flux, shownFindings, treeOf } from '../support/gitops/linted.ts';

/** What a rule finds in an `apps` folder that the cluster applies, at its place in the files. */
function found(rule: Rule, apps: Written, more = ''): string[] {
  const files = Object.fromEntries(Object.entries(apps).map(([path, text]) => [`apps/${path}`, text]));
  const cluster = {
    'cluster/kustomization.yaml': kustomization(['apps.yaml']),
    'cluster/apps.yaml': flux('apps', './apps', more),
  };
  const tree = treeOf({ ...cluster, ...files });
  expect(tree.broken).toEqual([]);
  return shownFindings(lint(tree, [rule]));
}

const encrypted = 'ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=,type:str]';

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
  namespace: flux-system
spec:
  template:
    spec:
      containers:
        # The comment counts no line away.
        - name: app
          image: docker.io/app/app:1.2.3
`;

describe('the rules of objects, in the files of a tree', () => {
  test('find what a generator makes, at its line of the kustomization', () => {
    const generator = (literal: string) =>
      kustomization([], `secretGenerator:\n  - name: db\n    literals:\n      - ${literal}\n`);
    expect(found(secretInClear, { 'kustomization.yaml': generator('password=hunter2') })).toEqual([
      'apps/kustomization.yaml:4:5 secret-in-clear',
    ]);
    expect(found(secretInClear, { 'kustomization.yaml': generator('password=changeme') })).toEqual([]);
  });

  test('know a file that SOPS encrypted from one that it did not', () => {
    const generator = kustomization([], 'secretGenerator:\n  - name: db\n    files: [values.yaml]\n');
    const file = (value: string) => ({ 'kustomization.yaml': generator, 'values.yaml': value });
    const sops = `password: ${encrypted}\nsops:\n  mac: ${encrypted}\n  version: 3.9.0\n`;
    expect(found(secretInClear, file(sops))).toEqual([]);
    expect(found(secretInClear, file(`${sops}second_password: hunter2\n`))).toHaveLength(1);
    expect(found(secretInClear, file('password: hunter2\n'))).toHaveLength(1);
  });

  test('look into lists', () => {
    const list = `apiVersion: v1
kind: List
items:
  - apiVersion: external-secrets.io/v1beta1
    kind: ExternalSecret
    metadata: { name: a, namespace: flux-system }
`;
    const files = { 'kustomization.yaml': kustomization(['list.yaml']), 'list.yaml': list };
    expect(found(apiNotServed, files)).toEqual(['apps/list.yaml:4:17 api-not-served']);
  });

  test('judge what patches make of an object, and tell of the patch', () => {
    const patched = (image: string) => ({
      'kustomization.yaml': kustomization(['app.yaml'], 'patches:\n  - path: patch.yaml\n'),
      'app.yaml': deployment,
      'patch.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: { name: app, namespace: flux-system }
spec: { template: { spec: { containers: [{ name: app, image: "${image}" }] } } }
`,
    });
    expect(found(imageUnpinned, patched('docker.io/app/app:latest'))).toEqual([
      'apps/patch.yaml:4:62 image-unpinned',
    ]);
    expect(found(imageUnpinned, patched('docker.io/app/app:1.2.4'))).toEqual([]);
  });

  test('judge an image by the tag that Flux or Kustomize gives it', () => {
    const files = { 'kustomization.yaml': kustomization(['app.yaml']), 'app.yaml': deployment };
    const images = (tag: string) => `  images: [{ name: docker.io/app/app, newTag: ${tag} }]\n`;
    expect(found(imageUnpinned, files, images('latest'))).toHaveLength(1);
    expect(found(imageUnpinned, files, images('1.2.4'))).toEqual([]);
    expect(found(imageUnpinned, files)).toEqual([]);
  });

  test('tell once of a base that two Kustomizations apply', () => {
    const app = deployment.replace('1.2.3', 'latest');
    const tree = treeOf({
      'cluster/kustomization.yaml': kustomization(['apps.yaml', 'more.yaml']),
      'cluster/apps.yaml': flux('apps', './apps'),
      'cluster/more.yaml': flux('more', './more'),
      'apps/kustomization.yaml': kustomization(['app.yaml']),
      'apps/app.yaml': app,
      'more/kustomization.yaml': kustomization(['../apps']),
    });
    expect(shownFindings(lint(tree, [imageUnpinned]))).toEqual(['apps/app.yaml:12:18 image-unpinned']);
  });

  test('miss nothing that may lie in another source', () => {
    const init = deployment.replace(
      'containers:',
      'serviceAccountName: app\n      initContainers: [{ name: w, image: registry.k8s.io/kubectl:v1.34.1, args: [get, secret, x] }]\n      containers:',
    );
    const files: Written = {
      'cluster/kustomization.yaml': kustomization(['apps.yaml']),
      'cluster/apps.yaml': flux('apps', './apps'),
      'apps/kustomization.yaml': kustomization(['app.yaml']),
      'apps/app.yaml': init,
    };
    expect(lint(treeOf(files), [initWithoutRbac])).toHaveLength(1);
    const elsewhere = flux('others', './rbac').replace('name: flux-system }', 'name: others }');
    const more = {
      'cluster/kustomization.yaml': kustomization(['apps.yaml', 'others.yaml']),
      'cluster/others.yaml': elsewhere,
    };
    expect(lint(treeOf({ ...files, ...more }), [initWithoutRbac])).toEqual([]);
    // An operator's CRDs, from its own repository, are no account of ours.
    const crds = { ...more, 'cluster/others.yaml': elsewhere.replace('./rbac', './deploy/crds') };
    expect(lint(treeOf({ ...files, ...crds }), [initWithoutRbac])).toHaveLength(1);
  });
});
