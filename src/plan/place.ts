import type { Graph } from './graph.ts';
import { depthsOf } from './legs.ts';
import { inSlots } from './slots.ts';

export interface PlaceOptions {
  /** How long each leg works. */
  readonly seconds: (leg: string) => number;
  readonly maxStages: number;
  /** What it costs to start one job more. */
  readonly perJobSeconds: number;
  readonly runners: number;
}

/** Past these, moving legs about would take longer than it could save; they stay where they may begin first. */
const mostLegs = 256;
const mostRounds = 5;
/** A difference in seconds that is rounding, and would move legs for nothing. */
const hair = 1e-6;

interface Placed {
  readonly stages: ReadonlyMap<string, number>;
  readonly cost: number;
}

/**
 * For each leg its stage, from 0: the earliest that its dependencies allow, unless the whole takes less time with it in
 * a later one: a long side branch costs nothing beside another long leg, and much beside short ones. Once from all as
 * early as can be, once from all as late, one leg after the other is moved to where the whole costs less, with those
 * that must give way. Nearly always that is the best place, which it does not promise; it is never a worse one.
 */
export function placeLegs(legs: Graph, options: PlaceOptions): ReadonlyMap<string, number> {
  const { seconds, maxStages, runners } = options;
  const earliest = depthsOf(legs);
  // Where all begin in the first stage, or are of one chain, there is nothing to gain.
  if (legs.order.length > mostLegs || legs.order.length < 3) return earliest;
  const longestFirst = legs.order.toSorted((a, b) => seconds(b) - seconds(a));
  const cost = (stages: ReadonlyMap<string, number>) => {
    const groups = Map.groupBy(longestFirst, (leg) => stages.get(leg) ?? 0);
    const each = [...groups.values()].map((group) =>
      inSlots(
        group.map((leg) => seconds(leg) + options.perJobSeconds),
        runners,
      ),
    );
    return each.reduce((sum, time) => sum + time, 0);
  };
  const improved = (start: ReadonlyMap<string, number>): Placed => {
    let best: Placed = { stages: start, cost: cost(start) };
    for (let round = 0; round < mostRounds; round += 1) {
      const before = best.cost;
      for (const leg of longestFirst)
        for (let stage = 0; stage < maxStages; stage += 1) best = withMove(best, leg, stage, -hair);
      if (best.cost === before) break;
    }
    return best;
  };
  const withMove = (placed: Placed, leg: string, stage: number, most: number): Placed => {
    const stages = moved(legs, placed.stages, leg, stage, maxStages);
    const own = stages === undefined ? Number.POSITIVE_INFINITY : cost(stages);
    return stages !== undefined && own < placed.cost + most ? { stages, cost: own } : placed;
  };
  const first = { stages: earliest, cost: cost(earliest) };
  let best = [improved(earliest), improved(latestOf(legs, earliest))].reduce(
    (least, placed) => (placed.cost < least.cost - hair ? placed : least),
    first,
  );
  // What gains nothing by it does not wait.
  for (const leg of legs.order) {
    const own = legs.dependencies.get(leg) ?? [];
    const from = own.reduce((stage, other) => Math.max(stage, (best.stages.get(other) ?? 0) + 1), 0);
    for (let stage = from; stage < (best.stages.get(leg) ?? 0); stage += 1)
      best = withMove(best, leg, stage, hair);
  }
  return best.stages;
}

/** Each leg as late as can be without a stage more. */
function latestOf({ order, dependents }: Graph, earliest: ReadonlyMap<string, number>): Map<string, number> {
  const last = Math.max(0, ...earliest.values());
  const latest = new Map<string, number>();
  for (const leg of order.toReversed()) {
    const after = (dependents.get(leg) ?? []).map((other) => (latest.get(other) ?? last) - 1);
    latest.set(leg, Math.min(last, ...after));
  }
  return latest;
}

/** The stages with `leg` in another, and moved on what would otherwise stand in the wrong order; undefined where that cannot be. */
function moved(
  { order, dependencies, dependents }: Graph,
  stages: ReadonlyMap<string, number>,
  leg: string,
  stage: number,
  maxStages: number,
): Map<string, number> | undefined {
  const from = stages.get(leg) ?? 0;
  if (stage === from) return undefined;
  const after = new Map(stages).set(leg, stage);
  const later = stage > from;
  for (const id of later ? order : order.toReversed()) {
    let own = after.get(id) ?? 0;
    for (const other of (later ? dependencies : dependents).get(id) ?? []) {
      const theirs = after.get(other) ?? 0;
      own = later ? Math.max(own, theirs + 1) : Math.min(own, theirs - 1);
    }
    if (own < 0 || own >= maxStages) return undefined;
    after.set(id, own);
  }
  return after;
}
