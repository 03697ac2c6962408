import { operators } from './unserved-operators.ts';

/** Whose version decides whether an API is served. */
export type Server =
  | 'kubernetes'
  | 'external-secrets'
  | 'flux'
  | 'flux-sources'
  | 'cert-manager'
  | 'traefik'
  | 'metallb'
  | 'longhorn'
  | 'gateway-api'
  | 'postgres-operator';

export interface Unserved {
  readonly server: Server;
  readonly group: string;
  readonly versions: readonly string[];
  /** Left out: every kind of the group. Some betas came back for other kinds, so Kubernetes' own are always named. */
  readonly kinds?: readonly string[];
  /** First version that does not serve it. */
  readonly since: string;
  /** `apiVersion` to write instead; undefined where there is none. */
  readonly use: string | undefined;
}

const k8s = (
  since: string,
  apiVersion: string,
  kinds: readonly string[],
  use: string | undefined,
): Unserved => {
  const [group = '', version = ''] = apiVersion.split('/');
  return { server: 'kubernetes', group, versions: [version], kinds, since, use };
};

/** From Kubernetes' guide of removed APIs. */
const kubernetes: readonly Unserved[] = [
  k8s('1.16', 'extensions/v1beta1', ['NetworkPolicy'], 'networking.k8s.io/v1'),
  k8s('1.16', 'extensions/v1beta1', ['DaemonSet', 'Deployment', 'ReplicaSet'], 'apps/v1'),
  k8s('1.16', 'apps/v1beta1', ['Deployment', 'StatefulSet', 'ReplicaSet'], 'apps/v1'),
  k8s('1.16', 'apps/v1beta2', ['DaemonSet', 'Deployment', 'StatefulSet', 'ReplicaSet'], 'apps/v1'),
  k8s('1.16', 'extensions/v1beta1', ['PodSecurityPolicy'], undefined),
  k8s(
    '1.22',
    'admissionregistration.k8s.io/v1beta1',
    ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'],
    'admissionregistration.k8s.io/v1',
  ),
  k8s('1.22', 'apiextensions.k8s.io/v1beta1', ['CustomResourceDefinition'], 'apiextensions.k8s.io/v1'),
  k8s('1.22', 'apiregistration.k8s.io/v1beta1', ['APIService'], 'apiregistration.k8s.io/v1'),
  k8s('1.22', 'certificates.k8s.io/v1beta1', ['CertificateSigningRequest'], 'certificates.k8s.io/v1'),
  k8s('1.22', 'coordination.k8s.io/v1beta1', ['Lease'], 'coordination.k8s.io/v1'),
  k8s('1.22', 'extensions/v1beta1', ['Ingress'], 'networking.k8s.io/v1'),
  k8s('1.22', 'networking.k8s.io/v1beta1', ['Ingress', 'IngressClass'], 'networking.k8s.io/v1'),
  k8s(
    '1.22',
    'rbac.authorization.k8s.io/v1beta1',
    ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
    'rbac.authorization.k8s.io/v1',
  ),
  k8s('1.22', 'scheduling.k8s.io/v1beta1', ['PriorityClass'], 'scheduling.k8s.io/v1'),
  k8s(
    '1.22',
    'storage.k8s.io/v1beta1',
    ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment'],
    'storage.k8s.io/v1',
  ),
  k8s('1.25', 'batch/v1beta1', ['CronJob'], 'batch/v1'),
  k8s('1.25', 'discovery.k8s.io/v1beta1', ['EndpointSlice'], 'discovery.k8s.io/v1'),
  k8s('1.25', 'events.k8s.io/v1beta1', ['Event'], 'events.k8s.io/v1'),
  k8s('1.25', 'autoscaling/v2beta1', ['HorizontalPodAutoscaler'], 'autoscaling/v2'),
  k8s('1.25', 'policy/v1beta1', ['PodDisruptionBudget'], 'policy/v1'),
  k8s('1.25', 'policy/v1beta1', ['PodSecurityPolicy'], undefined),
  k8s('1.25', 'node.k8s.io/v1beta1', ['RuntimeClass'], 'node.k8s.io/v1'),
  k8s('1.26', 'autoscaling/v2beta2', ['HorizontalPodAutoscaler'], 'autoscaling/v2'),
  k8s(
    '1.26',
    'flowcontrol.apiserver.k8s.io/v1beta1',
    ['FlowSchema', 'PriorityLevelConfiguration'],
    'flowcontrol.apiserver.k8s.io/v1',
  ),
  k8s('1.27', 'storage.k8s.io/v1beta1', ['CSIStorageCapacity'], 'storage.k8s.io/v1'),
  k8s(
    '1.29',
    'flowcontrol.apiserver.k8s.io/v1beta2',
    ['FlowSchema', 'PriorityLevelConfiguration'],
    'flowcontrol.apiserver.k8s.io/v1',
  ),
  k8s(
    '1.32',
    'flowcontrol.apiserver.k8s.io/v1beta3',
    ['FlowSchema', 'PriorityLevelConfiguration'],
    'flowcontrol.apiserver.k8s.io/v1',
  ),
];

const flux = (since: string, name: string, version: string, use: string): Unserved => {
  const group = `${name}.toolkit.fluxcd.io`;
  return {
    server: name === 'source' ? 'flux-sources' : 'flux',
    group,
    versions: [version],
    since,
    use: `${group}/${use}`,
  };
};

/** From the release notes of Flux 2.7, 2.8 and 2.9, by the distribution's version. */
const fluxApis: readonly Unserved[] = [
  flux('2.7.0', 'source', 'v1beta1', 'v1'),
  flux('2.7.0', 'kustomize', 'v1beta1', 'v1'),
  flux('2.7.0', 'helm', 'v2beta1', 'v2'),
  flux('2.7.0', 'image', 'v1beta1', 'v1'),
  { ...flux('2.7.0', 'notification', 'v1beta1', 'v1beta3'), kinds: ['Alert', 'Provider'] },
  { ...flux('2.7.0', 'notification', 'v1beta1', 'v1'), kinds: ['Receiver'] },
  flux('2.8.0', 'source', 'v1beta2', 'v1'),
  flux('2.8.0', 'kustomize', 'v1beta2', 'v1'),
  flux('2.8.0', 'helm', 'v2beta2', 'v2'),
  flux('2.9.0', 'image', 'v1beta2', 'v1'),
  { ...flux('2.9.0', 'notification', 'v1beta2', 'v1beta3'), kinds: ['Alert', 'Provider'] },
  { ...flux('2.9.0', 'notification', 'v1beta2', 'v1'), kinds: ['Receiver'] },
];

export const unserved: readonly Unserved[] = [...kubernetes, ...fluxApis, ...operators];
