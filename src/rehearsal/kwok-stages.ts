import { hostScheduler } from './workload-objects.ts';

/** Not those that the box's own node speaks for. */
const simulated = { key: '.spec.schedulerName', operator: 'NotIn', values: [hostScheduler] };
const deletion = '.metadata.deletionTimestamp';

const now = '{{ Now | Quote }}';
const runs = `running: { startedAt: ${now} }`;
const completed = `terminated: { exitCode: 0, reason: Completed, startedAt: ${now}, finishedAt: ${now} }`;

const condition = (type: string, holds: boolean) =>
  `- { type: ${type}, status: "${holds ? 'True' : 'False'}", lastTransitionTime: ${now} }`;

const nodeCondition = (type: string, holds: boolean) =>
  `- { type: ${type}, status: "${holds ? 'True' : 'False'}", reason: SimulatedByKwok, message: there is no machine, lastHeartbeatTime: ${now}, lastTransitionTime: ${now} }`;

const containerStatus = (state: string, { ready, started }: { ready: boolean; started: boolean }) =>
  `- { name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: ${ready}, started: ${started}, restartCount: 0, state: { ${state} } }`;

const room = '{ cpu: "64", memory: 256Gi, ephemeral-storage: 1Ti, pods: "250" }';

const nodeReady = `
phase: Running
conditions:
${nodeCondition('Ready', true)}
${nodeCondition('MemoryPressure', false)}
${nodeCondition('DiskPressure', false)}
${nodeCondition('PIDPressure', false)}
addresses:
- { type: Hostname, address: {{ .metadata.name | Quote }} }
capacity: ${room}
allocatable: ${room}
nodeInfo: { architecture: amd64, operatingSystem: linux, osImage: simulated by kwok, kubeletVersion: kwok, containerRuntimeVersion: kwok, kernelVersion: "", kubeProxyVersion: "", machineID: "", systemUUID: "", bootID: "" }
`;

/** Every container at once, as if each were started and answered its probes; init containers as if they were done. */
const podRunning = `
phase: Running
startTime: ${now}
conditions:
${condition('PodScheduled', true)}
${condition('Initialized', true)}
${condition('ContainersReady', true)}
${condition('Ready', true)}
{{ range .spec.readinessGates }}
- { type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: ${now} }
{{ end }}
containerStatuses:
{{ range .spec.containers }}
${containerStatus(runs, { ready: true, started: true })}
{{ end }}
{{ with .spec.initContainers }}
initContainerStatuses:
{{ range . }}
{{ if eq (or .restartPolicy "") "Always" }}
${containerStatus(runs, { ready: true, started: true })}
{{ else }}
${containerStatus(completed, { ready: true, started: false })}
{{ end }}
{{ end }}
{{ end }}
{{ with PodIPsWith .spec.nodeName (or .spec.hostNetwork false) .metadata.uid .metadata.name .metadata.namespace }}
podIP: {{ index . 0 | Quote }}
podIPs:
{{ range . }}
- { ip: {{ . | Quote }} }
{{ end }}
{{ end }}
`;

const podDone = `
phase: Succeeded
containerStatuses:
{{ range .spec.containers }}
${containerStatus(completed, { ready: false, started: false })}
{{ end }}
`;

/** What kwok plays, as its Stage resources: nodes are ready, pods run at once, those of Jobs succeed, deleted ones go. */
export function kwokStages(): string {
  const stages = [
    stage('node-ready', 'Node', [{ key: '.status.phase', operator: 'NotIn', values: ['Running'] }], {
      statusTemplate: nodeReady,
    }),
    stage(
      'pod-running',
      'Pod',
      [
        simulated,
        { key: deletion, operator: 'DoesNotExist' },
        { key: '.status.phase', operator: 'In', values: ['Pending'] },
      ],
      { statusTemplate: podRunning },
    ),
    stage(
      'pod-of-job-done',
      'Pod',
      [
        simulated,
        { key: deletion, operator: 'DoesNotExist' },
        { key: '.status.phase', operator: 'In', values: ['Running'] },
        { key: '.metadata.ownerReferences.[].kind', operator: 'In', values: ['Job'] },
      ],
      { statusTemplate: podDone },
    ),
    stage('pod-deleted', 'Pod', [simulated, { key: deletion, operator: 'Exists' }], { delete: true }),
  ];
  // JSON documents are YAML documents.
  return stages.map((each) => `---\n${JSON.stringify(each)}\n`).join('');
}

function stage(
  name: string,
  kind: 'Node' | 'Pod',
  matchExpressions: readonly object[],
  next: object,
): object {
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: { resourceRef: { apiGroup: 'v1', kind }, selector: { matchExpressions }, next },
  };
}
