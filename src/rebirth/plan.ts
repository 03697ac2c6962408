import { type Affected, findAffected } from '../affected/affected.ts';
import { tellAffected } from '../affected/told.ts';
import { unknownLayers } from '../castle/layers.ts';
import type { Castle } from '../castle/load.ts';
import type { Log } from '../log.ts';
import { discover, type Layer } from '../plan/discover.ts';
import { buildGraph, type Graph, type GraphNode } from '../plan/graph.ts';
import { select } from '../plan/select.ts';
import type { Request } from '../request.ts';
import { claimGate, nodeId, nodesOf } from './graph.ts';

export interface Plan {
  readonly graph: Graph;
  /** What this run does, in the order of dependencies: layers, and the claim as a gate among them. */
  readonly nodes: readonly GraphNode[];
  /** Every layer of the castle by name, also those that this run leaves out. */
  readonly layers: ReadonlyMap<string, Layer>;
  /** What the range of commits touches, where only that was asked for. */
  readonly affected?: Affected;
}

export interface PlanTools {
  readonly terragrunt: string;
  readonly engine: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Discovers the layers, holds the castle file's names against them, and selects what was asked for. */
export async function makePlan(
  castle: Castle,
  request: Pick<Request, 'only' | 'from'> & Partial<Pick<Request, 'command' | 'affected' | 'base'>>,
  tools: PlanTools,
  {
    log,
    signal,
    env: outer,
  }: { readonly log: Log; readonly signal: AbortSignal; readonly env?: NodeJS.ProcessEnv },
): Promise<Plan> {
  const { terragrunt, engine, env } = tools;
  const found = await discover({ liveDir: castle.liveDir, terragrunt, tofu: engine, env, log, signal });
  const unknown = unknownLayers(
    castle,
    found.map(({ name }) => name),
  );
  if (unknown !== undefined) throw unknown;
  const graph = buildGraph(nodesOf(found, castle.claim));
  const from = request.from === '' ? [] : [request.from];
  const only = request.command === 'layers' ? request.only.map((name) => nodeId(name, graph)) : request.only;
  // A part of the layers is still a rebirth of the castle: its token is claimed and its milestones are proved all the
  // same. A leg of a matrix is not: another leg claims.
  const partial = request.command !== 'layers' && only.length + from.length > 0;
  const proof = partial && graph.dependencies.has(claimGate) ? [claimGate] : [];
  const nodes = select(graph, { only: [...only, ...proof], from });
  const layers = new Map(found.map((layer) => [layer.name, layer]));
  if (request.affected !== true) return { graph, nodes, layers };
  const affected = await findAffected({
    ...{ castle, graph, layers: found, base: request.base ?? '', env: outer ?? {} },
    terragrunt: { terragrunt, tofu: engine, env, signal },
  });
  tellAffected(affected, log);
  return { graph, nodes: narrowed(graph, nodes, affected), layers, affected };
}

/** Of what was asked for what is touched; the claim is proved with it, as it is where only the GitOps tree is. */
export function narrowed(graph: Graph, nodes: readonly GraphNode[], affected: Affected): GraphNode[] {
  const touched = new Set(affected.layers.map(({ name }) => name));
  const only = nodes.map(({ id }) => id).filter((id) => touched.has(id));
  if (only.length > 0 || affected.gitops) {
    if (graph.dependencies.has(claimGate)) only.push(claimGate);
  }
  return only.length === 0 ? [] : select(graph, { only });
}
