import type { ApiObject } from './client.ts';

export const fluxNamespace = 'flux-system';
export const identityNamespace = 'external-secrets';
/** The Secret that Flux' GitRepository names. */
export const fluxSecret = 'flux-system';
export const tokenName = 'github-api-token';
export const identitySecret = 'infisical-machine-identity';
/** GitHub takes any user name beside a token, but Flux demands one. */
export const gitUser = 'git';

export const neededCrds = [
  'clustersecretstores.external-secrets.io',
  'externalsecrets.external-secrets.io',
] as const;

export interface StoreSettings {
  readonly name: string;
  /** Infisical's base URL, without /api. */
  readonly host: string;
  readonly projectSlug: string;
  readonly environment: string;
  readonly path: string;
}

export function namespace(name: string): ApiObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export function machineIdentity({
  clientId,
  clientSecret,
}: {
  clientId: string;
  clientSecret: string;
}): ApiObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: identitySecret, namespace: identityNamespace },
    type: 'Opaque',
    data: { clientId: base64(clientId), clientSecret: base64(clientSecret) },
  } as ApiObject;
}

export function secretStore({ name, host, projectSlug, environment, path }: StoreSettings): ApiObject {
  const reference = (key: string) => ({ name: identitySecret, key, namespace: identityNamespace });
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ClusterSecretStore',
    metadata: { name },
    spec: {
      provider: {
        infisical: {
          hostAPI: host,
          auth: {
            universalAuthCredentials: {
              clientId: reference('clientId'),
              clientSecret: reference('clientSecret'),
            },
          },
          secretsScope: { projectSlug, environmentSlug: environment, secretsPath: path },
        },
      },
    },
  };
}

/** The template carries the username: Flux refuses a Secret with a password alone, and the operator removes additions. */
export function tokenSecret(store: string, token: string): ApiObject {
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: { name: tokenName, namespace: fluxNamespace },
    spec: {
      refreshInterval: '1h',
      secretStoreRef: { kind: 'ClusterSecretStore', name: store },
      target: {
        name: fluxSecret,
        creationPolicy: 'Owner',
        template: { engineVersion: 'v2', data: { username: gitUser, password: '{{ .password }}' } },
      },
      data: [{ secretKey: 'password', remoteRef: { key: token } }],
    },
  };
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
