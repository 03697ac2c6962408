import { editDistance, nearest } from '../../near.ts';
import { graphOf, keyOfNode, shownNode } from '../graph.ts';
import { isWhole, listAt, textAt } from '../inspect.ts';
import { isFluxKustomization } from '../kinds.ts';
import type { FluxNode, GitopsFinding, Place, Rule, Tree } from '../model.ts';

export const dependsOnUnknown: Rule = {
  id: 'depends-on-unknown',
  look(tree) {
    const graph = graphOf(tree);
    const names = tree.nodes.map(keyOfNode);
    const whole = isWhole(tree);
    return tree.nodes.flatMap((node) =>
      node.dependsOn.flatMap((key, index): GitopsFinding[] => {
        if (graph.get(key) !== undefined) return [];
        const others = names.filter((each) => each !== keyOfNode(node));
        // What comes from elsewhere, or is broken, may hold it: there only a slip of one letter tells.
        const near = nearest(key, whole ? others : others.filter((each) => isSlip(key, each)));
        if (near === undefined && !whole) return [];
        return [
          {
            rule: 'depends-on-unknown',
            severity: whole ? 'error' : 'warning',
            at: node.resource.place(['spec', 'dependsOn', index]),
            what: `\`${node.name}\` depends on \`${shownNode(key)}\`, and the tree has no such Kustomization.`,
            why: `Flux says \`dependency '${key}' not found\` and never applies \`${node.name}\`.`,
            fix:
              near === undefined
                ? 'Add that Kustomization to what the entry applies, or remove the dependency.'
                : `Write \`${shownNode(near)}\`, if that was meant.`,
          },
        ];
      }),
    );
  },
};

function isSlip(written: string, meant: string): boolean {
  const lengths = Math.abs(written.length - meant.length);
  return lengths <= 1 && editDistance(written.toLowerCase(), meant.toLowerCase()) <= 1;
}

/** One thing that a node waits for. */
interface Edge {
  readonly to: string;
  readonly at: Place;
  readonly words: string;
}

export const dependsOnCycle: Rule = {
  id: 'depends-on-cycle',
  look(tree) {
    const cycles = cyclesOf(tree);
    return cycles.flatMap((edges): GitopsFinding[] => {
      const [first] = edges;
      if (first === undefined) return [];
      const names = [...edges.map(({ from }) => from), first.from].map(shownNode);
      const places = edges.map(
        ({ from, to, at, words }) => `${shownNode(from)} ${words} ${shownNode(to)} at ${at.file}:${at.line}`,
      );
      return [
        {
          rule: 'depends-on-cycle',
          severity: 'error',
          at: first.at,
          what: `These Kustomizations wait for each other: ${names.join(' → ')}.`,
          why: `None of them is ever applied. ${places.join('; ')}.`,
          fix: 'Remove one of these dependencies, or move what is needed by both into a Kustomization of its own.',
        },
      ];
    });
  },
};

function edgesOf(tree: Tree, node: FluxNode): Edge[] {
  const graph = graphOf(tree);
  const depends = node.dependsOn.map((to, index): Edge => {
    return { to, at: node.resource.place(['spec', 'dependsOn', index]), words: 'depends on' };
  });
  // One that waits for all that it applies waits for the Kustomizations among it, but for itself.
  const children = node.wait
    ? tree.nodes.filter((child) => graph.parent(keyOfNode(child)) === node).map(keyOfNode)
    : [];
  const waits = children.map(
    (to): Edge => ({ to, at: node.resource.place(['spec', 'wait']), words: 'waits for' }),
  );
  return [...depends, ...waits, ...checksOf(node)].filter(({ to }) => graph.get(to) !== undefined);
}

/** Kustomizations whose health it checks: Flux ignores the checks where it waits for everything. */
function checksOf(node: FluxNode): Edge[] {
  if (node.wait) return [];
  return listAt(node.resource.manifest, ['spec', 'healthChecks']).flatMap((check, index): Edge[] => {
    const apiVersion = textAt(check, ['apiVersion']) ?? '';
    if (!isFluxKustomization({ apiVersion, kind: textAt(check, ['kind']) ?? '' })) return [];
    const namespace = textAt(check, ['namespace']) || node.namespace;
    const to = keyOfNode({ namespace, name: textAt(check, ['name']) ?? '' });
    const at = node.resource.place(['spec', 'healthChecks', index]);
    return to === keyOfNode(node) ? [] : [{ to, at, words: 'checks the health of' }];
  });
}

/** One cycle of each knot of nodes that wait for each other, as its edges. */
function cyclesOf(tree: Tree): (Edge & { readonly from: string })[][] {
  const edges = new Map(tree.nodes.map((node) => [keyOfNode(node), edgesOf(tree, node)]));
  const done = new Set<string>();
  const cycles: (Edge & { readonly from: string })[][] = [];
  for (const start of [...edges.keys()].toSorted()) {
    if (done.has(start)) continue;
    const cycle = shortestBack(start, edges);
    if (cycle === undefined) continue;
    cycles.push(cycle);
    for (const key of knotOf(start, edges)) done.add(key);
  }
  return cycles;
}

type Edges = ReadonlyMap<string, readonly Edge[]>;

function shortestBack(start: string, edges: Edges): (Edge & { readonly from: string })[] | undefined {
  const came = new Map<string, Edge & { readonly from: string }>();
  const open = [start];
  for (const from of open) {
    for (const edge of edges.get(from) ?? []) {
      if (came.has(edge.to)) continue;
      came.set(edge.to, { ...edge, from });
      if (edge.to === start) return wayTo(start, came);
      open.push(edge.to);
    }
  }
  return undefined;
}

function wayTo(start: string, came: ReadonlyMap<string, Edge & { readonly from: string }>) {
  const way: (Edge & { readonly from: string })[] = [];
  for (
    let edge = came.get(start);
    edge !== undefined;
    edge = edge.from === start ? undefined : came.get(edge.from)
  ) {
    way.unshift(edge);
  }
  return way;
}

/** All that `start` reaches and that reaches it. */
function knotOf(start: string, edges: Edges): string[] {
  const reach = (from: string) => {
    const seen = new Set([from]);
    for (const key of seen) for (const { to } of edges.get(key) ?? []) seen.add(to);
    return seen;
  };
  return [...reach(start)].filter((key) => reach(key).has(start));
}
