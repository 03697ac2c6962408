import type { Graph } from './graph.ts';

/** Ancestors looked for at once: the bits of one machine word. */
const blockSize = 32;

/**
 * The graph without dependencies that others imply: of c → b → a and c → a the second goes. What runs before what stays
 * as it is, and chains that such a dependency hid show. Takes nodes × dependencies / 32 steps and no more than a word a
 * node.
 */
export function reduce(graph: Graph): Graph {
  const { order } = graph;
  const place = new Map(order.map((id, index) => [id, index]));
  const before = order.map((id) => (graph.dependencies.get(id) ?? []).map((name) => place.get(name) ?? 0));
  const kept = [...before];
  const ancestors = new Int32Array(order.length);
  for (let base = 0; base < order.length; base += blockSize) {
    // What stands before the block cannot have an ancestor in it: the order is that of dependencies.
    for (let index = base; index < order.length; index += 1) {
      let direct = 0;
      let implied = 0;
      for (const other of before[index] ?? []) {
        if (other < base) continue;
        if (other < base + blockSize) direct |= 1 << (other - base);
        implied |= ancestors[other] ?? 0;
      }
      ancestors[index] = direct | implied;
      const spare = direct & implied;
      if (spare === 0) continue;
      const inBlock = (other: number) => other >= base && other < base + blockSize;
      kept[index] = (kept[index] ?? []).filter(
        (other) => !inBlock(other) || ((spare >>> (other - base)) & 1) === 0,
      );
    }
  }
  const dependencies = new Map<string, readonly string[]>();
  const dependents = new Map<string, string[]>(order.map((id) => [id, []]));
  for (const [index, id] of order.entries()) {
    const wanted = (kept[index] ?? []).map((other) => order[other] ?? '');
    dependencies.set(id, wanted);
    for (const other of wanted) dependents.get(other)?.push(id);
  }
  return { order, dependencies, dependents };
}
