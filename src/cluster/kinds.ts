import type { Kind } from './client.ts';

/** The kinds that Phoenix reads and waits on. */
export const kinds = {
  secret: { apiVersion: 'v1', kind: 'Secret', plural: 'secrets' },
  namespace: { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces' },
  node: { apiVersion: 'v1', kind: 'Node', plural: 'nodes' },
  lease: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', plural: 'leases' },
  serviceAccount: { apiVersion: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts' },
  pod: { apiVersion: 'v1', kind: 'Pod', plural: 'pods' },
  service: { apiVersion: 'v1', kind: 'Service', plural: 'services' },
  endpointSlice: { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', plural: 'endpointslices' },
  persistentVolumeClaim: {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    plural: 'persistentvolumeclaims',
  },
  persistentVolume: { apiVersion: 'v1', kind: 'PersistentVolume', plural: 'persistentvolumes' },
  Deployment: { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments' },
  StatefulSet: { apiVersion: 'apps/v1', kind: 'StatefulSet', plural: 'statefulsets' },
  DaemonSet: { apiVersion: 'apps/v1', kind: 'DaemonSet', plural: 'daemonsets' },
  event: { apiVersion: 'v1', kind: 'Event', plural: 'events' },
  customResourceDefinition: {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    plural: 'customresourcedefinitions',
  },
  clusterSecretStore: {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ClusterSecretStore',
    plural: 'clustersecretstores',
  },
  externalSecret: { apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret', plural: 'externalsecrets' },
  gitRepository: {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    plural: 'gitrepositories',
  },
  kustomization: {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    plural: 'kustomizations',
  },
} as const satisfies Record<string, Kind>;
