import type { Castle } from '../castle/load.ts';
import type { Claimed } from '../cluster/claim.ts';
import { handOverIdentity } from '../cluster/hand-over.ts';
import type { StoreSettings } from '../cluster/identity-manifests.ts';
import { PhoenixError } from '../errors.ts';
import type { Session } from '../identity/session.ts';
import type { Access } from './kubeconfig.ts';
import type { MachineIdentity } from './machine-identity.ts';
import type { Prepared } from './protocol.ts';
import type { Run } from './run.ts';

/** The gate between the layer that brings the operator up and those that need the claimed token. */
async function passClaimGate(
  run: Run,
  access: Access,
  identity: MachineIdentity | undefined,
  store: StoreSettings | undefined,
  fetch: typeof globalThis.fetch,
): Promise<Claimed> {
  const { claim, gitops } = run.castle;
  if (claim === undefined || store === undefined || identity === undefined)
    throw new Error('the castle has no claim');
  const claimed = await handOverIdentity(
    {
      clientId: identity.clientId,
      clientSecret: identity.clientSecret,
      names: claim,
      store,
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
      lockout: identity.lockout,
    },
    {
      before: () => identity.handedToLiving(),
      proveUse: () => identity.assertUsed(),
      putBack: () => identity.takenBack(),
    },
  );
  await identity.proved();
  return claimed;
}

/** The claim as a part of a run's work: it needs the cluster, which a layer before it gave. */
export async function passClaim({
  run,
  edge,
  progress,
  identity,
  store,
}: Pick<Prepared, 'run' | 'edge' | 'progress' | 'identity' | 'store'>): Promise<void> {
  if (progress.access === undefined) throw noCluster();
  progress.claimed = await passClaimGate(run, progress.access, identity, store, edge.fetch);
}

/** Refuses, before anything begins, a castle whose claim has no Infisical to read from. */
export function assertStore({ secrets: { source } }: Pick<Castle, 'secrets'>): void {
  if (source?.kind === 'infisical') return;
  throw noStore(
    `External Secrets would read from Infisical, the only store that Phoenix makes, and secrets.source is ${source?.kind ?? 'not set'}.`,
    'Let the castle read from Infisical, or leave out `claim` and let a layer of your own make the store.',
  );
}

/**
 * The ClusterSecretStore that the cluster reads from: the project and folder that Phoenix reads too. External Secrets
 * knows a project by its slug alone; where the castle file gives the id, the session is asked, before any layer begins.
 */
export async function findStore(
  { castle }: Pick<Run, 'castle'>,
  session: Pick<Session, 'projectSlug'> | undefined,
): Promise<StoreSettings | undefined> {
  if (castle.claim === undefined) return undefined;
  assertStore(castle);
  const { source } = castle.secrets;
  if (source?.kind !== 'infisical') return undefined;
  const { host, project, environment, path } = source;
  const projectSlug = 'slug' in project ? project.slug : await session?.projectSlug?.();
  if (projectSlug === undefined) {
    throw noStore(
      'External Secrets addresses an Infisical project by its slug. The castle file gives its id, and the identity may not look the slug up.',
      'Give secrets.source.infisical a `project-slug` instead of `project-id`.',
    );
  }
  return { name: castle.claim.store, host: castle.claim.host ?? host, projectSlug, environment, path };
}

function noCluster(): PhoenixError {
  return new PhoenixError({
    code: 'PHX-CLAIM-NO-CLUSTER',
    class: 'plan',
    what: 'There is no cluster to claim an identity in.',
    why: 'The layer that gives the kubeconfig did not run before the one that the claim stands behind.',
    next: 'Let `claim.after` name a layer that depends on `kubeconfig.layer`.',
  });
}

function noStore(why: string, next: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-CLAIM-STORE-UNKNOWN',
    class: 'input',
    what: 'The cluster cannot be told where to claim its token.',
    why,
    next,
  });
}
