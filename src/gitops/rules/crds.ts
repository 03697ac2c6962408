import { bringsCrds, groupsOf, isHelmRelease } from '../charts.ts';
import { isMap } from '../draft.ts';
import { checksHealthOf, graphOf, keyOfNode, shownNode } from '../graph.ts';
import { groupOf, isBuiltIn, isCrd } from '../kinds.ts';
import type { FluxNode, GitopsFinding, Resource, Rule, Tree } from '../model.ts';

/** Where a custom resource's CRD comes from, as far as the tree and what is given say. */
type Origin =
  | { readonly from: 'given' | 'unknown' | 'nowhere' }
  | { readonly from: 'tree'; readonly node: FluxNode; readonly crd: Resource }
  | { readonly from: 'chart'; readonly node: FluxNode; readonly release: Resource };

export const crBesideCrd: Rule = {
  id: 'cr-beside-crd',
  look: (tree) => each(tree, (node, resource, origin) => beside(node, resource, origin)),
};

export const crdNotBefore: Rule = {
  id: 'crd-not-before',
  look: (tree) => each(tree, (node, resource, origin) => notBefore(tree, node, resource, origin)),
};

type Words = Pick<GitopsFinding, 'severity' | 'what' | 'why' | 'fix' | 'rule'>;

/** One finding a node and kind: the first object speaks for the others. */
function each(
  tree: Tree,
  judge: (node: FluxNode, resource: Resource, origin: Origin) => Words | undefined,
): GitopsFinding[] {
  const origins = new Map<string, Origin>();
  return tree.nodes.flatMap((node) => {
    const kinds = new Set<string>();
    return node.resources.flatMap((resource): GitopsFinding[] => {
      const kind = `${groupOf(resource)}/${resource.kind}`;
      if (isBuiltIn(resource) || isNoKind(resource) || kinds.has(kind)) return [];
      kinds.add(kind);
      const key = `${keyOfNode(node)} ${kind}`;
      const origin = origins.get(key) ?? originOf(tree, node, resource);
      origins.set(key, origin);
      const words = judge(node, resource, origin);
      return words === undefined ? [] : [{ ...words, at: resource.at }];
    });
  });
}

const noMatch = (resource: Resource) =>
  `\`no matches for kind "${resource.kind}" in version "${resource.apiVersion}"\``;

function beside(node: FluxNode, resource: Resource, origin: Origin): Words | undefined {
  if (!('node' in origin) || origin.node !== node) return undefined;
  const named = `The ${resource.kind} \`${resource.name}\``;
  const split = `Put the ${resource.kind} into a Kustomization of its own that depends on \`${node.name}\``;
  if (origin.from === 'chart') {
    return {
      rule: 'cr-beside-crd',
      severity: 'error',
      what: `${named} stands in \`${node.name}\` beside the HelmRelease \`${origin.release.name}\`, whose chart brings its CRD.`,
      why: `Flux tries all objects of a Kustomization before it applies any: this one fails with ${noMatch(resource)}, so the HelmRelease is never applied either.`,
      fix: `${split}, and let that one wait for the HelmRelease (\`wait\` or \`healthChecks\`).`,
    };
  }
  return {
    rule: 'cr-beside-crd',
    severity: 'warning',
    what: `${named} stands in \`${node.name}\` beside the CRD that defines it, at ${origin.crd.at.file}:${origin.crd.at.line}.`,
    why: `Flux applies the CRD first, but knows nothing of the operator: one ${resource.kind} that is refused (its webhook is not up yet) keeps everything else of \`${node.name}\` from being applied, the operator too. Every other tool fails at once with ${noMatch(resource)}, and pruning removes CRD and ${resource.kind} in one go.`,
    fix: `${split}.`,
  };
}

function notBefore(tree: Tree, node: FluxNode, resource: Resource, origin: Origin): Words | undefined {
  const rule = 'crd-not-before';
  const named = `The ${resource.kind} \`${resource.name}\``;
  const why = `Until its CRD is there, all of \`${node.name}\` fails with ${noMatch(resource)}.`;
  if (origin.from === 'nowhere') {
    return {
      rule,
      severity: 'error',
      what: `${named} has no CRD: no Kustomization of the tree brings one for ${groupOf(resource)}, and no layer is said to.`,
      why,
      fix: `Add the CRDs to the tree, in a Kustomization that \`${node.name}\` depends on; where a layer makes them, name them in the castle file under \`gitops.given.crds\`.`,
    };
  }
  if (!('node' in origin) || origin.node === node) return undefined;
  const from = origin.node;
  const graph = graphOf(tree);
  if (!graph.before(keyOfNode(node)).has(keyOfNode(from))) {
    // What itself waits for this one, or is applied by it, can never be there before.
    const after = graph.before(keyOfNode(from)).has(keyOfNode(node));
    return {
      rule,
      severity: 'error',
      what: `${named} needs a CRD from \`${shownNode(keyOfNode(from))}\`, which \`${node.name}\` does not wait for.`,
      why,
      fix: after
        ? `Move the ${resource.kind} into a Kustomization that depends on \`${shownNode(keyOfNode(from))}\`.`
        : `Add \`${shownNode(keyOfNode(from))}\` to the \`dependsOn\` of \`${node.name}\`.`,
    };
  }
  if (origin.from !== 'chart' || from.wait || checksHealthOf(from, origin.release)) return undefined;
  return {
    rule,
    severity: 'warning',
    what: `${named} needs a CRD that the HelmRelease \`${origin.release.name}\` brings, and \`${from.name}\` does not wait for it.`,
    why: `\`${from.name}\` is Ready as soon as the HelmRelease is written down, before its chart is installed. ${why}`,
    fix: `Name the HelmRelease in the \`healthChecks\` of \`${from.name}\`, or set \`wait: true\` there.`,
  };
}

function originOf(tree: Tree, node: FluxNode, resource: Resource): Origin {
  const group = groupOf(resource);
  if (isGiven(tree, resource)) return { from: 'given' };
  const keys = graphOf(tree).before(keyOfNode(node));
  const before = tree.nodes.filter((each) => keys.has(keyOfNode(each)));
  // One that is there in time is the one that counts.
  const inOrder = [...before, node, ...tree.nodes];
  for (const from of inOrder) {
    const crd = from.resources.find((each) => isCrd(each) && defines(each, group, resource.kind));
    if (crd !== undefined) return { from: 'tree', node: from, crd };
  }
  const releases = inOrder.flatMap((from) =>
    from.resources
      .filter((each) => isHelmRelease(each) && bringsCrds(each) !== false)
      .map((release) => ({ from: 'chart' as const, node: from, release })),
  );
  const brings = releases.filter(({ release }) => groupsOf(release)?.includes(group));
  const known = brings.find(({ release }) => bringsCrds(release));
  if (known !== undefined && (before.includes(known.node) || before.every(({ whole }) => whole)))
    return known;
  // A chart that is not known, or what is not in this tree, may bring anything.
  const open =
    brings.length > 0 ||
    releases.some(({ release }) => groupsOf(release) === undefined) ||
    tree.nodes.some(({ whole }) => !whole);
  return { from: open ? 'unknown' : 'nowhere' };
}

function defines({ manifest }: Resource, group: string, kind: string): boolean {
  const { spec } = manifest;
  if (!isMap(spec) || spec['group'] !== group) return false;
  return isMap(spec['names']) && spec['names']['kind'] === kind;
}

/** By name where the plural is a common one, or by the whole group. */
function isGiven({ given }: Tree, resource: Resource): boolean {
  const group = groupOf(resource);
  const kind = resource.kind.toLowerCase();
  const plurals = [kind, `${kind}s`, `${kind}es`, kind.replace(/y$/, 'ies')];
  return ['*', ...plurals].some((plural) => given.crds.has(`${plural}.${group}`));
}

/** What is no kind of the API: the settings of tools that lie in a tree. */
function isNoKind(resource: Resource): boolean {
  return ['kustomize.config.k8s.io', ''].includes(groupOf(resource));
}
