/**
 * A stand-in for Longhorn's manifest: the objects by their names that castle/modules/storage waits for and changes, with
 * CRDs that take anything. Written for the tests; no part of it is Longhorn's.
 */
const crd = (plural: string, kind: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.longhorn.io` },
  spec: {
    group: 'longhorn.io',
    names: { plural, kind },
    scope: 'Namespaced',
    versions: [
      {
        ...{ name: 'v1beta2', served: true, storage: true },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
});

const named = (apiVersion: string, kind: string, name: string, more: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name, ...(kind === 'Namespace' ? {} : { namespace: 'longhorn-system' }) },
  ...more,
});

const workload = (name: string) => {
  const labels = { app: name };
  const spec = { containers: [{ name, image: 'longhorn.invalid/manager:v0' }] };
  return { spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } } };
};

export const longhornLike = [
  named('v1', 'Namespace', 'longhorn-system'),
  named('v1', 'ConfigMap', 'longhorn-default-setting', { data: { 'default-setting.yaml': '' } }),
  named('v1', 'ConfigMap', 'longhorn-storageclass', { data: { 'storageclass.yaml': '' } }),
  crd('backuptargets', 'BackupTarget'),
  crd('settings', 'Setting'),
  crd('volumes', 'Volume'),
  named('apps/v1', 'DaemonSet', 'longhorn-manager', workload('longhorn-manager')),
  named('apps/v1', 'Deployment', 'longhorn-driver-deployer', workload('longhorn-driver-deployer')),
]
  .map((object) => JSON.stringify(object))
  .join('\n---\n');
