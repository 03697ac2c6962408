/**
 * What plays the nodes of a box. `none`: nothing, so that only the programs of the box's own node run. `kwok`: the real
 * controllers and scheduler, and nodes and pods that kwok simulates.
 */
export const nodeKinds = ['none', 'kwok'] as const;

export type NodeKind = (typeof nodeKinds)[number];
