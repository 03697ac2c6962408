import { clusterDns, clusterDomain } from './place.ts';

const namespace = 'kube-system';
const labels = { 'k8s-app': 'kube-dns' };

/** What CoreDNS needs, each object with the path it is made at. */
export function dnsObjects(image: string): { readonly path: string; readonly object: object }[] {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const metadata = { name: 'coredns', namespace };
  return [
    {
      path: `/api/v1/namespaces/${namespace}/serviceaccounts`,
      object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    },
    {
      path: `${rbac}/clusterroles`,
      object: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'system:coredns' },
        rules: [
          {
            apiGroups: [''],
            resources: ['endpoints', 'services', 'pods', 'namespaces'],
            verbs: ['list', 'watch'],
          },
          { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
        ],
      },
    },
    {
      path: `${rbac}/clusterrolebindings`,
      object: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'system:coredns' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:coredns' },
        subjects: [{ kind: 'ServiceAccount', name: 'coredns', namespace }],
      },
    },
    {
      path: `/api/v1/namespaces/${namespace}/configmaps`,
      object: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { Corefile: corefile } },
    },
    {
      path: `/apis/apps/v1/namespaces/${namespace}/deployments`,
      object: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { ...metadata, labels },
        spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod(image) } },
      },
    },
    {
      path: `/api/v1/namespaces/${namespace}/services`,
      object: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'kube-dns', namespace, labels },
        spec: {
          clusterIP: clusterDns,
          selector: labels,
          ports: [
            { name: 'dns', port: 53, protocol: 'UDP' },
            { name: 'dns-tcp', port: 53, protocol: 'TCP' },
          ],
        },
      },
    },
  ];
}

/** Without a forwarder: there is nothing outside to ask, and an answer at once is better than a timeout. */
const corefile = `.:53 {
  errors
  health
  ready
  kubernetes ${clusterDomain} in-addr.arpa ip6.arpa
  cache 5
}
`;

const pod = (image: string) => ({
  serviceAccountName: 'coredns',
  dnsPolicy: 'Default',
  priorityClassName: 'system-cluster-critical',
  containers: [
    {
      name: 'coredns',
      image,
      imagePullPolicy: 'IfNotPresent',
      args: ['-conf', '/etc/coredns/Corefile'],
      readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 1 },
      volumeMounts: [{ name: 'config', mountPath: '/etc/coredns' }],
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
      },
    },
  ],
  volumes: [{ name: 'config', configMap: { name: 'coredns' } }],
});
