// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Flux writes its own so.
import { describe, expect, test } from 'vitest';
import { fluxSecretUsername } from '../../src/gitops/rules/flux-secret-username.ts';
import { loadBalancerWithoutPool } from '../../src/gitops/rules/load-balancer-without-pool.ts';
import { restoreTrap } from '../../src/gitops/rules/restore-trap.ts';
import { retryIntervalMissing } from '../../src/gitops/rules/retry-interval-missing.ts';
import { storageReplicas } from '../../src/gitops/rules/storage-replicas.ts';
import { timeoutMissing } from '../../src/gitops/rules/timeout-missing.ts';
import { treeOf } from '../support/gitops-tree.ts';

type Extra = Parameters<typeof treeOf>[1];

describe('load-balancer-without-pool', () => {
  const found = (yaml: string, extra?: Extra) => loadBalancerWithoutPool.look(treeOf(yaml, extra));
  const service = (annotations = '{}', spec = 'type: LoadBalancer') => `
apiVersion: v1
kind: Service
metadata: { name: traefik, namespace: traefik, annotations: ${annotations} }
spec: { ${spec} }
`;
  const pool = (spec = 'addresses: [192.168.1.240-192.168.1.250]') => `---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: main, namespace: metallb-system }
spec: { ${spec} }
`;

  test('finds a load balancer where neither tree nor layers have a pool', () => {
    expect(found(service())).toMatchObject([{ severity: 'error', at: { file: 'spec.type' } }]);
    expect(found(service() + pool())).toEqual([]);
    expect(found(service(), { given: { pools: new Map([['main', []]]) } })).toEqual([]);
    expect(found(service('{}', 'type: ClusterIP'))).toEqual([]);
  });

  test('leaves what others serve to them', () => {
    expect(found(service('{}', 'type: LoadBalancer, loadBalancerClass: tailscale'))).toEqual([]);
    const cilium =
      '---\napiVersion: cilium.io/v2alpha1\nkind: CiliumLoadBalancerIPPool\nmetadata: { name: x }\n';
    expect(found(service() + cilium)).toEqual([]);
  });

  test.each(['{ lbipam.cilium.io/ips: 10.0.0.7 }', '{ kube-vip.io/loadbalancerIPs: 10.0.0.7 }'])(
    'leaves a Service with %s to whom it speaks to',
    (annotations) => {
      expect(found(service(annotations))).toEqual([]);
      expect(found(service('{ example.org/ips: 10.0.0.7 }'))).toHaveLength(1);
    },
  );

  const chart = (name: string, values = '{}') => `---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: x, namespace: y }
spec: { chart: { spec: { chart: ${name} } }, values: ${values} }
`;

  test.each(['kube-vip', 'purelb', 'openelb', 'cilium'])(
    'leaves Services to %s, where its chart is',
    (name) => {
      expect(found(service() + chart(name))).toEqual([]);
      expect(found(service() + chart('podinfo'))).toHaveLength(1);
    },
  );

  test('warns of a Service of a chart that no pool serves', () => {
    const asks = (service: string) => chart('traefik', `{ service: { ${service} } }`);
    expect(found(asks('type: LoadBalancer'))).toMatchObject([
      { severity: 'warning', at: { file: 'spec.values.service.type' } },
    ]);
    expect(found(asks('spec: { type: LoadBalancer }'))).toHaveLength(1);
    expect(found(asks('type: LoadBalancer') + pool())).toEqual([]);
    for (const other of [
      'type: ClusterIP',
      'type: LoadBalancer, enabled: false',
      'type: LoadBalancer, loadBalancerClass: tailscale',
      'type: LoadBalancer, annotations: { kube-vip.io/loadbalancerIPs: 10.0.0.7 }',
    ])
      expect(found(asks(other))).toEqual([]);
    expect(found(chart('other', '{ listener: { type: LoadBalancer } }'))).toEqual([]);
  });

  test.each(['metallb.io/address-pool', 'metallb.universe.tf/address-pool'])(
    'finds a pool in %s that is not there',
    (key) => {
      expect(found(service(`{ ${key}: other }`) + pool())).toMatchObject([
        {
          what: expect.stringContaining('address pool other'),
          fix: 'Name one of: main.',
          at: { file: `metadata.annotations.${key}` },
        },
      ]);
      expect(found(service(`{ ${key}: main }`) + pool())).toEqual([]);
      expect(found(service(`{ ${key}: "\${POOL}" }`) + pool(), { substitute: {} })).toEqual([]);
      expect(
        found(service(`{ ${key}: "\${POOL}" }`) + pool(), { substitute: { POOL: 'none' } }),
      ).toHaveLength(1);
    },
  );

  test('finds it in the values of a chart too', () => {
    const release = (name: string) => `
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: traefik, namespace: traefik }
spec: { values: { service: { annotations: { metallb.io/address-pool: ${name} } } } }
`;
    expect(found(release('other') + pool())).toHaveLength(1);
    expect(found(release('main') + pool())).toEqual([]);
  });

  test.each([
    ['192.168.1.240', true],
    ['192.168.1.250', true],
    ['192.168.1.251', false],
    ['fd00::1', false],
  ])('knows whether a pool holds %s', (address, held) => {
    for (const yaml of [
      service(`{ metallb.io/loadBalancerIPs: "${address}" }`),
      service('{}', `type: LoadBalancer, loadBalancerIP: "${address}"`),
    ])
      expect(found(yaml + pool())).toHaveLength(held ? 0 : 1);
    expect(
      found(
        service(`{ metallb.io/loadBalancerIPs: "${address}" }`) +
          pool('addresses: [192.168.1.0/24, "fd00::/64"]'),
      ),
    ).toEqual([]);
  });

  test('says nothing of addresses of a pool that only a layer knows', () => {
    const yaml = service('{ metallb.io/loadBalancerIPs: "10.0.0.1" }');
    expect(found(yaml, { given: { pools: new Map([['main', []]]) } })).toEqual([]);
    expect(found(yaml + pool('addresses: ["${RANGE}"]'))).toEqual([]);
  });

  test('finds a load balancer that no pool serves unasked', () => {
    const closed = pool('addresses: [10.0.0.0/24], autoAssign: false');
    expect(found(service() + closed)).toMatchObject([{ what: expect.stringContaining('autoAssign: false') }]);
    expect(found(service('{ metallb.io/address-pool: main }') + closed)).toEqual([]);
    expect(found(service('{ metallb.io/loadBalancerIPs: 10.0.0.7 }') + closed)).toEqual([]);
  });
});

describe('restore-trap', () => {
  const found = (spec: string) =>
    restoreTrap.look(
      treeOf(`
apiVersion: postgres-operator.crunchydata.com/v1beta1
kind: PostgresCluster
metadata: { name: db, namespace: db }
spec: { ${spec} }
`),
    );
  const s3 = 'repo: { name: repo1, s3: { bucket: b, endpoint: e, region: r } }';
  const secret = 'configuration: [{ secret: { name: creds } }]';

  test('finds a path in the repository that does not begin with a slash', () => {
    expect(found('backups: { pgbackrest: { global: { repo1-path: castle/db } } }')).toMatchObject([
      { at: { file: 'spec.backups.pgbackrest.global.repo1-path' } },
    ]);
    expect(
      found(`dataSource: { pgbackrest: { ${secret}, global: { repo1-path: db }, ${s3} } }`),
    ).toHaveLength(1);
    expect(
      found('backups: { pgbackrest: { global: { repo1-path: /castle/db, repo1-retention-full: "2" } } }'),
    ).toEqual([]);
    expect(found('backups: { pgbackrest: { global: { repo1-path: "${DB_PATH}" } } }')).toEqual([]);
  });

  test('finds a restore from a bucket without credentials of its own', () => {
    expect(
      found(`backups: { pgbackrest: { ${secret} } }, dataSource: { pgbackrest: { stanza: db, ${s3} } }`),
    ).toMatchObject([
      {
        why: expect.stringContaining('[037] requires option: repo1-s3-key'),
        at: { file: 'spec.dataSource.pgbackrest.repo' },
      },
    ]);
    expect(found(`dataSource: { pgbackrest: { stanza: db, ${secret}, ${s3} } }`)).toEqual([]);
    expect(found(`dataSource: { pgbackrest: { global: { repo1-s3-key-type: auto }, ${s3} } }`)).toEqual([]);
    expect(found('dataSource: { pgbackrest: { repo: { name: repo1, volume: {} } } }')).toEqual([]);
    expect(found('dataSource: { postgresCluster: { clusterName: old, repoName: repo1 } }')).toEqual([]);
  });

  test.each([
    'dataSource: { pgbackrest: { OPTIONS } }',
    'dataSource: { postgresCluster: { OPTIONS } }',
    'backups: { pgbackrest: { restore: { OPTIONS } } }',
  ])('finds a restore that leaves the WAL out in %s', (spec) => {
    const options = (...list: string[]) =>
      spec.replace('OPTIONS', `options: [${list.map((each) => `"${each}"`).join(', ')}]`);
    expect(found(options('--delta', '--type=immediate'))).toMatchObject([
      { at: { file: expect.stringMatching(/options\.1$/) } },
    ]);
    expect(found(options('--type immediate'))).toHaveLength(1);
    expect(found(options('--delta'))).toEqual([]);
    expect(found(options('--type=time', '--target=2026-02-10 10:00:00'))).toEqual([]);
  });
});

describe('storage-replicas', () => {
  const found = (replicas: string, nodes?: number, extra: Extra = {}) =>
    storageReplicas.look(
      treeOf(
        `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: longhorn-postgres }
provisioner: driver.longhorn.io
parameters: { numberOfReplicas: ${replicas} }
`,
        { ...extra, ...(nodes === undefined ? {} : { given: { nodes } }) },
      ),
    );

  test('warns of more replicas than nodes, where their number is known', () => {
    expect(found('"3"', 2)).toMatchObject([
      { severity: 'warning', at: { file: 'parameters.numberOfReplicas' } },
    ]);
    expect(found('3', 2)).toHaveLength(1);
    expect(found('"2"', 2)).toEqual([]);
    expect(found('"3"')).toEqual([]);
    expect(found('"${N}"', 1, { substitute: {} })).toEqual([]);
    expect(found('"${N}"', 1, { substitute: { N: '2' } })).toHaveLength(1);
  });
});

describe('flux-secret-username', () => {
  const repository = (spec = 'url: https://github.com/o/r, secretRef: { name: git }') => `---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: { name: tree, namespace: flux-system }
spec: { ${spec} }
`;
  const secret = (target: string, rest = 'data: [{ secretKey: password, remoteRef: { key: T } }]') => `
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: token, namespace: flux-system }
spec: { target: { name: git, ${target} }, ${rest} }
`;
  const found = (...documents: string[]) => fluxSecretUsername.look(treeOf(documents.join('---\n')));
  const password = 'template: { data: { password: "{{ .token }}" } }';

  test('finds a password without a username', () => {
    expect(found(secret(password), repository())).toMatchObject([
      {
        severity: 'error',
        why: expect.stringContaining("'password' requires 'username' to be set"),
        at: { file: 'spec.target.template.data' },
      },
    ]);
    expect(found(secret('creationPolicy: Owner'), repository())).toMatchObject([
      { at: { file: 'spec.target' } },
    ]);
    const plain =
      'apiVersion: v1\nkind: Secret\nmetadata: { name: git, namespace: flux-system }\nstringData: { password: "ENC[x]" }\n';
    expect(found(plain, repository())).toMatchObject([{ at: { file: 'stringData' } }]);
  });

  test.each([
    ['a username', secret('template: { data: { username: git, password: "{{ .token }}" } }'), repository()],
    ['a bearer token', secret('template: { data: { bearerToken: "{{ .token }}" } }'), repository()],
    ['an app of GitHub', secret('template: { data: { githubAppID: "1", password: x } }'), repository()],
    [
      'a template that merges a username in',
      secret('template: { mergePolicy: Merge, data: { username: git } }'),
      repository(),
    ],
    [
      'keys that cannot be told',
      secret('creationPolicy: Owner', 'dataFrom: [{ extract: { key: x } }]'),
      repository(),
    ],
    [
      'a user in the URL',
      secret(password),
      repository('url: https://git@github.com/o/r, secretRef: { name: git }'),
    ],
    ['SSH', secret(password), repository('url: ssh://git@github.com/o/r, secretRef: { name: git }')],
    [
      'another Secret',
      secret(password),
      repository('url: https://github.com/o/r, secretRef: { name: other }'),
    ],
    ['no repository', secret(password), ''],
  ])('lets %s be', (_, ...documents) => {
    expect(found(...documents)).toEqual([]);
  });
});

describe('the intervals of Flux', () => {
  const kustomization = (spec: string) =>
    treeOf(`
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: { name: apps, namespace: flux-system }
spec: { ${spec} }
`);

  test.each(['1h', '10m', '10m0s', '600s', '1h30m'])('warn of %s without a retryInterval', (interval) => {
    expect(retryIntervalMissing.look(kustomization(`interval: ${interval}`))).toMatchObject([
      { severity: 'warning', at: { file: 'spec.interval' } },
    ]);
    expect(retryIntervalMissing.look(kustomization(`interval: ${interval}, retryInterval: 5s`))).toEqual([]);
  });

  test.each(['1m', '9m59s', '30s', 'soon', '"${INTERVAL}"'])('let %s be', (interval) => {
    expect(retryIntervalMissing.look(kustomization(`interval: ${interval}`))).toEqual([]);
  });

  test('warn of a wait without a timeout, which is then the interval', () => {
    expect(timeoutMissing.look(kustomization('interval: 1h, wait: true'))).toMatchObject([
      { severity: 'warning' },
    ]);
    expect(
      timeoutMissing.look(kustomization('interval: 1h, healthChecks: [{ kind: Deployment }]')),
    ).toHaveLength(1);
    for (const spec of [
      'interval: 1h, wait: true, timeout: 5m',
      'interval: 1h, wait: false',
      'interval: 10m, wait: true',
    ])
      expect(timeoutMissing.look(kustomization(spec))).toEqual([]);
  });
});
