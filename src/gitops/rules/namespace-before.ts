import { isHelmRelease } from '../charts.ts';
import { checksHealthOf, graphOf, keyOfNode, shownNode } from '../graph.ts';
import { isWhole, textAt, valueAt } from '../inspect.ts';
import { isBuiltIn, isClusterScoped } from '../kinds.ts';
import type { FluxNode, GitopsFinding, Resource, Rule, Tree } from '../model.ts';

/** What every cluster has. */
const always = new Set(['', 'default', 'kube-system', 'kube-public', 'kube-node-lease']);

/** Within one Kustomization Flux applies namespaces before everything else. */
export const namespaceBefore: Rule = {
  id: 'namespace-before',
  look(tree) {
    const makers = makersOf(tree);
    return tree.nodes.flatMap((node): GitopsFinding[] => {
      const byNamespace = Map.groupBy(
        node.resources.filter((resource) => !isClusterScoped(resource)),
        ({ namespace }) => namespace,
      );
      const refused = [...byNamespace].flatMap(([namespace, resources]) => {
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
      return [...refused, ...targetsOf(tree, node, makers)];
    });
  },
};

function judge(
  tree: Tree,
  node: FluxNode,
  namespace: string,
  makers: readonly Maker[],
): { readonly lack: string; readonly fix: string } | undefined {
  if (always.has(namespace) || tree.given.namespaces.has(namespace)) return undefined;
  const graph = graphOf(tree);
  const before = graph.before(keyOfNode(node));
  const inTime = makers.filter((maker) => maker.node === node || before.has(keyOfNode(maker.node)));
  if (inTime.some((maker) => maker.release === undefined || isReady(node, maker))) return undefined;
  const [late] = inTime;
  if (late?.release !== undefined) {
    const release = `the HelmRelease \`${late.release.name}\``;
    return {
      lack: `which ${release} makes only when its chart is installed, and nothing waits for that`,
      fix:
        late.node === node
          ? `Add the Namespace \`${namespace}\` beside ${release}.`
          : `Add the Namespace to \`${late.node.name}\`, or let that wait for ${release} (\`wait\` or \`healthChecks\`).`,
    };
  }
  const [maker] = makers;
  if (maker !== undefined) {
    const key = keyOfNode(maker.node);
    const name = shownNode(key);
    return {
      lack: `which \`${name}\` makes, and \`${node.name}\` does not wait for that`,
      // What itself waits for this one, or is applied by it, can never be there before.
      fix: graph.before(key).has(keyOfNode(node))
        ? `Move the Namespace to \`${node.name}\`, or these objects into a Kustomization that depends on \`${name}\`.`
        : `Add \`${name}\` to the \`dependsOn\` of \`${node.name}\`.`,
    };
  }
  // What comes from elsewhere, or is broken, may make it.
  if (!isWhole(tree)) return undefined;
  return {
    lack: 'which nothing in the tree makes, and no layer is said to',
    fix: `Add the Namespace \`${namespace}\` to a Kustomization that \`${node.name}\` depends on; where a layer makes it, name it in the castle file under \`gitops.given.namespaces\`.`,
  };
}

/** What makes a namespace: the Namespace itself, or the release of a chart, which does so once it is installed. */
interface Maker {
  readonly node: FluxNode;
  readonly release?: Resource;
}

/** Whether the chart is installed before `node` is applied, where it depends on the maker's. */
function isReady(node: FluxNode, { node: from, release }: Maker): boolean {
  return from !== node && release !== undefined && (from.wait || checksHealthOf(from, release));
}

/** Releases into a namespace that nothing makes: Helm makes it only where it is told to. */
function targetsOf(
  tree: Tree,
  node: FluxNode,
  makers: ReadonlyMap<string, readonly Maker[]>,
): GitopsFinding[] {
  return node.resources.filter(isHelmRelease).flatMap((release): GitopsFinding[] => {
    const target = textAt(release.manifest, ['spec', 'targetNamespace']) ?? '';
    const known = always.has(target) || tree.given.namespaces.has(target) || makers.has(target);
    // That of the release itself is judged with the rest of its namespace.
    if (known || target.includes('${') || target === release.namespace || !isWhole(tree)) return [];
    return [
      {
        rule: 'namespace-before',
        severity: 'error',
        at: release.place(['spec', 'targetNamespace']),
        what: `The HelmRelease \`${release.name}\` of \`${node.name}\` installs into the namespace \`${target}\`, which nothing in the tree makes, and no layer is said to.`,
        why: `Helm fails with \`namespaces "${target}" not found\`, and the chart is never installed.`,
        fix: `Set \`install.createNamespace: true\`, or add the Namespace; where a layer makes it, name it in the castle file under \`gitops.given.namespaces\`.`,
      },
    ];
  });
}

function makersOf(tree: Tree): Map<string, Maker[]> {
  const makers = new Map<string, Maker[]>();
  for (const node of tree.nodes) {
    for (const resource of node.resources) {
      const name = madeBy(resource);
      if (name === undefined) continue;
      const maker = isHelmRelease(resource) ? { node, release: resource } : { node };
      makers.set(name, [...(makers.get(name) ?? []), maker]);
    }
  }
  return makers;
}

function madeBy(resource: Resource): string | undefined {
  if (resource.kind === 'Namespace' && isBuiltIn(resource)) return resource.name;
  if (!isHelmRelease(resource)) return undefined;
  const { manifest } = resource;
  if (valueAt(manifest, ['spec', 'install', 'createNamespace']) !== true) return undefined;
  return textAt(manifest, ['spec', 'targetNamespace']);
}
