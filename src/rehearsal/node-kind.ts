/**
 * What plays the nodes of a box. `none`: nothing, so that only the programs of the box's own node run. `kwok`: the real
 * controllers and scheduler, and nodes and pods that kwok simulates. `real`: a kubelet and containerd in namespaces of their
 * own, which run every pod (Linux, root).
 */
export const nodeKinds = ['none', 'kwok', 'real'] as const;

export type NodeKind = (typeof nodeKinds)[number];
