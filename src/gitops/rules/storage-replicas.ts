import { inspect, is, named, textAt, valueAt } from '../inspect.ts';
import type { Rule } from '../model.ts';
import { settled } from '../settled.ts';

const id = 'storage-replicas';
const parameter = ['parameters', 'numberOfReplicas'] as const;

/** A StorageClass of Longhorn that wants more replicas than the castle has nodes. */
export const storageReplicas: Rule = {
  id,
  look: (tree) => {
    const { nodes } = tree.given;
    if (nodes === undefined) return [];
    return inspect(tree, (resource, node) => {
      if (!is(resource, 'storage.k8s.io', 'StorageClass')) return [];
      if (textAt(resource.manifest, ['provisioner']) !== 'driver.longhorn.io') return [];
      const written = valueAt(resource.manifest, parameter);
      const replicas = Number(
        typeof written === 'string' ? (settled(node, written) ?? Number.NaN) : (written ?? Number.NaN),
      );
      if (!(replicas > nodes)) return [];
      return [
        {
          rule: id,
          severity: 'warning',
          at: resource.place(parameter),
          what: `${named(resource)} wants ${replicas} replicas, and the castle has ${nodes} ${nodes === 1 ? 'node' : 'nodes'}.`,
          why: 'Longhorn puts the replicas of a volume on different nodes: every volume stays degraded, and some are never ready for workloads.',
          fix: `Set numberOfReplicas to ${nodes} or less.`,
        },
      ];
    });
  },
};
