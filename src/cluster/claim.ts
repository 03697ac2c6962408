import { randomUUID } from 'node:crypto';
import { PhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Cluster, conditionOf, describeCondition } from './client.ts';
import * as manifests from './identity-manifests.ts';
import { kinds } from './kinds.ts';
import type { Lockout } from './lockout.ts';
import { howItStands, judgeReady } from './ready.ts';
import { type Advertised, readAdvertisedHead } from './repository.ts';
import type { Judgement, WaitOptions } from './wait.ts';

export interface ClaimRequest {
  /** The machine identity, from the vault; it reaches the cluster by server-side apply and nothing else. */
  readonly clientId: string;
  readonly clientSecret: string;
  readonly names: manifests.ClaimNames;
  readonly store: manifests.StoreSettings;
  /** The name of the token's secret in the store, e.g. GITHUB_TOKEN. */
  readonly token: string;
  /** HTTPS URL of the repository that the token must be able to read. */
  readonly repository: string;
  readonly branch: string;
  readonly withinSeconds: number;
}

export interface Claimed {
  /** Head of the branch as the claimed token sees it: what Flux must arrive at. */
  readonly head: Advertised;
}

export interface ClaimContext {
  readonly cluster: Cluster;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Told the token the moment it is read, before it is used. */
  readonly onSecret: (name: string, value: string) => void;
  readonly fetch: typeof fetch;
  readonly lockout: Lockout;
}

/**
 * Lets the cluster claim its own identity: machine identity → store → token → proof. Each step waits for the one before
 * to be *valid*, since an ExternalSecret that meets an unready store pays one of the operator's backoffs.
 */
export async function claimIdentity(request: ClaimRequest, context: ClaimContext): Promise<Claimed> {
  const { cluster, log } = context;
  const { names } = request;
  const deadline = Date.now() + request.withinSeconds * 1000;
  const wait = (reason: string, code: string) => ({
    reason,
    code,
    seconds: Math.max(0.001, (deadline - Date.now()) / 1000),
    signal: context.signal,
    onChange: (waiting: string) => log.from('claim', waiting),
  });

  for (const name of new Set([names.identityNamespace, names.namespace])) {
    await cluster.apply(manifests.namespace(name));
  }
  await cluster.apply(manifests.machineIdentity(names, request));
  log.from('claim', 'machine identity handed over');
  for (const crd of manifests.neededCrds) {
    await cluster.waitFor(
      kinds.customResourceDefinition,
      crd,
      undefined,
      established,
      wait(`CRD ${crd}`, 'PHX-CLAIM-CRD'),
    );
  }

  const store = request.store.name;
  // In a cluster that lives, store and token are there already: only what they say after this is of the new identity.
  const mark = randomUUID();
  const storeBefore = await howItStands(cluster, kinds.clusterSecretStore, store);
  await cluster.apply(manifests.secretStore(names, request.store, mark));
  await cluster.waitFor(
    kinds.clusterSecretStore,
    store,
    undefined,
    (object) =>
      judgeReady(context, object, {
        what: `ClusterSecretStore ${store}`,
        goodReasons: ['Valid'],
        code: 'PHX-CLAIM-STORE',
        earlier: storeBefore,
      }),
    wait(`ClusterSecretStore ${store} to be valid`, 'PHX-CLAIM-STORE-TIMEOUT'),
  );
  log.from('claim', `store ${store} is valid`);

  await syncToken(request, context, mark, (reason) => wait(reason, 'PHX-CLAIM-TOKEN-TIMEOUT'));
  const late = AbortSignal.timeout(Math.max(1, deadline - Date.now()));
  return proveToken(request, { ...context, signal: AbortSignal.any([context.signal, late]) });
}

/** Reads the token that the cluster has by now, and the repository with it: what the branch stands at is Flux' goal. */
export async function proveToken(
  request: Pick<ClaimRequest, 'names' | 'token' | 'repository' | 'branch'>,
  context: Pick<ClaimContext, 'cluster' | 'log' | 'signal' | 'onSecret' | 'fetch'>,
): Promise<Claimed> {
  const { repository, branch } = request;
  const token = await readToken(request, context);
  const head = await readAdvertisedHead({ repository, branch, username: manifests.gitUser, token }, context);
  context.log.from('claim', `token proved: it reads ${repository} (${branch} at ${head.sha.slice(0, 12)})`);
  return { head };
}

function established(object: Parameters<typeof conditionOf>[0]): Judgement<true> {
  const condition = conditionOf(object, 'Established');
  return condition?.status === 'True'
    ? { done: true }
    : { waiting: `CRD not established: ${describeCondition(condition)}` };
}

/** Lets the operator fetch the token now, and waits until it has: with the machine identity that is there by then. */
export async function syncToken(
  { names, store, token }: Pick<ClaimRequest, 'names' | 'store' | 'token'>,
  context: Pick<ClaimContext, 'cluster' | 'signal' | 'lockout'>,
  mark: string,
  wait: (reason: string) => WaitOptions,
): Promise<void> {
  const { cluster } = context;
  const { externalSecret: name, namespace } = names;
  const earlier = await howItStands(cluster, kinds.externalSecret, name, namespace);
  await cluster.apply(manifests.tokenSecret(names, store.name, token, mark));
  await cluster.waitFor(
    kinds.externalSecret,
    name,
    namespace,
    (object) =>
      judgeReady(context, object, {
        what: `ExternalSecret ${name}`,
        goodReasons: ['SecretSynced'],
        code: 'PHX-CLAIM-TOKEN',
        earlier,
      }),
    wait(`ExternalSecret ${name} to be synced`),
  );
}

/** Reads the token that arrived and refuses one that is empty: SecretSynced has been seen with empty values. */
async function readToken(
  request: Pick<ClaimRequest, 'names' | 'token'>,
  { cluster, onSecret }: Pick<ClaimContext, 'cluster' | 'onSecret'>,
): Promise<string> {
  const { names } = request;
  const secret = await cluster.read(kinds.secret, names.secret, names.namespace);
  const value = (key: string) => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8');
  const token = value('password');
  if (token !== '') onSecret(request.token, token);
  if (token === '' || value('username') === '') {
    throw new PhoenixError({
      code: 'PHX-CLAIM-TOKEN-EMPTY',
      class: 'cluster',
      what: `Secret ${names.namespace}/${names.secret} came without ${token === '' ? 'a password' : 'a username'}.`,
      why: `External Secrets says it is synced, but ${request.token} is empty in the store (or the region is the wrong one).`,
      next: `Give ${request.token} a value in Infisical, under the store's environment and path.`,
    });
  }
  return token;
}
