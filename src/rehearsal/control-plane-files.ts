import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { firstServiceAddress } from './control-plane-flags.ts';
import type { ApiAccess } from './kube-api.ts';
import type { NodeKind } from './node-kind.ts';
import { createAuthority, createSigningKey } from './pki.ts';
import { nodeAddress, nodeName } from './real/place.ts';

/** The components of a cluster that talk to its API server, where it has nodes: the users they are. */
const controllers = {
  'kube-controller-manager': { commonName: 'system:kube-controller-manager' },
  'kube-scheduler': { commonName: 'system:kube-scheduler' },
};
const components = {
  none: {},
  kwok: controllers,
  real: {
    ...controllers,
    'kube-proxy': { commonName: 'system:kube-proxy' },
    kubelet: { commonName: `system:node:${nodeName}`, organization: 'system:nodes' },
  },
};

/**
 * Keys, certificates, the encryption key and the kubeconfig, each 0600, into `dir`; with nodes also NAME.kubeconfig of the
 * other components, the kubelet's valid from `kubeletFromMs` from now on. The authorities' own keys are forgotten.
 */
export async function writeControlPlaneFiles(
  dir: string,
  apiPort: number,
  node: NodeKind = 'none',
  kubeletFromMs?: number,
): Promise<ApiAccess> {
  const write = (name: string, text: string) => writeFile(join(dir, name), text, { mode: 0o600, flag: 'wx' });
  const cluster = createAuthority('phoenix-box');
  const store = createAuthority('phoenix-box-etcd');
  const signing = createSigningKey();
  const hosts = ['127.0.0.1', 'localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  const apiServer = cluster.server({ commonName: 'kube-apiserver' }, [
    ...hosts,
    firstServiceAddress[node],
    ...(node === 'real' ? [nodeAddress] : []),
  ]);
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
    ...Object.entries(components[node]).map(([name, user]) => {
      const client = cluster.client(user, name === 'kubelet' ? kubeletFromMs : undefined);
      return write(`${name}.kubeconfig`, kubeconfig({ server, ca: cluster.certificate, ...client }));
    }),
    ...(node === 'real' ? kubeletCertificates() : []),
  ]);
  return { server, ca: cluster.certificate, certificate: admin.certificate, key: admin.key };

  function kubeletCertificates(): Promise<void>[] {
    const kubelet = cluster.server({ commonName: nodeName }, [nodeAddress, '127.0.0.1', nodeName]);
    const client = cluster.client({ commonName: 'kube-apiserver', organization: 'system:masters' });
    return [
      write('kubelet.crt', kubelet.certificate),
      write('kubelet.key', kubelet.key),
      write('kubelet-client.crt', client.certificate),
      write('kubelet-client.key', client.key),
    ];
  }
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
