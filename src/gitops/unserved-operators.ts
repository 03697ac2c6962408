import type { Unserved } from './unserved.ts';

/** From the operators' own release notes. */
export const operators: readonly Unserved[] = [
  {
    server: 'external-secrets',
    group: 'external-secrets.io',
    versions: ['v1beta1'],
    since: '0.17.0',
    use: 'external-secrets.io/v1',
  },
  {
    server: 'external-secrets',
    group: 'external-secrets.io',
    versions: ['v1alpha1'],
    // PushSecret and its kin are v1alpha1 to this day.
    kinds: ['ExternalSecret', 'SecretStore', 'ClusterSecretStore'],
    since: '0.16.0',
    use: 'external-secrets.io/v1',
  },
  ...['cert-manager.io', 'acme.cert-manager.io'].map(
    (group): Unserved => ({
      server: 'cert-manager',
      group,
      versions: ['v1alpha2', 'v1alpha3', 'v1beta1'],
      since: '1.6.0',
      use: `${group}/v1`,
    }),
  ),
  {
    server: 'cert-manager',
    group: 'certmanager.k8s.io',
    versions: ['v1alpha1'],
    since: '0.11.0',
    use: 'cert-manager.io/v1',
  },
  {
    server: 'traefik',
    group: 'traefik.containo.us',
    versions: ['v1alpha1'],
    since: '3.0.0',
    use: 'traefik.io/v1alpha1',
  },
  {
    server: 'metallb',
    group: 'metallb.io',
    versions: ['v1alpha1', 'v1beta1'],
    kinds: ['AddressPool'],
    since: '0.14.0',
    use: 'metallb.io/v1beta1, kind IPAddressPool',
  },
  {
    server: 'longhorn',
    group: 'longhorn.io',
    versions: ['v1beta1'],
    since: '1.10.0',
    use: 'longhorn.io/v1beta2',
  },
  {
    server: 'gateway-api',
    group: 'gateway.networking.k8s.io',
    versions: ['v1alpha2'],
    kinds: ['Gateway', 'GatewayClass', 'HTTPRoute'],
    since: '0.8.0',
    use: 'gateway.networking.k8s.io/v1',
  },
  {
    server: 'gateway-api',
    group: 'gateway.networking.k8s.io',
    versions: ['v1alpha2'],
    kinds: ['GRPCRoute'],
    since: '1.2.0',
    use: 'gateway.networking.k8s.io/v1',
  },
  {
    server: 'gateway-api',
    group: 'gateway.networking.k8s.io',
    versions: ['v1alpha2'],
    kinds: ['ReferenceGrant'],
    since: '1.2.0',
    use: 'gateway.networking.k8s.io/v1beta1',
  },
  {
    server: 'postgres-operator',
    group: 'crunchydata.com',
    versions: ['v1'],
    since: '5.0.0',
    use: 'postgres-operator.crunchydata.com/v1beta1, kind PostgresCluster',
  },
];
