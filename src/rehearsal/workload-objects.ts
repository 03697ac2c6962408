/** The scheduler that a pod waits for which the box itself runs: no program of that name is there, but the box's node. */
export const hostScheduler = 'phoenix-box';

/** The Node that such pods are bound to. */
export const hostNode = 'box-host';

/** The Nodes that the scheduler places all others on. */
const simulatedNodes = ['kwok-0', 'kwok-1'];

export const nodeNames = [...simulatedNodes, hostNode];

/** A Node that registers; kwok says that it is ready. */
export function nodeObject(name: string): object {
  const own = name === hostNode;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'phoenix.dev/node': own ? 'box-node' : 'kwok',
      },
      annotations: { 'phoenix.dev/stand-in': own ? 'box-node' : 'kwok' },
    },
    spec: own ? { taints: [{ key: 'phoenix.dev/box-host', effect: 'NoSchedule' }] } : {},
  };
}

const policyName = 'phoenix-box-keeps-its-pods';

/** Whether a pod is one that the box has a program for: the same rule as the node's, in CEL. */
function isOwnPod(repositories: readonly string[]): string {
  const either = repositories.map((repository) => repository.replaceAll('.', '[.]')).join('|');
  return [
    'object.spec.containers.size() == 1',
    '(!has(object.spec.initContainers) || object.spec.initContainers.size() == 0)',
    `object.spec.containers[0].image.matches('^(${either})(:[^/@]*)?(@.*)?$')`,
  ].join(' && ');
}

/**
 * Keeps the pods of `repositories` from the scheduler, and so from kwok, which would say ready of a program that is
 * not: the policy and its binding, each with the path it is made at.
 */
export function ownPodsPolicy(
  repositories: readonly string[],
): { readonly path: string; readonly object: object }[] {
  const group = '/apis/admissionregistration.k8s.io/v1beta1';
  const apiVersion = 'admissionregistration.k8s.io/v1beta1';
  const policy = {
    apiVersion,
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: policyName },
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
        ],
      },
      matchConditions: [{ name: 'has-a-program', expression: isOwnPod(repositories) }],
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: {
            expression: `[JSONPatch{op: "add", path: "/spec/schedulerName", value: "${hostScheduler}"}]`,
          },
        },
      ],
    },
  };
  const binding = {
    apiVersion,
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name: policyName },
    spec: { policyName },
  };
  return [
    { path: `${group}/mutatingadmissionpolicies`, object: policy },
    { path: `${group}/mutatingadmissionpolicybindings`, object: binding },
  ];
}

/** A pod without rights and work, to see what becomes of one. */
export function probePod(image: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'phoenix-probe' },
    spec: { automountServiceAccountToken: false, containers: [{ name: 'probe', image }] },
  };
}
