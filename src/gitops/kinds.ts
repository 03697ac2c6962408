/** API groups of Kubernetes itself. Other groups that end in `k8s.io` come by CRDs. */
const builtInGroups = new Set([
  '',
  'apps',
  'batch',
  'autoscaling',
  'policy',
  'extensions',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
  'storagemigration.k8s.io',
]);

const clusterScoped = new Set([
  'APIService',
  'CSIDriver',
  'CSINode',
  'CertificateSigningRequest',
  'ClusterRole',
  'ClusterRoleBinding',
  'ClusterTrustBundle',
  'ComponentStatus',
  'CustomResourceDefinition',
  'DeviceClass',
  'FlowSchema',
  'IPAddress',
  'IngressClass',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
  'MutatingWebhookConfiguration',
  'Namespace',
  'Node',
  'PersistentVolume',
  'PriorityClass',
  'PriorityLevelConfiguration',
  'ResourceSlice',
  'RuntimeClass',
  'SelfSubjectAccessReview',
  'SelfSubjectRulesReview',
  'ServiceCIDR',
  'StorageClass',
  'SubjectAccessReview',
  'TokenReview',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
  'VolumeAttachment',
  'VolumeAttributesClass',
]);

interface Typed {
  readonly apiVersion: string;
  readonly kind: string;
}

/** `apps/v1` → `apps`, `v1` → '' */
export function groupOf({ apiVersion }: Pick<Typed, 'apiVersion'>): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

/** Of a kind that every API server serves. */
export function isBuiltIn(resource: Pick<Typed, 'apiVersion'>): boolean {
  return builtInGroups.has(groupOf(resource));
}

/** As Kustomize sees it, which knows the built-in kinds alone and takes every other for one with a namespace. */
export function isClusterScoped(resource: Typed): boolean {
  return isBuiltIn(resource) && clusterScoped.has(resource.kind);
}

export function isFluxKustomization(resource: Typed): boolean {
  return groupOf(resource) === 'kustomize.toolkit.fluxcd.io' && resource.kind === 'Kustomization';
}

export function isCrd(resource: Typed): boolean {
  return groupOf(resource) === 'apiextensions.k8s.io' && resource.kind === 'CustomResourceDefinition';
}
