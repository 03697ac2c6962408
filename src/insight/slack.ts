import { buildGraph, findCycle, type Graph } from '../plan/graph.ts';
import type { Reached, Timed, TimedNode } from './timed-nodes.ts';

/** How much later a layer or gate could have ended without anything coming later for it, in seconds. */
export interface Slack {
  readonly node: TimedNode;
  /** Before the end moves: of the last layer, or of a milestone that came behind it. */
  readonly seconds: number;
  /** Before each milestone moves; null where it ended behind it, so that the milestone cannot have needed it. */
  readonly milestones: ReadonlyMap<string, number | null>;
}

/**
 * Slack by the run as it was: each keeps the time that it took and the pause before it, and begins when the last that
 * it waits for has ended. A milestone may have needed all that ended before it was reached; so what is said of one is
 * the least, never too much. Empty where nothing ran, and for a report whose layers wait in a circle.
 */
export function slackOf({ nodes, reached }: Timed): Slack[] {
  const graph = graphOf(nodes);
  if (graph === undefined) return [];
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const end = endOf({ nodes, reached });
  // With the pause before it; once for each, since thousands may stand before one barrier.
  const wholes = new Map(nodes.map((node) => [node.id, Math.max(0, node.ended - readyAt(node, byId))]));
  const latestEnds = (milestones: readonly Reached[], alone: number, last: number) =>
    latest(graph, wholes, boundsOf(byId, milestones, last), alone);
  const toEnd = latestEnds(reached, end, end);
  const toEach = reached.map(
    (one) => [one.name, latestEnds([one], Number.POSITIVE_INFINITY, one.at)] as const,
  );
  const own = nodes.filter(({ kind }) => kind !== 'stage');
  return own.map((node) => ({
    node,
    seconds: between(toEnd.get(node.id) ?? end, node.ended),
    milestones: new Map(
      toEach.map(([name, ends]) => {
        const last = ends.get(node.id) ?? Number.POSITIVE_INFINITY;
        return [name, Number.isFinite(last) ? between(last, node.ended) : null];
      }),
    ),
  }));
}

/** When the run would have ended, had `id` taken no time; the seconds that this is sooner. */
export function gainOf(timed: Timed, id: string): number {
  const graph = graphOf(timed.nodes);
  if (graph === undefined) return 0;
  const byId = new Map(timed.nodes.map((node) => [node.id, node]));
  const ends = new Map<string, number>();
  for (const each of graph.order) {
    const node = byId.get(each);
    if (node === undefined) continue;
    const ready = latestOf(node.dependencies, (other) => ends.get(other));
    // What comes first begins when the run came to it.
    const begin = node.dependencies.length === 0 ? node.started : ready + pauseOf(node, byId);
    ends.set(each, each === id ? begin : begin + node.ended - node.started);
  }
  const moments = timed.reached.map(
    ({ at, behind }) =>
      latestOf(behind, (other) => ends.get(other)) + at - latestOf(behind, (other) => byId.get(other)?.ended),
  );
  return between(endOf(timed), Math.max(...ends.values(), ...moments));
}

/** When the last layer, gate or milestone of the run was done; 0 where there was none. */
export function endOf({ nodes, reached }: Timed): number {
  return Math.max(0, ...nodes.map(({ ended }) => ended), ...reached.map(({ at }) => at));
}

/** The latest that each may end for the milestones' sake, where those may come at `end`. */
function boundsOf(
  byId: ReadonlyMap<string, TimedNode>,
  reached: readonly Reached[],
  end: number,
): Map<string, number> {
  const bounds = new Map<string, number>();
  for (const { at, behind } of reached) {
    const ready = latestOf(behind, (id) => byId.get(id)?.ended);
    for (const id of behind) bounds.set(id, Math.min(bounds.get(id) ?? Infinity, end - (at - ready)));
  }
  return bounds;
}

/** The latest that each may end: for its own bound, and for those that wait for it. `alone`: for itself. */
function latest(
  graph: Graph,
  wholes: ReadonlyMap<string, number>,
  bounds: ReadonlyMap<string, number>,
  alone: number,
): Map<string, number> {
  const ends = new Map<string, number>();
  for (const id of graph.order.toReversed()) {
    let last = Math.min(alone, bounds.get(id) ?? Number.POSITIVE_INFINITY);
    for (const dependent of graph.dependents.get(id) ?? [])
      last = Math.min(last, (ends.get(dependent) ?? Number.POSITIVE_INFINITY) - (wholes.get(dependent) ?? 0));
    ends.set(id, last);
  }
  return ends;
}

function graphOf(nodes: readonly TimedNode[]): Graph | undefined {
  return findCycle(nodes) === undefined ? buildGraph(nodes) : undefined;
}

function readyAt({ dependencies, started }: TimedNode, byId: ReadonlyMap<string, TimedNode>): number {
  return dependencies.length === 0 ? started : latestOf(dependencies, (id) => byId.get(id)?.ended);
}

/** From when it could have begun until it did; clocks of two machines may say that this was before. */
function pauseOf(node: TimedNode, byId: ReadonlyMap<string, TimedNode>): number {
  return Math.max(0, node.started - readyAt(node, byId));
}

function latestOf(ids: readonly string[], endOfOne: (id: string) => number | undefined): number {
  return ids.reduce((last, id) => Math.max(last, endOfOne(id) ?? 0), 0);
}

function between(later: number, earlier: number): number {
  return Math.max(0, later - earlier);
}
