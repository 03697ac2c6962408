import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { firstServiceAddress } from './control-plane-flags.ts';
import type { ApiAccess } from './kube-api.ts';
import { createAuthority, createSigningKey } from './pki.ts';

/** The components of a cluster that talk to its API server, where it has nodes; their users are named after them. */
const components = ['kube-controller-manager', 'kube-scheduler'];

/**
 * Keys, certificates, the encryption key and the kubeconfig, each 0600, into `dir`; with `workloads` also NAME.kubeconfig
 * of the other components. The authorities' own keys are forgotten.
 */
export async function writeControlPlaneFiles(
  dir: string,
  apiPort: number,
  workloads = false,
): Promise<ApiAccess> {
  const write = (name: string, text: string) => writeFile(join(dir, name), text, { mode: 0o600, flag: 'wx' });
  const cluster = createAuthority('phoenix-box');
  const store = createAuthority('phoenix-box-etcd');
  const signing = createSigningKey();
  const hosts = ['127.0.0.1', 'localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  const apiServer = cluster.server({ commonName: 'kube-apiserver' }, [...hosts, firstServiceAddress]);
  const admin = cluster.client({ commonName: 'phoenix', organization: 'system:masters' });
  const etcd = store.server({ commonName: 'etcd' }, ['127.0.0.1', 'localhost']);
  const etcdClient = store.client({ commonName: 'kube-apiserver' });
  const server = `https://127.0.0.1:${apiPort}`;
  await Promise.all([
    write('ca.crt', cluster.certificate),
    write('apiserver.crt', apiServer.certificate),
    write('apiserver.key', apiServer.key),
    write('admin.crt', admin.certificate),
    write('admin.key', admin.key),
    write('etcd-ca.crt', store.certificate),
    write('etcd.crt', etcd.certificate),
    write('etcd.key', etcd.key),
    write('etcd-client.crt', etcdClient.certificate),
    write('etcd-client.key', etcdClient.key),
    write('tokens.key', signing.privateKey),
    write('tokens.pub', signing.publicKey),
    write('encryption.json', encryptionConfiguration()),
    write('kubeconfig', kubeconfig({ server, ca: cluster.certificate, ...admin })),
    ...(workloads ? components : []).map((name) => {
      const client = cluster.client({ commonName: `system:${name}` });
      return write(`${name}.kubeconfig`, kubeconfig({ server, ca: cluster.certificate, ...client }));
    }),
  ]);
  return { server, ca: cluster.certificate, certificate: admin.certificate, key: admin.key };
}

function encryptionConfiguration(): string {
  const secret = randomBytes(32).toString('base64');
  const secretbox = { keys: [{ name: 'box', secret }] };
  return JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [{ resources: ['secrets'], providers: [{ secretbox }, { identity: {} }] }],
  });
}

/** With the key inside, as Talos gives it: whoever stores this text (OpenTofu's state does) stores a secret. */
function kubeconfig(of: { server: string; ca: string; certificate: string; key: string }): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return `apiVersion: v1
kind: Config
clusters:
  - name: box
    cluster:
      server: ${of.server}
      certificate-authority-data: ${base64(of.ca)}
users:
  - name: phoenix
    user:
      client-certificate-data: ${base64(of.certificate)}
      client-key-data: ${base64(of.key)}
contexts:
  - name: box
    context: { cluster: box, user: phoenix }
current-context: box
`;
}
