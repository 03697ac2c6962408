import { criticalPath, type Graph } from './graph.ts';
import { chainsOf, foldDeep, legGraph, type Members } from './legs.ts';
import { placeLegs } from './place.ts';

/** What one matrix job runs, by the dependencies among its nodes. */
export interface Leg {
  /** In the order of dependencies. */
  readonly nodes: readonly string[];
  /** How long it is expected to work, without the start of its job. */
  readonly seconds: number;
}

/** Legs that run side by side, the longest first; none begins before the whole stage before it has ended. */
export type Stage = readonly Leg[];

export interface StageOptions {
  /** Expected seconds of a node; 1 each by default. */
  readonly expected?: (id: string) => number;
  /** The ladder of jobs in the workflow has so many steps. */
  readonly maxStages?: number;
  /** GitHub makes at most so many jobs of the matrices of one run. */
  readonly maxLegs?: number;
  /** What it costs to start one job more, in seconds. */
  readonly perJobSeconds?: number;
  /** How many legs can run at once; all, by default. */
  readonly runners?: number;
}

/** See docs/stages.md: an estimate for a runner that is up and idle. */
export const perJobSeconds = 10;

/**
 * The graph as stages of legs for matrix jobs: linear chains in one leg, each leg as early as its dependencies allow
 * unless later is cheaper. Past the limits legs are put together, and such a leg is no chain: what stands too deep for
 * the stages in the last one, what is too many for the legs with its neighbours of the same stage. No stage is empty.
 */
export function stagesOf(graph: Graph, options: StageOptions = {}): Stage[] {
  const { expected = () => 1, maxLegs = 256, runners = Number.POSITIVE_INFINITY } = options;
  const maxStages = Math.min(options.maxStages ?? 8, maxLegs);
  if (!(maxStages >= 1)) throw new RangeError('A plan needs room for one stage and one leg.');
  const folded = foldDeep(graph, chainsOf(graph), maxStages);
  const legs = legGraph(graph, folded);
  const place = new Map(graph.order.map((id, index) => [id, index]));
  const asLeg = (members: Members): Leg => {
    const nodes = members.toSorted((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0));
    return { nodes, seconds: workOf(graph, nodes, expected) };
  };
  const made = folded.map(asLeg);
  const placed = placeLegs(legs, {
    seconds: (id) => made[Number(id)]?.seconds ?? 0,
    maxStages,
    perJobSeconds: options.perJobSeconds ?? perJobSeconds,
    runners,
  });
  const groups = Map.groupBy(made.keys(), (index) => placed.get(String(index)) ?? 0);
  const stages = [...groups]
    .toSorted(([a], [b]) => a - b)
    .map(([, indexes]) => longestFirst(indexes.flatMap((index) => made[index] ?? [])));
  const rooms = roomsOf(
    stages.map(({ length }) => length),
    maxLegs,
  );
  return stages.map((stage, index) => {
    const room = rooms[index] ?? stage.length;
    if (room >= stage.length) return stage;
    return longestFirst(packedInto(stage, room).map((group) => asLeg(group.flatMap(({ nodes }) => nodes))));
  });
}

function longestFirst(legs: readonly Leg[]): Leg[] {
  return legs.toSorted((a, b) => b.seconds - a.seconds);
}

function workOf(graph: Graph, nodes: readonly string[], expected: (id: string) => number): number {
  const own = new Set(nodes);
  const dependencies = new Map(
    nodes.map((id) => [id, (graph.dependencies.get(id) ?? []).filter((other) => own.has(other))]),
  );
  return criticalPath({ order: nodes, dependencies, dependents: new Map() }, expected).length;
}

/** How many legs each stage may have, so that all have no more than `most`: the large ones give way, evenly. */
function roomsOf(counts: readonly number[], most: number): number[] {
  const sum = (rooms: readonly number[]) => rooms.reduce((total, room) => total + room, 0);
  if (sum(counts) <= most) return [...counts];
  let even = Math.max(1, Math.floor(most / counts.length));
  while (sum(counts.map((count) => Math.min(count, even + 1))) <= most) even += 1;
  let left = most - sum(counts.map((count) => Math.min(count, even)));
  return counts.map((count) => {
    const more = count > even && left > 0 ? 1 : 0;
    left -= more;
    return Math.min(count, even) + more;
  });
}

/** The legs of one stage in `room` groups of about the same work: the longest first, each to whom has least. */
function packedInto(stage: Stage, room: number): Leg[][] {
  const groups = Array.from({ length: room }, (): { legs: Leg[]; seconds: number } => ({
    legs: [],
    seconds: 0,
  }));
  for (const leg of stage) {
    const least = groups.reduce((best, group) =>
      group.seconds < best.seconds || (group.seconds === best.seconds && group.legs.length < best.legs.length)
        ? group
        : best,
    );
    least.legs.push(leg);
    least.seconds += leg.seconds;
  }
  return groups.map(({ legs }) => legs);
}
