import { chartOf, groupsOf, isHeavy } from '../charts.ts';
import { isMap } from '../draft.ts';
import { graphOf, keyOfNode } from '../graph.ts';
import { groupOf } from '../kinds.ts';
import type { FluxNode, GitopsFinding, Resource, Rule } from '../model.ts';
import { textsIn } from '../substitution.ts';

/**
 * A node waits for what takes minutes, and another node that depends on it, by any way, has no use for that. To wait for a database is
 * right for what speaks to the database, and so is no finding: see `speaksOf`.
 */
export const waitOnHeavy: Rule = {
  id: 'wait-on-heavy',
  look: (tree) => {
    const graph = graphOf(tree);
    return tree.nodes.flatMap((node) => {
      const slow = node.resources.find((resource) => isHeavy(resource) && waitsFor(node, resource));
      if (slow === undefined) return [];
      const held = tree.nodes.filter(
        (each) =>
          each.whole && graph.waitedFor(keyOfNode(each)).has(keyOfNode(node)) && !speaksOf(each, slow),
      );
      if (held.length === 0) return [];
      return [finding(node, slow, held)];
    });
  },
};

function finding(node: FluxNode, slow: Resource, held: readonly FluxNode[]): GitopsFinding {
  const names = held.map(({ name }) => `\`${name}\``).join(', ');
  const chart = chartOf(slow);
  const thing = `the ${slow.kind} \`${slow.name}\`${chart !== '' && chart !== slow.name ? ` (${chart})` : ''}`;
  return {
    rule: 'wait-on-heavy',
    severity: 'warning',
    at: node.resource.place(['spec', node.wait ? 'wait' : 'healthChecks']),
    what: `\`${node.name}\` waits until ${thing} is up, and holds back ${names}, which says nothing of it.`,
    why: 'It takes minutes, or for ever where it cannot come up: until then nothing that depends on this Kustomization is applied.',
    fix: `Move ${thing} into a Kustomization that nobody waits for, or set \`wait: false\` and name in \`healthChecks\` what the others need.`,
  };
}

/** Flux ignores the health checks where it waits for everything. */
function waitsFor(node: FluxNode, resource: Resource): boolean {
  if (node.suspended) return false;
  if (node.wait) return true;
  const { spec } = node.resource.manifest;
  const checks = isMap(spec) && Array.isArray(spec['healthChecks']) ? spec['healthChecks'] : [];
  return checks
    .filter(isMap)
    .some(
      ({ kind, name, namespace }) =>
        kind === resource.kind &&
        name === resource.name &&
        (namespace ?? resource.namespace) === resource.namespace,
    );
}

/** Whether something of the node stands in its namespace, is of a kind that it brings, or has its name or namespace in it. */
function speaksOf(node: FluxNode, slow: Resource): boolean {
  const groups = new Set([groupOf(slow), ...(groupsOf(slow) ?? [])]);
  const words = [slow.name, slow.namespace].filter(
    (word) => word !== '' && word !== 'default' && word !== 'flux-system',
  );
  return node.resources.some(
    (resource) =>
      (resource.namespace === slow.namespace && !['', 'default', 'flux-system'].includes(slow.namespace)) ||
      (groupOf(resource) !== 'apps' &&
        groupOf(resource) !== 'helm.toolkit.fluxcd.io' &&
        groups.has(groupOf(resource))) ||
      [...textsIn(resource.manifest)].some(({ text }) => words.some((word) => text.includes(word))),
  );
}
