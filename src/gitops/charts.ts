import { isMap } from './draft.ts';
import { mapAt, textAt } from './inspect.ts';
import { groupOf } from './kinds.ts';
import type { Resource } from './model.ts';

/** API groups whose CRDs come with a Helm chart of that name. Only charts that are known for them. */
const groups: Readonly<Record<string, readonly string[]>> = {
  'cert-manager': ['cert-manager.io', 'acme.cert-manager.io'],
  cloudnative: ['postgresql.cnpg.io'],
  'cloudnative-pg': ['postgresql.cnpg.io'],
  'external-secrets': ['external-secrets.io', 'generators.external-secrets.io'],
  'kube-prometheus-stack': ['monitoring.coreos.com'],
  longhorn: ['longhorn.io'],
  metallb: ['metallb.io'],
  pgo: ['postgres-operator.crunchydata.com'],
  'postgres-operator': ['acid.zalan.do'],
  'prometheus-operator-crds': ['monitoring.coreos.com'],
  'rook-ceph': ['ceph.rook.io'],
  traefik: ['traefik.io', 'hub.traefik.io'],
  'traefik-crds': ['traefik.io', 'hub.traefik.io'],
};

/** Charts that take minutes to become ready: many workloads, large images, or data that is brought back first. */
const heavy = new Set([
  ...[
    'elasticsearch',
    'gitlab',
    'harbor',
    'kafka',
    'keycloak',
    'kube-prometheus-stack',
    'loki',
    'loki-stack',
  ],
  ...[
    'longhorn',
    'mariadb',
    'mimir-distributed',
    'minio',
    'mongodb',
    'mysql',
    'nextcloud',
    'openebs',
    'opensearch',
  ],
  ...[
    'postgresql',
    'postgresql-ha',
    'prometheus',
    'rabbitmq',
    'redis-cluster',
    'rook-ceph',
    'rook-ceph-cluster',
  ],
  ...['victoria-metrics-k8s-stack'],
]);

const storage = new Set(['longhorn', 'openebs', 'rook-ceph', 'rook-ceph-cluster', 'minio']);
const databases = new Set([
  'elasticsearch',
  'kafka',
  'mariadb',
  'mongodb',
  'mysql',
  'opensearch',
  'postgresql',
  'postgresql-ha',
  'rabbitmq',
  'redis-cluster',
]);

/** Name of the chart that a HelmRelease installs; '' where it is not written there. */
export function chartOf({ manifest }: Pick<Resource, 'manifest'>): string {
  const at = (value: unknown, key: string) => (isMap(value) ? value[key] : undefined);
  const spec = at(manifest, 'spec');
  const chart = at(at(at(spec, 'chart'), 'spec'), 'chart') ?? at(at(spec, 'chartRef'), 'name');
  return typeof chart === 'string' ? (chart.split('/').at(-1) ?? '') : '';
}

export function isHelmRelease(resource: Pick<Resource, 'apiVersion' | 'kind'>): boolean {
  return groupOf(resource) === 'helm.toolkit.fluxcd.io' && resource.kind === 'HelmRelease';
}

/** The API groups that a HelmRelease is known to bring; undefined where its chart is not known. */
export function groupsOf(release: Resource): readonly string[] | undefined {
  return Object.hasOwn(groups, chartOf(release)) ? groups[chartOf(release)] : undefined;
}

/**
 * Whether the chart's CRDs come with the release, as far as it says so itself: charts keep them in `crds/`, which Flux
 * may be told to skip, or among their templates, behind a switch. Undefined where both are possible.
 */
export function bringsCrds({ manifest }: Pick<Resource, 'manifest'>): boolean | undefined {
  const values = mapAt(manifest, ['spec', 'values']);
  const crds = mapAt(values, ['crds']);
  const switches = [values['installCRDs'], crds['enabled'], crds['create'], crds['install']];
  if (switches.includes(true)) return true;
  if (switches.includes(false)) return false;
  return textAt(manifest, ['spec', 'install', 'crds']) === 'Skip' ? undefined : true;
}

/** Kinds whose objects stand for a database: their operators bring up StatefulSets, and restore into them. */
const databaseKinds = new Set([
  'postgres-operator.crunchydata.com/PostgresCluster',
  'postgresql.cnpg.io/Cluster',
  'acid.zalan.do/postgresql',
  'kafka.strimzi.io/Kafka',
  'elasticsearch.k8s.elastic.co/Elasticsearch',
  'mysql.oracle.com/InnoDBCluster',
  'k8s.mariadb.com/MariaDB',
  'mongodbcommunity.mongodb.com/MongoDBCommunity',
  'pxc.percona.com/PerconaXtraDBCluster',
  'pgv2.percona.com/PerconaPGCluster',
  'redis.redis.opstreelabs.in/RedisCluster',
  'rabbitmq.com/RabbitmqCluster',
  'ceph.rook.io/CephCluster',
]);

export function isDatabase(resource: Resource): boolean {
  return (
    databaseKinds.has(`${groupOf(resource)}/${resource.kind}`) ||
    (isHelmRelease(resource) && databases.has(chartOf(resource)))
  );
}

/** What holds data, or gives others the means to. */
export function isData(resource: Resource): boolean {
  const { apiVersion, kind } = resource;
  return (
    isDatabase(resource) ||
    (kind === 'StatefulSet' && apiVersion.startsWith('apps/')) ||
    (['PersistentVolumeClaim', 'PersistentVolume'].includes(kind) && apiVersion === 'v1') ||
    (isHelmRelease(resource) && storage.has(chartOf(resource)))
  );
}

/** What takes minutes to become ready. */
export function isHeavy(resource: Resource): boolean {
  return (
    isDatabase(resource) ||
    (resource.kind === 'StatefulSet' && resource.apiVersion.startsWith('apps/')) ||
    (isHelmRelease(resource) && heavy.has(chartOf(resource)))
  );
}
