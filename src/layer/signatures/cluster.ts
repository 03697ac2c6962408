import { again, type Signature } from './signature.ts';

/** Kubernetes, Helm and what runs on it. */
export const clusterSignatures: readonly Signature[] = [
  {
    id: 'webhook-refused',
    code: 'PHX-LAYER-WEBHOOK',
    retry: 'network',
    patterns: [
      /failed calling webhook "?([^\s"]+)"?.{0,400}\b(?:connection refused|no endpoints available|context deadline exceeded|no such host|EOF|i\/o timeout|certificate)/i,
      /\b(?:conversion|admission) webhook for (\S+),.{0,300}\b(?:connection refused|no endpoints available)/i,
      /no endpoints available for service "?([\w-]*webhook[\w-]*)"?/i,
    ],
    cause: ({ match }) =>
      `The webhook ${match[1]} does not answer yet: its pod may say Running before its service has an endpoint.`,
    next: (scene) =>
      `Wait for the EndpointSlice of its service to be ready before the layer makes such objects (\`kubectl get endpointslice -A\`), or let it be tried again: layers.${scene.layer}.retry.on: [network]. ${again(scene)}`,
  },
  {
    id: 'api-not-served',
    code: 'PHX-LAYER-API-VERSION',
    patterns: [
      /no matches for kind "([^"]+)" in version "(external-secrets\.io\/v1(?:alpha|beta)1)"/,
      /could not find version "(v\d\w*)" of (\S+) for requested resource/,
      /\b(v1beta1) (?:is|was) (?:not|no longer) served\b/,
    ],
    cause:
      'The version of the API that the manifest names is no longer served by the cluster (External Secrets stopped v1beta1 with 0.17).',
    next: (scene) =>
      `Write apiVersion: external-secrets.io/v1 (or the version that \`kubectl api-versions\` lists). ${again(scene)}`,
  },
  {
    id: 'crd-absent',
    code: 'PHX-LAYER-CRD',
    patterns: [
      /no matches for kind "([^"]+)"/,
      /resource mapping not found for name: .{0,200}ensure CRDs are installed first/,
      /CRD may not be installed/,
      /the server could not find the requested resource\b.{0,80}\bCustomResource/i,
    ],
    cause: ({ match }) =>
      `The cluster does not know the kind ${match[1] ?? 'that is made here'}: its CRD is not installed yet, or not established.`,
    next: (scene) =>
      `Put the CRD into a layer (or Kustomization) before this one and wait for it: \`kubectl wait --for=condition=Established crd/NAME\`. ${again(scene)}`,
  },
  {
    id: 'namespace-terminating',
    code: 'PHX-LAYER-NAMESPACE',
    patterns: [/unable to create new content in namespace (\S+) because it is being terminated/],
    cause: ({ match }) => `The namespace ${match[1]} is being deleted and takes nothing new.`,
    next: (scene) =>
      `See what holds it: \`kubectl get ns ${scene.match[1]} -o jsonpath='{.status.conditions}'\` (often an APIService that is not available: \`kubectl get apiservice\`). ${again(scene)}`,
  },
  {
    id: 'namespace-absent',
    code: 'PHX-LAYER-NAMESPACE',
    patterns: [/namespaces? "([^"]+)" not found/i],
    cause: ({ match }) => `The namespace ${match[1]} does not exist yet.`,
    next: (scene) => `Make it in this layer or one before it; what Flux makes comes later. ${again(scene)}`,
  },
  {
    id: 'helm-pending',
    code: 'PHX-LAYER-HELM-PENDING',
    patterns: [
      /another operation \(install\/upgrade\/rollback\) is in progress/,
      /\bpending-(?:install|upgrade|rollback)\b/i,
    ],
    cause: 'A Helm release is half-way: the run that worked on it was cut off.',
    next: (scene) =>
      `\`helm list -A --pending\` shows it; for a first install \`helm uninstall NAME -n NAMESPACE\`, else \`helm rollback NAME -n NAMESPACE\`. ${again(scene)}`,
  },
  {
    id: 'helm-name-in-use',
    code: 'PHX-LAYER-EXISTS',
    patterns: [/cannot re-use a name that is still in use/],
    cause: 'The Helm release is in the cluster, but not in the state.',
    next: (scene) =>
      `If it is this layer's: \`terragrunt import ${scene.address} NAMESPACE/NAME\` in its unit; else \`helm uninstall NAME -n NAMESPACE\`. ${again(scene)}`,
  },
  {
    id: 'image-limit',
    code: 'PHX-LAYER-IMAGE',
    retry: 'rate-limit',
    patterns: [
      /(?:pull|manifests|registry|ghcr\.io|docker\.io)\S*.{0,300}\b429 Too Many Requests\b/i,
      /\btoomanyrequests: /i,
      /reached your (?:unauthenticated )?pull rate limit/i,
    ],
    cause: 'The registry limits pulls without a login (ghcr.io and Docker Hub: about 100 in six hours).',
    next: (scene) =>
      `Pull through a mirror or with a pull secret (registry mirrors stand in Talos' machine config). ${again(scene)}`,
  },
  {
    id: 'image-pull',
    code: 'PHX-LAYER-IMAGE',
    patterns: [/\b(?:ImagePullBackOff|ErrImagePull)\b/, /Failed to pull image "([^"]+)"/i],
    cause: ({ match }) => `An image cannot be pulled${match[1] === undefined ? '' : `: ${match[1]}`}.`,
    next: (scene) =>
      `\`kubectl get events -A --field-selector reason=Failed\` shows image and answer; correct name, tag or pull secret. ${again(scene)}`,
  },
  {
    id: 'longhorn-noexec',
    code: 'PHX-LAYER-LONGHORN',
    patterns: [
      /\b(?:longhorn|instance-manager|engine-binaries)\b.{0,200}\b(?:permission denied|noexec)\b/i,
      /\b(?:permission denied|noexec)\b.{0,200}\/var\/lib\/longhorn\b/i,
    ],
    cause: 'Longhorn may not run its engine from /var: Talos 1.14 mounts it noexec.',
    next: (scene) =>
      `Add to the machine config: kind: VolumeConfig, name: EPHEMERAL, mount: { secure: false } (before the volume is made), or use Longhorn's v2 engine. ${again(scene)}`,
  },
  {
    id: 'longhorn-replicas',
    code: 'PHX-LAYER-LONGHORN',
    patterns: [
      /\bReplica ?Scheduling ?Failure\b/i,
      /\bprecheck new replica failed\b/i,
      /volume \S+ (?:in state \w+ )?is not ready for workloads/i,
      /unable to attach volume \S+ to \S+: volume \S+ not scheduled/i,
    ],
    cause:
      'Longhorn finds no place for a replica: more replicas are asked for than there are nodes, or the disks are full.',
    next: (scene) =>
      `Set numberOfReplicas (StorageClass) and defaultReplicaCount to the number of nodes at most; on one node that is 1. ${again(scene)}`,
  },
];
