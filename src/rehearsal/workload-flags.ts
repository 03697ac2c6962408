/** As long as the certificates of the box live. */
const boxLifetime = '24h';

/** `path` gives the place of a file of the control plane; `heartbeat`: whether a kubelet speaks for the nodes. */
export function controllerManagerFlags(
  path: (name: string) => string,
  { heartbeat }: { readonly heartbeat: boolean },
): string[] {
  return [
    `--kubeconfig=${path('kube-controller-manager.kubeconfig')}`,
    '--use-service-account-credentials',
    `--service-account-private-key-file=${path('tokens.key')}`,
    `--root-ca-file=${path('ca.crt')}`,
    // Whatever else speaks for a node ends the rehearsal when it ends.
    `--node-monitor-grace-period=${heartbeat ? '20s' : boxLifetime}`,
    ...aloneAndUnasked,
  ];
}

export function schedulerFlags(path: (name: string) => string): string[] {
  return [`--kubeconfig=${path('kube-scheduler.kubeconfig')}`, ...aloneAndUnasked];
}

/** There is no second one to agree with, and nobody asks for health or metrics: no port at all. */
const aloneAndUnasked = [
  '--leader-elect=false',
  '--bind-address=127.0.0.1',
  '--secure-port=0',
  '--profiling=false',
];

export function kwokFlags(path: (name: string) => string): string[] {
  return [
    `--kubeconfig=${path('kubeconfig')}`,
    `--config=${path('kwok-stages.yaml')}`,
    '--manage-all-nodes=true',
    '--node-lease-duration-seconds=0',
    // Addresses that nothing answers on.
    '--cidr=10.44.0.1/16',
  ];
}
