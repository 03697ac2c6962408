import { isHelmRelease } from '../charts.ts';
import { isMap } from '../draft.ts';
import { graphOf, keyOfNode, shownNode } from '../graph.ts';
import { isWhole } from '../inspect.ts';
import { isBuiltIn, isClusterScoped } from '../kinds.ts';
import type { FluxNode, GitopsFinding, Resource, Rule, Tree } from '../model.ts';

/** What every cluster has. */
const always = new Set(['', 'default', 'kube-system', 'kube-public', 'kube-node-lease']);

/** Within one Kustomization Flux applies namespaces before everything else. */
export const namespaceBefore: Rule = {
  id: 'namespace-before',
  look(tree) {
    const makers = makersOf(tree);
    return tree.nodes.flatMap((node) => {
      const byNamespace = Map.groupBy(
        node.resources.filter((resource) => !isClusterScoped(resource)),
        ({ namespace }) => namespace,
      );
      return [...byNamespace].flatMap(([namespace, resources]) => {
        // Known only in the cluster.
        if (namespace.includes('${')) return [];
        const words = judge(tree, node, namespace, makers.get(namespace) ?? []);
        const [first] = resources;
        if (words === undefined || first === undefined) return [];
        const others = resources.length === 1 ? '' : ` and ${resources.length - 1} more`;
        const what = `The ${first.kind} \`${first.name}\`${others} of \`${node.name}\` ${resources.length === 1 ? 'stands' : 'stand'} in the namespace \`${namespace}\`, ${words.lack}.`;
        const why = `The API server refuses it with \`namespaces "${namespace}" not found\`, and nothing of \`${node.name}\` is applied.`;
        const at = first.place(['metadata', 'namespace']);
        return [
          {
            rule: 'namespace-before',
            severity: 'error',
            at,
            what,
            why,
            fix: words.fix,
          } satisfies GitopsFinding,
        ];
      });
    });
  },
};

function judge(
  tree: Tree,
  node: FluxNode,
  namespace: string,
  makers: readonly FluxNode[],
): { readonly lack: string; readonly fix: string } | undefined {
  if (always.has(namespace) || tree.given.namespaces.has(namespace) || makers.includes(node))
    return undefined;
  const before = graphOf(tree).before(keyOfNode(node));
  if (makers.some((maker) => before.has(keyOfNode(maker)))) return undefined;
  const [maker] = makers;
  if (maker !== undefined) {
    const name = shownNode(keyOfNode(maker));
    return {
      lack: `which \`${name}\` makes, and \`${node.name}\` does not wait for that`,
      fix: `Add \`${name}\` to the \`dependsOn\` of \`${node.name}\`.`,
    };
  }
  // What comes from elsewhere, or is broken, may make it.
  if (!isWhole(tree)) return undefined;
  return {
    lack: 'which nothing in the tree makes, and no layer is said to',
    fix: `Add the Namespace \`${namespace}\` to a Kustomization that \`${node.name}\` depends on; where a layer makes it, name it in the castle file under \`gitops.given.namespaces\`.`,
  };
}

function makersOf(tree: Tree): Map<string, FluxNode[]> {
  const makers = new Map<string, FluxNode[]>();
  for (const node of tree.nodes) {
    for (const name of node.resources.flatMap(madeBy)) makers.set(name, [...(makers.get(name) ?? []), node]);
  }
  return makers;
}

function madeBy(resource: Resource): string[] {
  if (resource.kind === 'Namespace' && isBuiltIn(resource)) return [resource.name];
  const { spec } = resource.manifest;
  if (!isHelmRelease(resource) || !isMap(spec) || !isMap(spec['install'])) return [];
  const target = spec['targetNamespace'];
  return spec['install']['createNamespace'] === true && typeof target === 'string' ? [target] : [];
}
