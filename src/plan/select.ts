import { PhoenixError } from '../errors.ts';
import { didYouMean } from '../near.ts';
import { descendants, type Graph, type GraphNode } from './graph.ts';

export interface Selection {
  /** Just these. */
  readonly only?: readonly string[];
  /** These and all that depends on them. */
  readonly from?: readonly string[];
}

/**
 * The part of the plan that `--only` and `--from` ask for (all of it where neither does; both add up), in the order of
 * dependencies. An order that runs through parts left out is kept: of a → b → c, the selection of a and c still has c
 * wait for a. Throws PHX-PLAN-LAYER-UNKNOWN.
 */
export function select(graph: Graph, { only = [], from = [] }: Selection): GraphNode[] {
  for (const name of [...only, ...from]) {
    if (!graph.dependencies.has(name)) throw unknown(name, graph);
  }
  const everything = only.length === 0 && from.length === 0;
  const wanted = everything ? new Set(graph.order) : new Set([...only, ...from, ...descendants(graph, from)]);
  const nodes: GraphNode[] = [];
  /** For a part left out: the wanted parts that whoever depends on it must wait for instead. */
  const instead = new Map<string, ReadonlySet<string>>();
  for (const id of graph.order) {
    const waits = new Set<string>();
    for (const dependency of graph.dependencies.get(id) ?? []) {
      if (wanted.has(dependency)) waits.add(dependency);
      else for (const ancestor of instead.get(dependency) ?? []) waits.add(ancestor);
    }
    if (wanted.has(id)) nodes.push({ id, dependencies: [...waits] });
    else instead.set(id, waits);
  }
  return nodes;
}

function unknown(name: string, graph: Graph): PhoenixError {
  return new PhoenixError({
    code: 'PHX-PLAN-LAYER-UNKNOWN',
    class: 'input',
    what: `There is no layer \`${name}\`.`,
    why: `The layers are: ${graph.order.slice(0, 40).join(', ') || 'none'}.${didYouMean(name, graph.order)}`,
    next: 'Give --only and --from the names of layers as `phoenix plan` prints them.',
  });
}
