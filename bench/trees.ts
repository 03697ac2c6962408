/** A layer of a bench tree: its work is to sleep. */
export interface BenchLayer {
  readonly name: string;
  readonly seconds: number;
  readonly dependencies: readonly string[];
}

export type Tree = readonly BenchLayer[];

function layer(name: string, seconds: number, ...dependencies: string[]): BenchLayer {
  return { name, seconds, dependencies };
}

/**
 * The document's layers with its own durations, twenty times as fast: secrets 10 s, platform 113, engine 21–75 (the
 * middle), storage 116, gitops 91; networking, which the document does not time, as fast as a load balancer comes up.
 */
const six: Tree = [
  layer('secrets', 0.5),
  layer('platform', 5.65, 'secrets'),
  layer('engine', 2.4, 'platform'),
  layer('networking', 1.75, 'engine'),
  layer('gitops', 4.55, 'engine'),
  layer('storage', 5.8, 'engine'),
];

/** One, thirty beside each other, one: what a limit of workers or a slow start per layer costs. */
const middle = Array.from({ length: 30 }, (_, index) => layer(`wide-${index + 1}`, 1, 'first'));
const wide: Tree = [layer('first', 1), ...middle, layer('last', 1, ...middle.map(({ name }) => name))];

/** Twenty in a row: nothing can run beside anything, so all that is seen is the cost per layer. */
const deep: Tree = Array.from({ length: 20 }, (_, index) =>
  layer(`link-${index + 1}`, 0.2, ...(index === 0 ? [] : [`link-${index}`])),
);

/** Three branches, each slow at another depth: who waits for a whole stage pays 9 s for branches that take 4. */
const ragged: Tree = [
  layer('base', 0.5),
  ...[
    [3, 0.5, 0.5],
    [0.5, 3, 0.5],
    [0.5, 0.5, 3],
  ].flatMap((depths, branch) =>
    depths.map((seconds, depth) =>
      layer(
        `branch-${branch + 1}-${depth + 1}`,
        seconds,
        depth === 0 ? 'base' : `branch-${branch + 1}-${depth}`,
      ),
    ),
  ),
  layer('join', 0.5, 'branch-1-3', 'branch-2-3', 'branch-3-3'),
];

export const trees = { six, wide, deep, ragged } as const;
export type TreeName = keyof typeof trees;

/** The same layers with next to nothing to wait for in them, and the same longest path. */
export function hurried(tree: Tree): Tree {
  return tree.map((each) => ({ ...each, seconds: each.seconds / 1000 }));
}

/** The layers whose work sums to the least time that any order can take. */
export function longestPath(tree: Tree): Tree {
  const best = new Map<string, { readonly seconds: number; readonly path: Tree }>();
  for (const each of inOrder(tree)) {
    const before = each.dependencies.map((name) => best.get(name)).filter((path) => path !== undefined);
    const longest = before.toSorted((a, b) => b.seconds - a.seconds)[0] ?? { seconds: 0, path: [] };
    best.set(each.name, { seconds: longest.seconds + each.seconds, path: [...longest.path, each] });
  }
  return [...best.values()].toSorted((a, b) => b.seconds - a.seconds)[0]?.path ?? [];
}

/** Stages as a script with barriers runs them: each holds the layers whose dependencies lie in earlier stages. */
export function stages(tree: Tree): Tree[] {
  const depth = new Map<string, number>();
  for (const { name, dependencies } of inOrder(tree)) {
    depth.set(name, Math.max(-1, ...dependencies.map((on) => depth.get(on) ?? -1)) + 1);
  }
  const byDepth = Map.groupBy(tree, ({ name }) => depth.get(name) ?? 0);
  return [...byDepth].toSorted(([a], [b]) => a - b).map(([, layers]) => layers);
}

/** The trees above are written dependencies first; one that is not has a mistake that must not be measured. */
function inOrder(tree: Tree): Tree {
  const seen = new Set<string>();
  for (const { name, dependencies } of tree) {
    const missing = dependencies.find((on) => !seen.has(on));
    if (missing !== undefined) throw new Error(`the tree names ${name} before its dependency ${missing}`);
    seen.add(name);
  }
  return tree;
}
