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
}

export interface PlanTools {
  readonly terragrunt: string;
  readonly engine: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Discovers the layers, holds the castle file's names against them, and selects what was asked for. */
export async function makePlan(
  castle: Castle,
  request: Pick<Request, 'only' | 'from'> & Partial<Pick<Request, 'command'>>,
  tools: PlanTools,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
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
  return { graph, nodes, layers: new Map(found.map((layer) => [layer.name, layer])) };
}
