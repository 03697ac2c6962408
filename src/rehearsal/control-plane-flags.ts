import type { NodeKind } from './node-kind.ts';
import { nodeAddress, serviceRange } from './real/place.ts';

const loopbackServices = '10.43.0.0/24';
/** What the `kubernetes` Service gets: the API server's certificate is valid for it. */
export const firstServiceAddress: Readonly<Record<NodeKind, string>> = {
  none: '10.43.0.1',
  kwok: '10.43.0.1',
  real: '10.96.0.1',
};

/** `path` gives the place of a file of `writeControlPlaneFiles`. */
export function etcdFlags(path: (name: string) => string, port: number, peerPort: number): string[] {
  const client = `https://127.0.0.1:${port}`;
  const peer = `https://127.0.0.1:${peerPort}`;
  return [
    '--name=box',
    `--data-dir=${path('etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=box=${peer}`,
    `--cert-file=${path('etcd.crt')}`,
    `--key-file=${path('etcd.key')}`,
    '--client-cert-auth',
    `--trusted-ca-file=${path('etcd-ca.crt')}`,
    `--peer-cert-file=${path('etcd.crt')}`,
    `--peer-key-file=${path('etcd.key')}`,
    '--peer-client-cert-auth',
    `--peer-trusted-ca-file=${path('etcd-ca.crt')}`,
    '--log-level=warn',
    // The data is in RAM and ends with the box: there is nothing to sync to.
    '--unsafe-no-fsync',
    // A member alone elects itself after one election timeout, 1 s by default.
    '--heartbeat-interval=20',
    '--election-timeout=200',
  ];
}

/** TLS only, no anonymous requests, no static tokens, nothing allowed but by RBAC (and a kubelet what is its node's). */
export function apiServerFlags(
  path: (name: string) => string,
  etcdPort: number,
  port: number,
  node: NodeKind,
): string[] {
  return [
    `--secure-port=${port}`,
    `--tls-cert-file=${path('apiserver.crt')}`,
    `--tls-private-key-file=${path('apiserver.key')}`,
    `--client-ca-file=${path('ca.crt')}`,
    '--anonymous-auth=false',
    // As the API server of a castle on Talos: storage and networking ask for privileged pods.
    '--allow-privileged',
    `--etcd-servers=https://127.0.0.1:${etcdPort}`,
    `--etcd-cafile=${path('etcd-ca.crt')}`,
    `--etcd-certfile=${path('etcd-client.crt')}`,
    `--etcd-keyfile=${path('etcd-client.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${path('tokens.key')}`,
    `--service-account-key-file=${path('tokens.pub')}`,
    `--encryption-provider-config=${path('encryption.json')}`,
    '--profiling=false',
    // There is no second API server to tell apart: its lease and the wait for it are left out.
    `--feature-gates=APIServerIdentity=false${node === 'kwok' ? ',MutatingAdmissionPolicy=true' : ''}`,
    ...(node === 'kwok' ? ['--runtime-config=admissionregistration.k8s.io/v1beta1=true'] : []),
    ...(node === 'real' ? besideKubelet(path) : onLoopback),
  ];
}

const onLoopback = [
  '--bind-address=127.0.0.1',
  '--advertise-address=127.0.0.1',
  // The `kubernetes` Service gets no endpoints: loopback is not allowed there, and no pod would read them.
  '--endpoint-reconciler-type=none',
  `--service-cluster-ip-range=${loopbackServices}`,
  '--authorization-mode=RBAC',
];

const besideKubelet = (path: (name: string) => string) => [
  '--bind-address=0.0.0.0',
  `--advertise-address=${nodeAddress}`,
  `--service-cluster-ip-range=${serviceRange}`,
  '--authorization-mode=Node,RBAC',
  '--enable-admission-plugins=NodeRestriction',
  `--kubelet-client-certificate=${path('kubelet-client.crt')}`,
  `--kubelet-client-key=${path('kubelet-client.key')}`,
  `--kubelet-certificate-authority=${path('ca.crt')}`,
  '--kubelet-preferred-address-types=InternalIP',
];
