import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  applied,
  boxVariables,
  built,
  type FluxKustomization,
  fluxKustomizations,
  gitopsRoot,
  kustomizedFolders,
  type Manifest,
  nodeVariables,
  podTemplateOf,
  waitsFor,
} from '../support/reference-tree.ts';

const clusters = ['tazlab', 'tazlab-first', 'box'];
const all = [...clusters, 'node'];
const kustomizations = new Map<string, Map<string, FluxKustomization>>();
const contents = new Map<string, Manifest[]>();

beforeAll(async () => {
  for (const cluster of all) {
    const own = await fluxKustomizations(cluster);
    kustomizations.set(cluster, own);
    for (const one of own.values()) contents.set(`${cluster}/${one.metadata.name}`, await applied(one));
  }
});

it('every folder of the tree is built by the real kubectl', async () => {
  const folders = await kustomizedFolders();
  expect(folders).toEqual(expect.arrayContaining(['clusters/box', 'clusters/tazlab', 'apps/static']));
  for (const folder of folders) expect(await built(folder), folder).not.toEqual([]);
});

describe.each(clusters)('the Kustomizations of %s', (cluster) => {
  const all = () => kustomizations.get(cluster) ?? new Map<string, FluxKustomization>();
  const inside = (name: string) => contents.get(`${cluster}/${name}`) ?? [];

  it('never wait for one another, nor for one that is not there', () => {
    for (const name of all().keys())
      for (const other of waitsFor(name, all())) expect([...all().keys()]).toContain(other);
  });

  it('try again within seconds, and have a deadline', () => {
    for (const [name, { spec }] of all()) {
      expect(Number(/^(\d+)s$/.exec(spec.retryInterval ?? '')?.[1] ?? 3600), name).toBeLessThanOrEqual(10);
      expect(spec.timeout, name).toMatch(/^\d+m$/);
    }
  });

  it('bring the blog as soon as there are namespaces, which are all that it waits for', () => {
    expect([...waitsFor('apps-static', all())]).toEqual(['operators-namespaces']);
    expect(new Set(inside('operators-namespaces').map(({ kind }) => kind))).toEqual(new Set(['Namespace']));
    const kinds = new Set(inside('apps-static').map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(['ConfigMap', 'Deployment', 'Service', 'Ingress']));
    const waits = inside('apps-static').flatMap(
      (manifest) => podTemplateOf(manifest)?.spec.initContainers ?? [],
    );
    expect(waits).toEqual([]);
  });

  it('do not keep Traefik, which the blog is reached through, from starting with it', () => {
    expect([...waitsFor('operators-core', all())]).toEqual(['operators-namespaces']);
    expect(inside('operators-core').map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toContain(
      'Deployment traefik',
    );
  });

  it('apply an object of an operator’s kind only after the kind', () => {
    const givers = new Map([
      ['cert-manager.io', 'operators-crds-core'],
      ['postgres-operator.crunchydata.com', 'operators-crds-data'],
    ]);
    const found = new Set<string>();
    for (const name of all().keys()) {
      for (const { apiVersion } of inside(name)) {
        const giver = givers.get(apiVersion.split('/')[0] ?? '');
        if (giver === undefined) continue;
        found.add(giver);
        expect([...waitsFor(name, all())], name).toContain(giver);
        expect(all().get(giver)?.spec.wait, giver).toBe(true);
      }
    }
    expect(found).toEqual(new Set(givers.values()));
  });

  it('use a namespace only after it is made', () => {
    const made = inside('operators-namespaces').map(({ metadata }) => metadata.name);
    for (const name of all().keys()) {
      const used = inside(name).map(({ metadata }) => metadata.namespace ?? '');
      if (!used.some((namespace) => made.includes(namespace))) continue;
      expect([...waitsFor(name, all())], name).toContain('operators-namespaces');
    }
  });

  it('never delete a database, by pruning it or its kind', () => {
    for (const name of ['instances', 'operators-crds-core', 'operators-crds-data'])
      expect(all().get(name)?.spec.prune, name).toBe(false);
  });

  it('name variables that the box gives, and only where Flux substitutes', async () => {
    const given = await boxVariables();
    for (const [name, { spec }] of all()) {
      const text = JSON.stringify(inside(name).filter(({ metadata }) => metadata.annotations === undefined));
      const used = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, variable]) => variable);
      if (spec.postBuild === undefined) expect(used, name).toEqual([]);
      for (const variable of used) expect([...given.keys()], name).toContain(variable);
    }
  });
});

describe('the Kustomizations of the castle with a real node', () => {
  const own = () => kustomizations.get('node') ?? new Map<string, FluxKustomization>();
  const inside = (name: string) => contents.get(`node/${name}`) ?? [];
  const waits = (name: string) => [...waitsFor(name, own())].sort();

  it('bring the blog without waiting for anything but namespaces, and reach it by an address of its own', () => {
    expect(waits('apps-static')).toEqual(['operators-namespaces']);
    expect(inside('apps-static').map(({ kind }) => kind)).toEqual(['Service', 'Deployment']);
    expect(inside('apps-static')[0]?.spec).toMatchObject({ type: 'LoadBalancer' });
  });

  it('let both clients of the database wait in their pods, each for the Secret that it reads', () => {
    expect(waits('apps-data')).toEqual(['configs', 'operators-namespaces']);
    const pods = inside('apps-data').flatMap((manifest) => podTemplateOf(manifest)?.spec ?? []);
    expect(pods).toHaveLength(2);
    for (const { initContainers = [], containers, serviceAccountName } of pods) {
      const [, secret = ''] = /"name":"(tazlab-db-pguser-\w+)"/.exec(JSON.stringify(containers)) ?? [];
      expect(initContainers[0]?.args).toContain(`secret/${secret}`);
      const role = inside('apps-data').find(
        ({ kind, metadata }) => kind === 'Role' && metadata.name === serviceAccountName,
      );
      expect(role).toMatchObject({ rules: [{ resourceNames: [secret], verbs: ['get'] }] });
    }
  });

  it('keep the database from being pruned, and say Ready of it only when it is', () => {
    expect(waits('instances')).toEqual(['configs', 'operators-namespaces']);
    expect(own().get('instances')?.spec).toMatchObject({
      prune: false,
      healthChecks: [{ kind: 'StatefulSet', name: 'tazlab-db' }],
    });
  });

  it('take no image from a registry, and nothing from another repository', () => {
    for (const [name, { spec }] of own()) {
      expect(spec.sourceRef.name).toBe('flux-system');
      const text = JSON.stringify(inside(name));
      const images = [...text.matchAll(/"image":"([^"]+)"/g)].map(([, image]) => image);
      for (const image of images) expect(image).toMatch(/^phoenix\.box\//);
      expect([...text.matchAll(/"imagePullPolicy":"Never"/g)]).toHaveLength(images.length);
    }
  });

  it('name variables that the castle file says are given, and only where Flux substitutes', async () => {
    const castle = parse(await readFile(join(gitopsRoot, '../live/box/node.yaml'), 'utf8'));
    const given: string[] = castle.gitops.given['config-maps']['flux-system/cluster-vars'];
    expect([...(await nodeVariables()).keys()]).toEqual(expect.arrayContaining(given));
    const found = new Set<string>();
    for (const [name, { spec }] of own()) {
      const texts = inside(name).filter(
        ({ metadata }) => metadata.annotations?.['kustomize.toolkit.fluxcd.io/substitute'] !== 'disabled',
      );
      const used = [...JSON.stringify(texts).matchAll(/\$\{(\w+)\}/g)].map(([, variable = '']) => variable);
      if (spec.postBuild === undefined) expect(used, name).toEqual([]);
      for (const variable of used) found.add(variable);
    }
    expect(given).toEqual(expect.arrayContaining([...found]));
  });
});

it('the first birth differs from the later ones in the restore, and in nothing else', async () => {
  const without = (cluster: string) =>
    [...(kustomizations.get(cluster)?.values() ?? [])].map(({ spec: { path, ...spec }, metadata }) =>
      metadata.name === 'instances' ? { metadata, spec } : { metadata, spec, path },
    );
  expect(without('tazlab-first')).toEqual(without('tazlab'));
  const database = (cluster: string) => {
    const [found, ...others] = contents.get(`${cluster}/instances`) ?? [];
    expect(others).toEqual([]);
    return found;
  };
  const { dataSource, ...spec } = database('tazlab')?.spec ?? {};
  expect(dataSource).toMatchObject({ pgbackrest: { stanza: 'db' } });
  expect(database('tazlab-first')?.spec).toEqual(spec);
});

it('what upstream’s folders hold is applied as an account that may write CRDs, and delete nothing', async () => {
  const upstreams = [...(kustomizations.get('tazlab')?.values() ?? [])].filter(
    ({ spec }) => spec.sourceRef.name !== 'flux-system',
  );
  expect(upstreams.map(({ spec }) => spec.serviceAccountName)).toEqual(['crds', 'crds']);
  const all = await built('clusters/tazlab');
  expect(all.find(({ kind }) => kind === 'ClusterRole')).toMatchObject({
    rules: [
      {
        apiGroups: ['apiextensions.k8s.io'],
        resources: ['customresourcedefinitions'],
        verbs: ['get', 'list', 'watch', 'create', 'update', 'patch'],
      },
    ],
  });
});

describe('the images of the tree', () => {
  const images = () =>
    // The node has its own, by names that no registry serves.
    [...contents]
      .flatMap(([of, manifests]) => (of.startsWith('node/') ? [] : manifests))
      .flatMap((manifest) => {
        const { initContainers = [], containers = [] } = podTemplateOf(manifest)?.spec ?? {};
        const named = [...JSON.stringify(manifest).matchAll(/"image":"([^"]+)"/g)].map(
          ([, image]) => image ?? '',
        );
        return [...new Set([...named, ...[...initContainers, ...containers].map(({ image }) => image)])];
      });

  it('are all pinned: a registry, a version, and a digest that is whole where there is one', () => {
    expect(images().length).toBeGreaterThan(10);
    for (const image of images())
      expect(image).toMatch(/^[\w-]+(\.[\w-]+)+\/[\w./-]+:v?[\w.-]*\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$/);
  });

  it('are of the version that their CRDs come from', async () => {
    const sources = await readFile(join(gitopsRoot, 'clusters/base/sources.yaml'), 'utf8');
    const versions = [...sources.matchAll(/tag: v(\S+) # [0-9a-f]{40}/g)].map(([, version]) => version);
    expect(versions).toHaveLength(2);
    const [certManager = '', postgresOperator = ''] = versions;
    for (const part of ['controller', 'webhook', 'cainjector'])
      expect(
        images().some((image) => image.includes(`/cert-manager-${part}:v${certManager}@`)),
        part,
      ).toBe(true);
    expect(images().some((image) => image.includes(`/postgres-operator:ubi9-${postgresOperator}-`))).toBe(
      true,
    );
  });
});
