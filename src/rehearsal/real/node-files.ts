import { join } from 'node:path';
import { clusterDns, clusterDomain, containerdSocket, nodeAddress, nodeName, podRange } from './place.ts';

/** The node's configuration files by name. `dir`: where they are; `keys`: where the control plane's files are; `cgroup`: below which all pods are. */
export function nodeFiles(of: {
  readonly dir: string;
  readonly keys: string;
  readonly plugins: string;
  readonly runc: string;
  readonly cgroup: string;
}): Readonly<Record<string, string>> {
  return {
    'containerd.toml': containerd(of),
    'cni/10-castle.conflist': network(),
    'kubelet.json': kubelet(of),
    'kube-proxy.json': proxy(of.keys),
    'resolv.conf': '',
  };
}

/** Version 2 of the file is read by containerd 1.6 and by 2.x. */
const containerd = ({ dir, plugins, runc }: { dir: string; plugins: string; runc: string }) => `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "phoenix.box/pause:1"
  enable_selinux = false
  disable_apparmor = true
  # Without CAP_SYS_RESOURCE a lower score than the parent's is refused, and with it the sandbox.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
        BinaryName = "${runc}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${plugins}"
    conf_dir = "${join(dir, 'cni')}"
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd-opt"
`;

const network = () =>
  JSON.stringify({
    cniVersion: '0.4.0',
    name: 'castle',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        isDefaultGateway: true,
        hairpinMode: true,
        ipam: { type: 'host-local', dataDir: '/run/cni-addresses', ranges: [[{ subnet: podRange }]] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });

const kubelet = ({ dir, keys, cgroup }: { dir: string; keys: string; cgroup: string }) =>
  JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    address: nodeAddress,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(keys, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: join(keys, 'kubelet.crt'),
    tlsPrivateKeyFile: join(keys, 'kubelet.key'),
    // Nothing outside is asked for names.
    resolvConf: join(dir, 'resolv.conf'),
    clusterDNS: [clusterDns],
    clusterDomain,
    failSwapOn: false,
    // What was imported cannot be pulled again.
    imageGCHighThresholdPercent: 100,
    imageMaximumGCAge: '0s',
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '1%',
      'nodefs.inodesFree': '1%',
      'imagefs.available': '1%',
    },
    nodeStatusUpdateFrequency: '2s',
    // An image that came late, a crash: the next try is not minutes away.
    crashLoopBackOff: { maxContainerRestartPeriod: '10s' },
    featureGates: { KubeletCrashLoopBackOffMax: true },
    syncFrequency: '10s',
    serializeImagePulls: false,
    registerNode: true,
    enableDebuggingHandlers: true,
  });

const proxy = (keys: string) =>
  JSON.stringify({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    bindAddress: '0.0.0.0',
    clusterCIDR: podRange,
    hostnameOverride: nodeName,
    clientConnection: { kubeconfig: join(keys, 'kube-proxy.kubeconfig') },
    // Not writable but in the machine's own network namespace.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
  });

export function kubeletFlags(dir: string, keys: string): string[] {
  return [
    `--config=${join(dir, 'kubelet.json')}`,
    `--kubeconfig=${join(keys, 'kubelet.kubeconfig')}`,
    '--root-dir=/var/lib/kubelet',
    `--hostname-override=${nodeName}`,
    `--node-ip=${nodeAddress}`,
  ];
}
