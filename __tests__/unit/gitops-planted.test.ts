import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadCastle } from '../../src/castle/load.ts';
import { castleTree } from '../../src/gitops/castle.ts';
import { lint } from '../../src/gitops/lint.ts';
import { temporaryFolder } from '../support/folder.ts';

const reference = join(import.meta.dirname, '../../castle');

/** What the lint finds in a copy of the reference castle after the edit, as `RULE FILE`; the edit must change the file. */
async function foundAfter(file: string, edit: (text: string) => string): Promise<string[]> {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.dir, '.git'));
  for (const part of ['gitops', 'live/tazlab'])
    await cp(join(reference, part), join(folder.dir, part), { recursive: true });
  const path = join(folder.dir, file);
  const text = await readFile(path, 'utf8');
  const edited = edit(text);
  expect(edited).not.toBe(text);
  if (edited === '') await rm(path);
  else await writeFile(path, edited);
  const castle = await loadCastle(join(folder.dir, 'live/tazlab/phoenix.yaml'));
  if (castle.gitops === undefined) throw new Error('the castle has no gitops');
  return lint(castleTree(castle, castle.gitops)).map(({ rule, at }) => `${rule} ${at.file}`);
}

const base = (name: string) => `gitops/clusters/base/${name}.yaml`;
const infrastructure = (name: string) => `gitops/infrastructure/${name}.yaml`;
const replacing = (from: string | RegExp, to: string) => (text: string) => text.replace(from, to);

describe('in the reference castle', () => {
  test('the lint finds nothing', async () => {
    expect(await foundAfter('gitops/README.md', replacing('# ', '## '))).toEqual([]);
  });

  test('it finds nothing in the tree of the very first birth either', async () => {
    const first = replacing(/entry: clusters\/tazlab\n/, 'entry: clusters/tazlab-first\n');
    expect(await foundAfter('live/tazlab/phoenix.yaml', first)).toEqual([]);
  });

  test.each([
    [
      'path-not-a-folder',
      base('apps-static'),
      replacing('./apps/static', './apps/static/kustomization.yaml'),
    ],
    ['path-not-a-folder', base('apps-data'), replacing('./apps/data', './apps/date')],
    ['no-kustomization', 'gitops/apps/base/hugo-blog/kustomization.yaml', () => ''],
    ['broken-reference', 'gitops/apps/static/kustomization.yaml', replacing('hugo-blog', 'Hugo-blog')],
    ['depends-on-unknown', base('apps-data'), replacing('name: configs', 'name: config')],
    [
      'depends-on-cycle',
      base('operators-namespaces'),
      replacing('spec:\n', 'spec:\n  dependsOn:\n    - name: apps-static\n'),
    ],
    [
      'fast-track-on-data',
      base('apps-static'),
      replacing('- name: operators-namespaces', '- name: operators-namespaces\n    - name: instances'),
    ],
    [
      'api-not-served',
      infrastructure('configs/pgadmin-admin'),
      replacing('external-secrets.io/v1', 'external-secrets.io/v1beta1'),
    ],
    [
      'flux-secret-username',
      infrastructure('configs/pgadmin-admin'),
      (text: string) =>
        `${text}---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: token\n  namespace: flux-system\nspec:\n  secretStoreRef: { kind: ClusterSecretStore, name: tazlab-secrets }\n  target: { name: upstream, template: { data: { password: "{{ .password }}" } } }\n  data:\n    - { secretKey: password, remoteRef: { key: GITHUB_TOKEN } }\n---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: { name: upstream, namespace: flux-system }\nspec: { interval: 1h, url: "https://example.org/x", secretRef: { name: upstream } }\n`,
    ],
    [
      'image-unpinned',
      'gitops/apps/base/hugo-blog/deployment.yaml',
      replacing(/nginx-unprivileged:\S+/, 'nginx-unprivileged:latest'),
    ],
    [
      'image-dead',
      'gitops/apps/base/pgadmin/deployment.yaml',
      replacing(/image: registry\.k8s\.io\/kubectl:\S+/, 'image: bitnami/kubectl:1.34.1'),
    ],
    ['init-no-deadline', 'gitops/apps/base/pgadmin/deployment.yaml', replacing(/^ +- --timeout=.*\n/m, '')],
    [
      'init-without-rbac',
      'gitops/apps/base/mnemosyne-mcp/rbac.yaml',
      replacing('kind: ServiceAccount\n    name: mnemosyne-mcp', 'kind: ServiceAccount\n    name: mnemosyne'),
    ],
    ['rbac-too-much', 'gitops/apps/base/mnemosyne-mcp/rbac.yaml', replacing(/ {4}resourceNames:.*\n/, '')],
    ['load-balancer-without-pool', 'live/tazlab/phoenix.yaml', replacing(/^ {4}pools:.*\n/m, '')],
    [
      'load-balancer-without-pool',
      infrastructure('operators/traefik/service'),
      replacing(/\$\{load_balancer_address\}/, '198.51.100.7'),
    ],
    ['substitution-missing', 'live/tazlab/phoenix.yaml', replacing(/^ +- blog_host\n/m, '')],
    [
      'namespace-before',
      infrastructure('operators/namespaces/namespaces'),
      replacing('name: blog', 'name: blogs'),
    ],
    [
      'secret-in-clear',
      'gitops/apps/base/hugo-blog/site.yaml',
      (text: string) =>
        `${text}---\napiVersion: v1\nkind: Secret\nmetadata: { name: s, namespace: blog }\nstringData: { token: hunter2-and-more }\n`,
    ],
    [
      'restore-trap',
      infrastructure('instances/restored/restore'),
      replacing(/repo1-path: \/\S+?\//, 'repo1-path: '),
    ],
    ['retry-interval-missing', base('configs'), replacing(/ +retryInterval:.*\n/, '')],
    ['timeout-missing', base('operators-core'), replacing(/ +timeout:.*\n/, '')],
    [
      'milestone-unknown',
      'live/tazlab/phoenix.yaml',
      replacing('kustomization: apps-static', 'kustomization: app-static'),
    ],
    [
      'cr-beside-crd',
      'gitops/apps/base/hugo-blog/site.yaml',
      (text: string) =>
        `${text}---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: things.example.org }\nspec: { group: example.org, names: { kind: Thing, plural: things }, scope: Namespaced, versions: [{ name: v1, served: true, storage: true }] }\n---\napiVersion: example.org/v1\nkind: Thing\nmetadata: { name: t, namespace: blog }\n`,
    ],
  ])('a planted %s is found (%s)', async (rule, file, edit) => {
    const found = await foundAfter(file, edit);
    expect(found.map((each) => each.split(' ')[0])).toContain(rule);
  });
});
