import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectCode } from '../support/codes.ts';
import { crdsOf, type ModuleCluster, openModuleCluster } from '../support/module-cluster.ts';
import { warmTools } from '../support/world.ts';

let cluster: ModuleCluster;

beforeAll(async () => {
  await warmTools(['etcd', 'kube-apiserver', 'kubectl', 'tofu']);
  cluster = await openModuleCluster();
}, 900_000);

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

/** Applied to the same cluster again it changes nothing; to another one, everything. */
async function expectSettled(name: string, variables: object, resources: number): Promise<void> {
  expectCode(await cluster.tofu(name, 'plan', variables), 0);
  const other = await cluster.tofu(name, 'plan', { ...variables, cluster_id: 'two' });
  expect(other.code, other.output).toBe(2);
  expect(other.output).toContain(`${resources} to add, 0 to change, ${resources} to destroy`);
}

describe('engine', () => {
  test('applies the operator and the CRDs that it serves, and no more of them', async () => {
    const crds = await crdsOf('external-secrets');
    const variables = { cluster_id: 'one', crds, pull_secret: 'registry' };
    const [applied] = await Promise.all([
      cluster.tofu('engine', 'apply', variables),
      cluster.rollOutWhenThere('external-secrets', 'deployment', 'external-secrets'),
    ]);
    expect(applied.code, applied.output).toBe(0);
    const { items } = await cluster.json('customresourcedefinitions');
    expect(items.map((crd: { metadata: { name: string } }) => crd.metadata.name)).toEqual([
      'clustersecretstores.external-secrets.io',
      'externalsecrets.external-secrets.io',
      'generatorstates.generators.external-secrets.io',
      'secretstores.external-secrets.io',
    ]);
    const account = await cluster.json('serviceaccount', 'external-secrets', '--namespace=external-secrets');
    expect(account.imagePullSecrets).toEqual([{ name: 'registry' }]);
    const operator = await cluster.json('deployment', 'external-secrets', '--namespace=external-secrets');
    const [container] = operator.spec.template.spec.containers;
    expect(container.args).toContain('--concurrent=10');
    expect(container.readinessProbe.initialDelaySeconds ?? 0).toBe(0);
    await expectSettled('engine', variables, 3);
  });

  test('whose operator does not come ends at its deadline, and says what it saw', async () => {
    const operator = ['deployment', 'external-secrets', '--namespace=external-secrets'];
    await cluster.kube(['delete', ...operator]);
    const crds = await crdsOf('external-secrets');
    const applied = await cluster.tofu('engine', 'apply', { cluster_id: 'three', crds, timeout: '5s' });
    expect(applied.code, applied.output).toBe(1);
    expect(applied.output).toMatch(
      /deployment\/external-secrets\/external-secrets: not within 5s\.\n.*last seen: 0 of 1 available/,
    );
  });

  test('refuses CRDs from a URL that nothing holds them to, before anything is applied', async () => {
    const crds = [{ source: 'https://manifests.invalid/crds.yaml' }];
    const planned = await cluster.tofu('engine', 'plan', { cluster_id: 'one', crds });
    expect(planned.code, planned.output).toBe(1);
    expect(planned.output).toContain('has no sha256');
  });

  test('forgets what it applied when it is destroyed: that dies with the machines', async () => {
    const crds = await crdsOf('external-secrets');
    expectCode(await cluster.tofu('engine', 'destroy', { cluster_id: 'one', crds }), 0);
    await cluster.json('namespace', 'external-secrets');
  });
});

describe('gitops', () => {
  const variables = async () => ({
    cluster_id: 'one',
    crds: [...(await crdsOf('source-controller')), ...(await crdsOf('kustomize-controller'))],
    repository: 'https://git.invalid/castle.git',
    entry: './clusters/tazlab',
    cluster_vars: { domain: 'castle.invalid', backup_bucket: 'the-bucket' },
  });

  test('applies Flux, what its tree is told, and where it begins', async () => {
    await cluster.apply('apiVersion: v1\nkind: Namespace\nmetadata:\n  name: flux-system\n');
    const given = await variables();
    const [applied] = await Promise.all([
      cluster.tofu('gitops', 'apply', given),
      cluster.rollOutWhenThere('flux-system', 'deployment', 'source-controller'),
      cluster.rollOutWhenThere('flux-system', 'deployment', 'kustomize-controller'),
    ]);
    expect(applied.code, applied.output).toBe(0);
    const { data } = await cluster.json('configmap', 'cluster-vars', '--namespace=flux-system');
    expect(data).toEqual({ domain: 'castle.invalid', backup_bucket: 'the-bucket' });
    const { spec } = await cluster.json(
      'kustomizations.kustomize.toolkit.fluxcd.io',
      'flux-system',
      '--namespace=flux-system',
    );
    expect(spec).toMatchObject({ path: './clusters/tazlab', retryInterval: '5s', prune: true });
    for (const name of ['source-controller', 'kustomize-controller']) {
      const controller = await cluster.json('deployment', name, '--namespace=flux-system');
      expect(controller.spec.template.spec.containers[0].args).toContain('--requeue-dependency=5s');
    }
    await expectSettled('gitops', given, 2);
  });

  test('applies anew what the tree is told, when that changes', async () => {
    const given = await variables();
    const planned = await cluster.tofu('gitops', 'plan', {
      ...given,
      cluster_vars: { domain: 'other.invalid' },
    });
    expect(planned.output).toContain('1 to add, 0 to change, 1 to destroy');
  });

  test.each(['DB_PASSWORD', 'github_token', 'secret', 'aws_access_key', 'bucket-name'])(
    'takes no variable named %s',
    async (name) => {
      const given = await variables();
      const planned = await cluster.tofu('gitops', 'plan', { ...given, cluster_vars: { [name]: 'x' } });
      expect(planned.code, planned.output).toBe(1);
      expect(planned.output).toMatch(/name of a secret|letters, digits/);
    },
  );
});

describe('the modules of the box', () => {
  test.each(['networking', 'storage'])('%s without its operator applies its objects alone', async (name) => {
    const variables = { cluster_id: 'one' };
    expectCode(await cluster.tofu(name, 'apply', variables), 0);
    await expectSettled(name, variables, 1);
  });

  test('storage hands out the volumes that a node has mounted', async () => {
    const volumes = {
      'castle-0': { node: 'castle-node', path: '/var/phoenix/volumes/castle-0', size: '1Gi' },
    };
    const variables = { cluster_id: 'node', volumes };
    expectCode(await cluster.tofu('storage', 'apply', variables), 0);
    expect((await cluster.json('persistentvolume', 'castle-0')).spec).toMatchObject({
      ...{
        storageClassName: 'castle',
        persistentVolumeReclaimPolicy: 'Retain',
        capacity: { storage: '1Gi' },
      },
      ...{ local: { path: '/var/phoenix/volumes/castle-0' } },
    });
    expect(await cluster.json('storageclass', 'castle')).toMatchObject({
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    await expectSettled('storage', variables, 1);
  });

  test('storage takes no more copies than there are nodes', async () => {
    const planned = await cluster.tofu('storage', 'plan', { cluster_id: 'one', nodes: 2, replicas: 3 });
    expect(planned.code, planned.output).toBe(1);
    expect(planned.output).toContain('more than `nodes`');
  });
});
