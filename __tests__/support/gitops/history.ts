import { configMap, kustomization, type Written } from './files.ts';
import { type Asking, cluster, crd, dependsOn, folder, namespace, object, release } from './linted.ts';

/**
 * The tree of the castle that Phoenix was first written for, as its author tells its history: one Kustomization for
 * everything; the commit that split it and failed with `not a directory`; and the tree that came of it. Small, but with
 * the mistakes that it tells of.
 */
const blog = object('apps/v1', 'Deployment', 'hugo-blog', 'blog');
const issuer = object('cert-manager.io/v1', 'ClusterIssuer', 'letsencrypt');
const database = object(
  'postgres-operator.crunchydata.com/v1beta1',
  'PostgresCluster',
  'tazlab-db',
  'tazlab-db',
);
const databaseCrd = crd(
  'postgres-operator.crunchydata.com',
  'PostgresCluster',
  'postgresclusters',
  'v1beta1',
);
const operator = object('apps/v1', 'Deployment', 'postgres-operator', 'postgres-operator');
const mnemosyne = object('apps/v1', 'Deployment', 'mnemosyne-mcp', 'tazlab-db');
const monitoring = release('monitoring', 'kube-prometheus-stack', 'monitoring');
const namespaces = ['cert-manager', 'traefik', 'postgres-operator', 'monitoring', 'blog', 'tazlab-db'].map(
  namespace,
);

export const blogFirst: Asking = {
  fastTrack: ['apps-static'],
  milestones: [
    { milestone: 'blog', name: 'apps-static', at: { file: '../phoenix.yaml', line: 8, column: 9 } },
  ],
};

export const monolith: Written = {
  ...cluster({
    infrastructure: ['./infrastructure', '  wait: true\n'],
    'apps-static': ['./apps/static', dependsOn('infrastructure')],
    'apps-data': ['./apps/data', dependsOn('infrastructure')],
  }),
  'infrastructure/kustomization.yaml': kustomization(['namespaces.yaml', 'operators.yaml', 'instances.yaml']),
  'infrastructure/namespaces.yaml': namespaces.join('---\n'),
  'infrastructure/operators.yaml': [
    release('cert-manager', 'cert-manager', 'cert-manager'),
    release('traefik', 'traefik', 'traefik'),
    monitoring,
    databaseCrd,
    operator,
  ].join('---\n'),
  'infrastructure/instances.yaml': [issuer, database].join('---\n'),
  ...folder('apps/static', blog),
  ...folder('apps/data', mnemosyne),
};

/** The operators in three units: the folders moved, the references did not. */
const split: Written = {
  ...cluster({
    namespaces: ['./infrastructure/operators/namespaces', '  wait: true\n'],
    core: ['./infrastructure/operators/core', dependsOn('namespaces')],
    data: ['./infrastructure/operators/data', dependsOn('namespaces')],
    issuers: ['./infrastructure/issuers', dependsOn('core')],
    instances: ['./infrastructure/instances', dependsOn('data')],
    monitoring: ['./infrastructure/monitoring', dependsOn('namespaces')],
    'apps-static': ['./apps/static', dependsOn('namespaces')],
    'apps-data': ['./apps/data', dependsOn('namespaces')],
  }),
  ...folder('infrastructure/operators/namespaces', ...namespaces),
  ...folder(
    'infrastructure/operators/cert-manager',
    crd('cert-manager.io', 'ClusterIssuer', 'clusterissuers'),
  ),
  ...folder('infrastructure/operators/traefik', configMap('traefik', 'traefik')),
  ...folder('infrastructure/operators/postgres-operator', databaseCrd, operator),
  'infrastructure/operators/core/kustomization.yaml': kustomization(['../cert-manager', '../traefik']),
  'infrastructure/operators/data/kustomization.yaml': kustomization(['../postgres-operator']),
  ...folder('infrastructure/issuers', issuer),
  ...folder('infrastructure/instances', database),
  ...folder('infrastructure/monitoring', monitoring),
  ...folder('apps/static', blog),
  ...folder('apps/data', mnemosyne),
};

const { 'infrastructure/operators/postgres-operator/kustomization.yaml': _, ...loose } = split;

export const notADirectory: Written = {
  ...loose,
  'cluster/core.yaml': (split['cluster/core.yaml'] ?? '').replace(
    'operators/core',
    'operators/core/kustomization.yaml',
  ),
  'infrastructure/operators/namespaces/kustomization.yaml': kustomization(['../namespaces.yaml']),
};

export const mended: Written = split;
