import type { Report } from '../report/schema.ts';

/** A layer or a gate that ran, in seconds since the run's start. */
export interface TimedNode {
  /** The name; of a gate that a layer shares its name with, `gate:NAME`. */
  readonly id: string;
  readonly name: string;
  /** `stage`: the moment at which all of a matrix' stage have ended; it takes no time. */
  readonly kind: 'layer' | 'gate' | 'stage';
  /** Ids of what it waited for. */
  readonly dependencies: readonly string[];
  readonly started: number;
  readonly ended: number;
}

/** A milestone that was reached, and what had ended by then: it may have needed any of that, and nothing else. */
export interface Reached {
  readonly name: string;
  /** Seconds since the run's start. */
  readonly at: number;
  readonly behind: readonly string[];
}

export interface Timed {
  readonly nodes: readonly TimedNode[];
  readonly reached: readonly Reached[];
}

type Books = Pick<Report, 'started' | 'layers' | 'gates' | 'spans'>;

/**
 * What ran, from a report's own figures. `stages` are the names of a matrix' layers and gates by stage: none of a stage
 * begins before all of the one before have ended, whether it needs them or not.
 */
export function timedOf(
  { started, layers, gates, spans }: Books,
  stages: readonly (readonly string[])[] = [],
): Timed {
  const origin = Date.parse(started);
  const named = new Set(layers.map(({ name }) => name));
  const gateId = (name: string) => (named.has(name) ? `gate:${name}` : name);
  const since = (moment: string) => (Date.parse(moment) - origin) / 1000;
  const ran = [
    ...layers.map((layer) => ({ ...layer, id: layer.name, kind: 'layer' as const })),
    ...gates.map((gate) => ({
      ...gate,
      id: gateId(gate.name),
      kind: 'gate' as const,
      dependencies: [gate.after],
    })),
  ].flatMap((each) =>
    each.started === null || each.ended === null
      ? []
      : [{ ...each, started: since(each.started), ended: since(each.ended) }],
  );
  const ids = new Set(ran.map(({ id }) => id));
  const alone = ran.map(({ id, name, kind, dependencies, started: from, ended }) => ({
    ...{ id, name, kind, started: from, ended: Math.max(from, ended) },
    dependencies: [...new Set(dependencies)].filter((other) => other !== id && ids.has(other)),
  }));
  const nodes = withBarriers(alone, stages);
  const reached = spans
    .filter(({ kind, verdict }) => kind === 'milestone' && verdict === 'ok')
    .map(({ name, to }) => ({
      name,
      at: to,
      behind: nodes.filter(({ ended }) => ended <= to).map(({ id }) => id),
    }));
  return { nodes, reached };
}

/** One node a barrier, not an edge for each pair: two stages of thousands would have millions. */
function withBarriers(nodes: readonly TimedNode[], stages: readonly (readonly string[])[]): TimedNode[] {
  const stageOf = new Map(stages.flatMap((names, stage) => names.map((name) => [name, stage] as const)));
  const groups = Map.groupBy(nodes, ({ name }) => stageOf.get(name) ?? -1);
  const barriers = new Map<number, TimedNode>();
  for (const [stage, before] of groups) {
    if (stage < 0 || !groups.has(stage + 1)) continue;
    const at = Math.max(...before.map(({ ended }) => ended));
    const id = `stage:${stage}`;
    const dependencies = before.map((node) => node.id);
    barriers.set(stage + 1, { id, name: id, kind: 'stage', dependencies, started: at, ended: at });
  }
  const behind = nodes.map((node) => {
    const barrier = barriers.get(stageOf.get(node.name) ?? -1);
    return barrier === undefined ? node : { ...node, dependencies: [...node.dependencies, barrier.id] };
  });
  return [...behind, ...barriers.values()];
}
