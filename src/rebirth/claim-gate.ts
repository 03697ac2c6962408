import { type Claimed, claimIdentity } from '../cluster/claim.ts';
import type { StoreSettings } from '../cluster/identity-manifests.ts';
import { PhoenixError } from '../errors.ts';
import type { Access } from './kubeconfig.ts';
import type { Run } from './run.ts';
import type { RunSecrets } from './secrets.ts';

/** The gate between the layer that brings the operator up and those that need the claimed token. */
export function passClaimGate(
  run: Run,
  access: Access,
  secrets: RunSecrets,
  fetch: typeof globalThis.fetch,
): Promise<Claimed> {
  const { claim, gitops } = run.castle;
  if (claim === undefined) throw new Error('the castle has no claim');
  return claimIdentity(
    {
      clientId: secrets.value(claim.clientId),
      clientSecret: secrets.value(claim.clientSecret),
      names: claim,
      store: storeOf(run),
      token: claim.token,
      repository: claim.repository,
      branch: gitops?.branch ?? 'main',
      withinSeconds: claim.withinSeconds,
    },
    {
      cluster: access.cluster,
      log: run.log,
      signal: run.signal,
      onSecret: (name, value) => run.redactor.add(name, value),
      fetch,
    },
  );
}

/** The ClusterSecretStore that the cluster reads from: the project and folder that Phoenix reads too. */
export function storeOf({ castle }: Pick<Run, 'castle'>): StoreSettings {
  const { source } = castle.secrets;
  if (source?.kind !== 'infisical' || !('slug' in source.project)) {
    const why =
      source?.kind === 'infisical'
        ? 'External Secrets addresses an Infisical project by its slug, and the castle file gives its id.'
        : 'The store it would read from is Infisical, and secrets.source is not.';
    throw new PhoenixError({
      code: 'PHX-CLAIM-STORE-UNKNOWN',
      class: 'input',
      what: 'The cluster cannot be told where to claim its token.',
      why,
      next: 'Give secrets.source.infisical a `project-slug` instead of `project-id`.',
    });
  }
  const { host, project, environment, path } = source;
  return { name: castle.claim?.store ?? '', host, projectSlug: project.slug, environment, path };
}
