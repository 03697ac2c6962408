import type { Castle } from '../castle/load.ts';
import type { BoxSecrets } from './box-secrets.ts';
import type { StandInConfig } from './stand-ins/registry.ts';

/** The job that the box's issuer vouches for, and that the box's Infisical is bound to. */
const job = {
  repository: 'phoenix-box/castle',
  repositoryId: '424242',
  repositoryOwnerId: '4242',
  ref: 'refs/heads/main',
  workflow: '.github/workflows/rebirth.yml',
} as const;

/** `http://NAME.box.invalid` in a stand-in's configuration is the address of stand-in NAME: see the host. */
export const issuerPlaceholder = 'http://github-oidc.box.invalid';

/** The audience as the castle file means it: what an address is replaced by must not change what a token is made for. */
export function audienceOf({
  host,
  audience,
}: {
  readonly host: string;
  readonly audience?: string;
}): string {
  return audience ?? host;
}

/** The stand-ins of a castle, each trusting exactly what the real one would be told to trust. */
export function standInConfigs(
  castle: Castle,
  secrets: BoxSecrets,
  bare: string,
  faults: readonly string[],
  dir: string,
): { readonly name: string; readonly config: StandInConfig }[] {
  const { source } = castle.secrets;
  const configs: { name: string; config: StandInConfig }[] = [];
  const own = (name: string) => faults.filter((fault) => fault.startsWith(`${name}:`));
  if (source?.kind === 'infisical') {
    const { identityId, project, environment, path } = source;
    const [id, slug] = 'id' in project ? [project.id, 'box'] : ['box-project', project.slug];
    const { claim } = castle;
    const mint = claim?.identity.kind === 'mint' ? claim.identity : undefined;
    configs.push({
      name: 'github-oidc',
      config: {
        kind: 'github-oidc',
        config: { requestToken: secrets.requestToken, job, faults: own('github-oidc') },
      },
    });
    configs.push({
      name: 'infisical',
      config: {
        kind: 'infisical',
        config: {
          project: { id, slug },
          identities: [
            {
              id: identityId,
              name: 'runner',
              ...(mint === undefined ? {} : { role: 'admin' as const }),
              oidc: {
                discoveryUrl: issuerPlaceholder,
                boundIssuer: issuerPlaceholder,
                boundSubject: `repo:${job.repository}:ref:${job.ref}`,
                boundAudiences: audienceOf(source),
                boundClaims: { repository_id: job.repositoryId },
              },
            },
            {
              id: mint?.identityId ?? 'box-cluster',
              name: 'cluster',
              universalAuth: {
                clientId: secrets.clientId,
                // Where the run makes its own, this is what an earlier generation of the castle had.
                clientSecrets: [
                  {
                    secret: secrets.clientSecret,
                    ...(mint === undefined ? {} : { description: `phoenix ${castle.name} run earlier` }),
                  },
                ],
              },
            },
          ],
          secrets: [...secrets.stored].map(([key, value]) => ({
            environment,
            path: castle.secrets.list.find(({ name }) => name === key)?.path ?? path,
            key,
            value:
              key === claim?.clientId
                ? secrets.clientId
                : key === claim?.clientSecret
                  ? secrets.clientSecret
                  : value,
          })),
          inErrors: secrets.inErrors,
          faults: own('infisical'),
          boxDir: dir,
          ...(claim === undefined ? {} : { token: claim.token }),
        },
      },
    });
  }
  if (castle.gitops !== undefined) {
    const token = secrets.stored.get(castle.claim?.token ?? '') ?? secrets.requestToken;
    configs.push({ name: 'git', config: { kind: 'git', config: { bare, token, faults: own('git') } } });
  }
  return configs;
}
