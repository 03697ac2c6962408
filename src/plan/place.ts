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

/**
 * For each leg its stage, from 0: the earliest that its dependencies allow, unless the whole takes less time with it in
 * a later one: a long side branch costs nothing beside another long leg, and much beside short ones. One leg after the
 * other is moved to where it costs least, with those that must give way; best is not promised, worse never comes of it.
 */
export function placeLegs(legs: Graph, options: PlaceOptions): Map<string, number> {
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
  let best = { stages: earliest, cost: cost(earliest) };
  const consider = (leg: string, stage: number, least: number) => {
    const stages = moved(legs, best.stages, leg, stage, maxStages);
    if (stages === undefined) return false;
    const candidate = { stages, cost: cost(stages) };
    if (candidate.cost >= best.cost - least) return false;
    best = candidate;
    return true;
  };
  // A hair's breadth of difference is rounding, and would move legs for nothing.
  const hair = 1e-6;
  for (let round = 0; round < mostRounds; round += 1) {
    const before = best.cost;
    for (const leg of longestFirst)
      for (let stage = 0; stage < maxStages; stage += 1) consider(leg, stage, hair);
    if (best.cost === before) break;
  }
  for (const leg of legs.order) {
    const own = legs.dependencies.get(leg) ?? [];
    const first = own.reduce((stage, other) => Math.max(stage, (best.stages.get(other) ?? 0) + 1), 0);
    for (let stage = first; stage < (best.stages.get(leg) ?? 0); stage += 1)
      if (consider(leg, stage, -hair)) break;
  }
  return best.stages;
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
