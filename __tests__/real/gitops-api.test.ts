import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../src/command.ts';
import { openTestBox, type TestBox } from '../support/box.ts';
import { expectCode } from '../support/codes.ts';
import {
  applied,
  boxVariables,
  built,
  type FluxKustomization,
  fluxKustomizations,
  type Manifest,
  nodeVariables,
  podTemplateOf,
  substituted,
} from '../support/reference-tree.ts';
import { tool } from '../support/tools.ts';

let world: TestBox;
let folder: string;
let kubectl: (args: readonly string[], input?: readonly Manifest[]) => ReturnType<typeof capture>;
let kustomizations: Map<string, FluxKustomization>;
const contents = new Map<string, Manifest[]>();

/** The CRDs that the API server is given: all are upstream's own, but that of PostgresCluster, which is no Go module. */
async function crdFolders(): Promise<string[]> {
  const assets = async (name: 'external-secrets' | 'source-controller' | 'kustomize-controller') =>
    join(dirname(await tool(name)), 'crds');
  const said = await capture('go', [
    'mod',
    'download',
    '-json',
    'github.com/cert-manager/cert-manager@v1.21.1',
  ]);
  const { Dir: module } = JSON.parse(said.stdout) as { Dir: string };
  return [
    await assets('external-secrets'),
    await assets('source-controller'),
    await assets('kustomize-controller'),
    join(module, 'deploy/crds'),
    join(import.meta.dirname, '../../castle/gitops/clusters/box/crds/postgres-operator'),
  ];
}

beforeAll(async () => {
  world = await openTestBox();
  await world.machine();
  folder = await mkdtemp(join(tmpdir(), 'phoenix-gitops-'));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, await world.kubeconfig(), { mode: 0o600 });
  const file = await tool('kubectl');
  kubectl = (args, input) =>
    capture(file, [`--kubeconfig=${kubeconfig}`, `--cache-dir=${folder}/cache`, ...args], {
      ...(input === undefined
        ? {}
        : { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: input }) }),
    });
  for (const crds of await crdFolders()) {
    const files = (await readdir(crds)).filter(
      (name) => name.endsWith('.yaml') && name !== 'kustomization.yaml',
    );
    const named = files.map((name) => `--filename=${join(crds, name)}`);
    expectCode(await kubectl(['apply', '--server-side', ...named]), 0);
  }
  expectCode(await kubectl(['wait', '--for=condition=Established', 'crd', '--all']), 0);
  expectCode(await kubectl(['create', 'namespace', 'flux-system']), 0);

  const variables = await boxVariables();
  kustomizations = await fluxKustomizations('tazlab');
  for (const [name, one] of kustomizations) contents.set(name, substituted(await applied(one), variables));
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const apply = ['apply', '--server-side', '--filename=-'];

describe('a real API server with the real CRDs', () => {
  it('takes the castle’s Kustomizations and sources without a word', async () => {
    const cluster = await built('clusters/tazlab');
    expect(await kubectl([...apply, '--dry-run=server'], cluster)).toMatchObject({ code: 0, stderr: '' });
  });

  it('takes all that they apply, in an order in which what an object needs is there before it', async () => {
    const names = [...kustomizations.keys()].filter((name) => name !== 'operators-namespaces');
    for (const name of ['operators-namespaces', ...names]) {
      // Nothing answers for the webhook here.
      const manifests = (contents.get(name) ?? []).filter(
        ({ kind }) => !kind.endsWith('WebhookConfiguration'),
      );
      if (manifests.length === 0) continue;
      expect(await kubectl(apply, manifests), name).toMatchObject({ code: 0, stderr: '' });
    }
    const webhooks = [...contents.values()]
      .flat()
      .filter(({ kind }) => kind.endsWith('WebhookConfiguration'));
    expect(webhooks).toHaveLength(2);
    expect(await kubectl([...apply, '--dry-run=server'], webhooks)).toMatchObject({ code: 0, stderr: '' });
  });

  it('takes all of the castle with a real node, in an order in which what an object needs is there before it', async () => {
    const cluster = await built('clusters/node');
    expect(await kubectl([...apply, '--dry-run=server'], cluster)).toMatchObject({ code: 0, stderr: '' });
    const variables = await nodeVariables();
    const workloads: Manifest[] = [];
    for (const name of ['operators-namespaces', 'configs', 'instances', 'apps-static', 'apps-data']) {
      const one = cluster.find(({ metadata }) => metadata.name === name) as FluxKustomization;
      const manifests = substituted(await applied(one), variables);
      workloads.push(...manifests.filter((manifest) => podTemplateOf(manifest) !== undefined));
      expect(await kubectl([...apply, '--dry-run=server'], manifests), name).toMatchObject({
        code: 0,
        stderr: '',
      });
    }
    expect(workloads.map(({ kind }) => kind).sort()).toEqual([
      ...['Deployment', 'Deployment', 'Deployment', 'StatefulSet'],
    ]);
    for (const namespace of ['blog', 'tazlab-db'])
      await kubectl(['create', 'serviceaccount', 'default', `--namespace=${namespace}`]);
    for (const manifest of workloads) {
      const { spec } = podTemplateOf(manifest) as unknown as { spec: { volumes: object[] } };
      // Of the claims, which a controller would make.
      const volumes = [
        ...spec.volumes,
        ...(manifest.kind === 'StatefulSet' ? [{ name: 'data', emptyDir: {} }] : []),
      ];
      const { name, namespace } = manifest.metadata;
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace },
        spec: { ...spec, volumes },
      };
      const create = ['create', '--dry-run=server', '--filename=-'];
      expect(await kubectl(create, [pod as unknown as Manifest]), name).toMatchObject({
        code: 0,
        stderr: '',
      });
    }
  });

  it('finds no field in them that it does not know', async () => {
    const [issuer] = contents.get('issuers') ?? [];
    const typo = { ...issuer, spec: { acme: { sever: 'https://acme.box.invalid' } } } as unknown as Manifest;
    const { code, stderr } = await kubectl([...apply, '--dry-run=server'], [typo]);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('sever') });
  });

  it('admits the pod of every workload into its namespace, which demands the restricted standard', async () => {
    const workloads = [...contents.values()].flat().flatMap((manifest) => {
      const template = podTemplateOf(manifest);
      const { name, namespace = '' } = manifest.metadata;
      const metadata = { ...template?.metadata, name, namespace };
      return template === undefined
        ? []
        : [{ apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec } as unknown as Manifest];
    });
    expect(workloads.length).toBeGreaterThan(6);
    // The blog's pod has the account that every namespace gets, by a controller that does not run here.
    await kubectl(['create', 'serviceaccount', 'default', '--namespace=blog']);
    const create = ['create', '--dry-run=server', '--filename=-'];
    for (const pod of workloads)
      expect(await kubectl(create, [pod]), pod.metadata.name).toMatchObject({ code: 0, stderr: '' });

    const [pod] = workloads;
    const lax = { ...pod, spec: { ...pod?.spec, hostNetwork: true } } as Manifest;
    expect((await kubectl(create, [lax])).stderr).toContain('violates PodSecurity');
  });
});
