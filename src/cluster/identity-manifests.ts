import type { ApiObject } from './client.ts';

/** Where Flux keeps its objects; `flux install` knows no other. */
export const fluxNamespace = 'flux-system';
/** GitHub takes any user name beside a token, but Flux demands one. */
export const gitUser = 'git';

export const neededCrds = [
  'clustersecretstores.external-secrets.io',
  'externalsecrets.external-secrets.io',
] as const;

/** What the objects of the claim are called in the cluster; the castle file gives them, with the protocol's defaults. */
export interface ClaimNames {
  readonly identityNamespace: string;
  readonly identitySecret: string;
  /** Namespace of the ExternalSecret and of the Secret that Flux' GitRepository names. */
  readonly namespace: string;
  readonly externalSecret: string;
  readonly secret: string;
}

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

export function machineIdentity(
  names: ClaimNames,
  { clientId, clientSecret }: { readonly clientId: string; readonly clientSecret: string },
): ApiObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: names.identitySecret, namespace: names.identityNamespace },
    type: 'Opaque',
    data: { clientId: base64(clientId), clientSecret: base64(clientSecret) },
  } as ApiObject;
}

/** A new value makes External Secrets look at the object anew, though nothing in it has changed. */
const forceAnnotation = 'force-sync';

export function secretStore(names: ClaimNames, settings: StoreSettings, mark: string): ApiObject {
  const { name, host, projectSlug, environment, path } = settings;
  const reference = (key: string) => ({
    name: names.identitySecret,
    key,
    namespace: names.identityNamespace,
  });
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ClusterSecretStore',
    metadata: { name, annotations: { [forceAnnotation]: mark } },
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
export function tokenSecret(names: ClaimNames, store: string, token: string, mark: string): ApiObject {
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: {
      name: names.externalSecret,
      namespace: names.namespace,
      annotations: { [forceAnnotation]: mark },
    },
    spec: {
      refreshInterval: '1h',
      secretStoreRef: { kind: 'ClusterSecretStore', name: store },
      target: {
        name: names.secret,
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
