import { PhoenixError } from '../errors.ts';
import { didYouMean } from '../near.ts';

/** Anything that has to wait for others: a layer, a gate. */
export interface GraphNode {
  readonly id: string;
  readonly dependencies: readonly string[];
}

/** A graph without cycles; everything in it is in the order of its dependencies. */
export interface Graph {
  /** Every id after all that it depends on; otherwise in the order of the input. */
  readonly order: readonly string[];
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  readonly dependents: ReadonlyMap<string, readonly string[]>;
}

/** Builds the graph. Throws PHX-PLAN-DUPLICATE, PHX-PLAN-DANGLING or PHX-PLAN-CYCLE, each with its names. */
export function buildGraph(nodes: readonly GraphNode[]): Graph {
  const dependencies = new Map<string, readonly string[]>();
  const dependents = new Map<string, string[]>();
  for (const { id, dependencies: wanted } of nodes) {
    if (dependencies.has(id)) throw planError('PHX-PLAN-DUPLICATE', `\`${id}\` stands twice in the plan.`);
    dependencies.set(id, [...new Set(wanted)]);
    dependents.set(id, []);
  }
  for (const [id, wanted] of dependencies) {
    for (const dependency of wanted) {
      const known = dependents.get(dependency);
      if (known === undefined) throw dangling(id, dependency, dependencies.keys());
      known.push(id);
    }
  }
  const order = sorted(dependencies, dependents);
  if (order.length < dependencies.size) throw cycleError(findCycle(nodes) ?? []);
  return { order, dependencies, dependents };
}

function sorted(
  dependencies: ReadonlyMap<string, readonly string[]>,
  dependents: ReadonlyMap<string, readonly string[]>,
): string[] {
  const open = new Map([...dependencies].map(([id, wanted]) => [id, wanted.length]));
  const order = [...open].filter(([, count]) => count === 0).map(([id]) => id);
  // The list grows while it is walked: what becomes free is appended.
  for (const id of order) {
    for (const dependent of dependents.get(id) ?? []) {
      const left = (open.get(dependent) ?? 0) - 1;
      open.set(dependent, left);
      if (left === 0) order.push(dependent);
    }
  }
  return order;
}

/** One cycle, as the ids along it with the first not repeated; undefined where there is none. */
export function findCycle(nodes: readonly GraphNode[]): string[] | undefined {
  const edges = new Map(nodes.map(({ id, dependencies }) => [id, dependencies]));
  const entered = new Set<string>();
  for (const { id: root } of nodes) {
    if (entered.has(root)) continue;
    // By hand, not by recursion: a chain of ten thousand layers would overflow the stack.
    const trail = [{ id: root, rest: (edges.get(root) ?? []).values() }];
    const onTrail = new Set([root]);
    entered.add(root);
    for (let last = trail.at(-1); last !== undefined; last = trail.at(-1)) {
      const { value: next, done } = last.rest.next();
      if (done) {
        onTrail.delete(last.id);
        trail.pop();
      } else if (onTrail.has(next)) {
        const ids = trail.map(({ id }) => id);
        return ids.slice(ids.indexOf(next));
      } else if (!entered.has(next)) {
        entered.add(next);
        onTrail.add(next);
        trail.push({ id: next, rest: (edges.get(next) ?? []).values() });
      }
    }
  }
  return undefined;
}

/** All that depends on any of `ids`, directly or not; without `ids` themselves unless one depends on another. */
export function descendants(graph: Graph, ids: Iterable<string>): Set<string> {
  return reached(graph.dependents, ids);
}

/** All that any of `ids` depends on, directly or not; without `ids` themselves unless one depends on another. */
export function ancestors(graph: Graph, ids: Iterable<string>): Set<string> {
  return reached(graph.dependencies, ids);
}

function reached(next: ReadonlyMap<string, readonly string[]>, ids: Iterable<string>): Set<string> {
  const found = new Set<string>();
  const open = [...ids];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const neighbour of next.get(id) ?? []) {
      if (found.has(neighbour)) continue;
      found.add(neighbour);
      open.push(neighbour);
    }
  }
  return found;
}

/** The chain that takes longest, and how long; `duration` gives each node's own time in any one unit. */
export function criticalPath(
  graph: Graph,
  duration: (id: string) => number,
): { readonly path: readonly string[]; readonly length: number } {
  const ends = new Map<string, { length: number; before: string | undefined }>();
  let last: { id: string; length: number } | undefined;
  for (const id of graph.order) {
    let before: string | undefined;
    let start = 0;
    for (const dependency of graph.dependencies.get(id) ?? []) {
      const { length } = ends.get(dependency) ?? { length: 0 };
      if (before !== undefined && length <= start) continue;
      before = dependency;
      start = length;
    }
    const length = start + duration(id);
    ends.set(id, { length, before });
    if (last === undefined || length > last.length) last = { id, length };
  }
  const path: string[] = [];
  for (let id = last?.id; id !== undefined; id = ends.get(id)?.before) path.push(id);
  return { path: path.reverse(), length: last?.length ?? 0 };
}

/** `a → b → a`: a cycle as people read it. */
export function cycleError(cycle: readonly string[]): PhoenixError {
  const around = [...cycle, ...cycle.slice(0, 1)].join(' → ');
  return planError(
    'PHX-PLAN-CYCLE',
    `The layers depend on each other in a circle: ${around}.`,
    'Each waits for the next, so none of them could ever start.',
    'Take one of these dependencies out.',
  );
}

function dangling(id: string, dependency: string, known: Iterable<string>): PhoenixError {
  return planError(
    'PHX-PLAN-DANGLING',
    `\`${id}\` depends on \`${dependency}\`, which is not in the plan.`,
    `Nothing would ever set \`${id}\` free.${didYouMean(dependency, known)}`,
  );
}

function planError(
  code: string,
  what: string,
  why = 'A plan must name each part once, and only parts that it has.',
  next = 'Correct the dependencies of the units named here.',
): PhoenixError {
  return new PhoenixError({ code, class: 'plan', what, why, next });
}
