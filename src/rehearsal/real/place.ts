/** The one node of a box with `node: real`, as those inside it know it. All of it is in namespaces of its own. */
export const nodeName = 'castle-node';
export const nodeAddress = '10.99.0.2';
export const nodeNetwork = `${nodeAddress}/24`;
export const podRange = '10.244.0.0/24';
export const serviceRange = '10.96.0.0/16';
export const clusterDns = '10.96.0.10';
export const clusterDomain = 'cluster.local';

/** Where containerd listens; /run is the node's own. */
export const containerdSocket = '/run/containerd/containerd.sock';

/** What local PersistentVolumes are made of: each a tmpfs of its size, so that a full one is full. */
export const volumesFolder = '/var/phoenix/volumes';
export const volumes: Readonly<Record<string, string>> = {
  'castle-0': '1g',
  'castle-1': '64m',
  'castle-2': '64m',
  'castle-3': '64m',
  'castle-4': '64m',
};
