import { z } from 'zod';
import { identity } from './machine-identity.ts';
import {
  configMapName,
  crdName,
  duration,
  environmentName,
  kebabName,
  layerName,
  path,
  secretName,
  secureAddress,
  variableName,
  words,
} from './units.ts';

/** The parts of the castle file that speak of the cluster: its kubeconfig, its claim, its GitOps tree. */
export const kubeconfig = z
  .strictObject({
    layer: layerName.describe('The layer that brings the cluster up'),
    output: variableName.default('kubeconfig').describe('Its output that holds the kubeconfig'),
  })
  .describe('Where the cluster’s kubeconfig comes from');

export const claim = z
  .strictObject({
    after: layerName.describe('The layer after which the cluster claims its identity'),
    before: z
      .array(layerName)
      .optional()
      .describe('Layers that wait for the claim; by default all that depend on `after`'),
    store: kebabName.describe('Name of the ClusterSecretStore'),
    token: secretName.describe('Name of the secret that holds the repository’s token'),
    repository: secureAddress.describe('The git repository that the token must be able to read'),
    within: duration.prefault('60s').describe('Deadline of the whole claim'),
    host: secureAddress
      .optional()
      .describe('Address of Infisical as the cluster reaches it; by default that of the source'),
    'client-id': secretName
      .default('INFISICAL_CLIENT_ID')
      .describe('Name of the secret with the machine identity’s client id'),
    'client-secret': secretName
      .default('INFISICAL_CLIENT_SECRET')
      .describe('Name of the secret with the machine identity’s client secret'),
    identity: identity.prefault({}),
    'identity-namespace': kebabName
      .default('external-secrets')
      .describe('Namespace of the machine identity’s Secret'),
    'identity-secret': kebabName
      .default('infisical-machine-identity')
      .describe('Name of the machine identity’s Secret'),
    namespace: kebabName.default('flux-system').describe('Namespace of the token’s Secret'),
    'external-secret': kebabName
      .default('github-api-token')
      .describe('Name of the ExternalSecret that makes the token’s Secret'),
    secret: kebabName
      .default('flux-system')
      .describe('Name of the token’s Secret, with username and password'),
  })
  .describe('How the cluster comes to its own identity')
  .transform((value) => ({
    after: value.after,
    ...(value.before === undefined ? {} : { before: value.before as readonly string[] }),
    store: value.store,
    ...(value.host === undefined ? {} : { host: value.host }),
    token: value.token,
    repository: value.repository,
    withinSeconds: value.within,
    clientId: value['client-id'],
    clientSecret: value['client-secret'],
    identity: value.identity,
    identityNamespace: value['identity-namespace'],
    identitySecret: value['identity-secret'],
    namespace: value.namespace,
    externalSecret: value['external-secret'],
    secret: value.secret,
  }));

const given = z
  .strictObject({
    namespaces: z.array(kebabName).default([]).describe('Namespaces'),
    crds: z.array(crdName).default([]).describe('CRDs by name, or `*.GROUP` for all of a group'),
    'config-maps': z
      .record(configMapName, z.array(environmentName))
      .default({})
      .describe('ConfigMaps that `substituteFrom` may name, with their keys'),
    pools: z
      .record(kebabName, z.array(words))
      .default({})
      .describe('Address pools of the load balancer, with their addresses'),
    nodes: z.int().min(1).max(1000).optional().describe('How many nodes the cluster has'),
  })
  .describe(
    'What the layers make before Flux begins, beside what the engine and gitops modules of Phoenix do',
  );

export const gitops = z
  .strictObject({
    path: path.describe('Folder of the GitOps tree, relative to the castle file'),
    entry: path.describe('Folder in that tree where Flux begins'),
    branch: path.default('main').describe('Branch that Flux follows'),
    given: given.prefault({}),
  })
  .describe('The tree that Flux applies');
