// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Flux writes its own so.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readImage } from '../../src/gitops/image.ts';
import { imageDead } from '../../src/gitops/rules/image-dead.ts';
import { imageUnpinned } from '../../src/gitops/rules/image-unpinned.ts';
import { treeOf } from '../support/gitops-tree.ts';

const digest = `sha256:${'0a'.repeat(32)}`;

const pod = (image: string) => `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db, namespace: db }
spec: { template: { spec: { containers: [{ name: db, image: ${JSON.stringify(image)} }] } } }
`;

const release = (values: string) => `
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: app, namespace: apps }
spec:
  values:
${values.replace(/^/gm, '    ')}
`;

describe('image-unpinned', () => {
  const found = (yaml: string, extra?: Parameters<typeof treeOf>[1]) =>
    imageUnpinned.look(treeOf(yaml, extra));

  test.each(['nginx', 'nginx:latest', 'ghcr.io/x/y', 'localhost:5000/x', 'registry.k8s.io/kubectl:latest'])(
    'finds %s, which is another image tomorrow',
    (image) => {
      expect(found(pod(image))).toMatchObject([
        { severity: 'error', at: { file: 'spec.template.spec.containers.0.image' } },
      ]);
    },
  );

  test.each([
    'x/y:stable',
    'x/y:main',
    'postgres:16',
    'postgres:16-alpine',
    'x/y:edge-arm',
    'x/y:v2',
    'x/y:latest-pg16',
  ])('warns of %s, whose tag moves', (image) => {
    expect(found(pod(image))).toMatchObject([{ severity: 'warning' }]);
  });

  test.each([
    'nginx:1.27.5',
    'nginx:1.27',
    'registry.k8s.io/kubectl:v1.34.1',
    'x/y:2025.11.2',
    'x/y:20251127',
    'x/y:sha-0a1b2c3',
    'x/y:mainframe-1.2',
    'registry.example.org:5000/x/y:16.4-alpine',
    'registry.developers.crunchydata.com/crunchydata/postgres-operator:ubi9-5.8.2-0',
    `nginx@${digest}`,
    `nginx:latest@${digest}`,
  ])('lets %s be', (image) => {
    expect(found(pod(image))).toEqual([]);
  });

  test('judges a variable by what Flux puts there, and not at all where that is not known', () => {
    const yaml = pod('nginx:${TAG}');
    expect(found(yaml, { substitute: { TAG: 'latest' } })).toHaveLength(1);
    expect(found(yaml, { substitute: { TAG: '1.27.5' } })).toEqual([]);
    expect(found(yaml, { substitute: {} })).toEqual([]);
    expect(found(pod('nginx:${TAG:=latest}'), { substitute: {} })).toHaveLength(1);
    expect(
      found(pod('nginx:${TAG:=latest}'), {
        substituteFrom: [{ kind: 'ConfigMap', name: 'v', optional: false }],
      }),
    ).toEqual([]);
  });

  test('looks into the values of charts where they can mean nothing else', () => {
    expect(found(release('image: { registry: ghcr.io, repository: x/y, tag: latest }'))).toMatchObject([
      { what: expect.stringContaining('ghcr.io/x/y:latest'), at: { file: 'spec.values.image.tag' } },
    ]);
    expect(found(release('init:\n  - image: "x/y:main"'))).toHaveLength(1);
    for (const values of [
      'image: { repository: x/y, tag: "" }',
      'image: { repository: x/y }',
      'image: { repository: x/y, tag: v1.2.3 }',
      'image: x/y',
      'tag: latest',
      'image: { repository: x/y, tag: latest, digest: "DIGEST" }'.replace('DIGEST', digest),
    ])
      expect(found(release(values))).toEqual([]);
  });

  test('looks at the images that a custom resource names', () => {
    const cluster = (image: string) => `
apiVersion: postgres-operator.crunchydata.com/v1beta1
kind: PostgresCluster
metadata: { name: db, namespace: db }
spec: { image: ${JSON.stringify(image)}, instances: [{ containers: [{ image: "x/y:1.0.0" }] }] }
`;
    expect(found(cluster('registry.example.org/crunchy-postgres:latest'))).toHaveLength(1);
    expect(found(cluster('registry.example.org/crunchy-postgres:ubi9-16.10-2534'))).toEqual([]);
    expect(found(cluster('some-word'))).toEqual([]);
    expect(found(cluster('x/y:1.0.0').replace('image: "x/y:1.0.0" }]', 'image: bare }]'))).toMatchObject([
      { what: expect.stringContaining('The field spec.instances.0.containers.0.image') },
    ]);
  });
});

describe('image-dead', () => {
  const found = (image: string) => imageDead.look(treeOf(pod(image)));

  test.each([
    ['bitnami/kubectl:1.31.2', 'error'],
    ['docker.io/bitnami/postgresql:16', 'error'],
    ['bitnami/kubectl:latest', 'warning'],
    [`bitnami/kubectl:1.31.2@${digest}`, 'warning'],
    ['bitnamilegacy/kubectl:1.31.2', 'warning'],
    ['gcr.io/kubebuilder/kube-rbac-proxy:v0.8.0', 'error'],
    ['k8s.gcr.io/pause:3.6', 'warning'],
    ['gcr.io/google-containers/pause:3.1', 'warning'],
    ['docker.pkg.github.com/x/y/z:1.0.0', 'error'],
    ['registry.opensource.zalan.do/acid/postgres-operator:v1.10.0', 'warning'],
  ])('finds %s as a %s', (image, severity) => {
    expect(found(image)).toMatchObject([{ severity, fix: expect.stringMatching(/^(?:Use|Write) /) }]);
  });

  test.each([
    'registry.example.org/bitnami/kubectl:1.31.2',
    'docker.io/bitnamicharts/x:1.0.0',
    'quay.io/coreos/etcd:v3.6.1',
    'gcr.io/distroless/static:nonroot-1',
    'quay.io/brancz/kube-rbac-proxy:v0.19.1',
  ])('lets %s be', (image) => {
    expect(found(image)).toEqual([]);
  });

  test('looks into the values of charts too', () => {
    const yaml = release('image: { repository: bitnami/redis, tag: 7.2.4 }');
    expect(imageDead.look(treeOf(yaml))).toHaveLength(1);
  });
});

describe('an image', () => {
  test('is read back from its parts, whatever they are', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
    const registry = fc.constantFrom('', 'ghcr.io/', 'localhost/', 'registry.example.org:5000/');
    fc.assert(
      fc.property(
        registry,
        fc.array(word, { minLength: 1, maxLength: 3 }),
        fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}$/), { nil: undefined }),
        fc.option(fc.constant(digest), { nil: undefined }),
        (host, path, tag, sum) => {
          const text = `${host}${path.join('/')}${tag === undefined ? '' : `:${tag}`}${sum === undefined ? '' : `@${sum}`}`;
          const image = readImage(text);
          expect(image).toMatchObject({ registry: host === '' ? 'docker.io' : host.slice(0, -1) });
          expect(image?.tag).toBe(tag);
          expect(image?.digest).toBe(sum);
          expect(image?.repository.endsWith(path.join('/'))).toBe(true);
        },
      ),
    );
  });

  test('is not what is no reference', () => {
    for (const text of ['', 'a b', 'https://x/y', 'x:y:z', '${IMAGE}', '{{ .Values.image }}', 'UPPER /x'])
      expect(readImage(text)).toBeUndefined();
  });
});
