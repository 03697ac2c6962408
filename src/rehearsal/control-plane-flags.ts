const serviceRange = '10.43.0.0/24';
/** What the `kubernetes` Service gets: the API server's certificate is valid for it. */
export const firstServiceAddress = '10.43.0.1';

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

/** TLS only, RBAC only, no anonymous requests, no static tokens. */
export function apiServerFlags(path: (name: string) => string, etcdPort: number, port: number): string[] {
  return [
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--advertise-address=127.0.0.1',
    // The `kubernetes` Service gets no endpoints: loopback is not allowed there, and no pod would read them.
    '--endpoint-reconciler-type=none',
    `--service-cluster-ip-range=${serviceRange}`,
    `--tls-cert-file=${path('apiserver.crt')}`,
    `--tls-private-key-file=${path('apiserver.key')}`,
    `--client-ca-file=${path('ca.crt')}`,
    '--anonymous-auth=false',
    // As the API server of a castle on Talos: storage and networking ask for privileged pods, and no pod runs here.
    '--allow-privileged',
    '--authorization-mode=RBAC',
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
    '--feature-gates=APIServerIdentity=false',
  ];
}
